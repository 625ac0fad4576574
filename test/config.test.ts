import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../src/config.ts'
import { scratchFolder } from './support/server.ts'

t.test('an empty environment is a server on loopback with the embedded store', async (t) => {
  const config = readConfig([], {})
  t.match(config, { listen: { host: '127.0.0.1', port: 8200 }, seal: 'file', databaseUrl: undefined, tls: undefined })
  t.equal(config.sealKeyFile, join(config.data, 'seal.key'))
  t.same(config.auditDirs, [join(config.data, 'audit')])
})

t.test('addresses', async (t) => {
  const listen = (text: string) => readConfig([], { CHANCERY_LISTEN: text, CHANCERY_TLS_DISABLE: 'true' }).listen
  t.same(listen('[::1]:1'), { host: '::1', port: 1 })
  t.same(listen(':8200'), { host: '::', port: 8200 })
  t.same(listen('ca.example.com:443'), { host: 'ca.example.com', port: 443 })
  for (const bad of ['8200', 'host', 'host:port', 'host:70000', '::1:80']) {
    t.throws(() => listen(bad), { name: 'ConfigError', message: /^CHANCERY_LISTEN: / }, bad)
  }
})

t.test('a secret may come as a file, leaves the environment, and has no flag', async (t) => {
  const file = join(await scratchFolder(t), 'url')
  writeFileSync(file, 'postgres://user:secret@db/chancery\n')
  const env: NodeJS.ProcessEnv = { CHANCERY_DATABASE_URL_FILE: file, CHANCERY_ROOT_TOKEN: 'a-long-root-token' }
  const config = readConfig([], env)
  t.equal(config.databaseUrl, 'postgres://user:secret@db/chancery')
  t.equal(config.databaseDirectUrl, config.databaseUrl)
  t.equal(config.rootToken, 'a-long-root-token')
  t.same(env, {})
  t.throws(() => readConfig(['--root-token', 'x'], {}), { message: /^--root-token: no such flag/ })
  const both = { CHANCERY_ROOT_TOKEN: 'x', CHANCERY_ROOT_TOKEN_FILE: file }
  t.throws(() => readConfig([], both), {
    message: /^CHANCERY_ROOT_TOKEN: set it or CHANCERY_ROOT_TOKEN_FILE, not both$/,
  })
  t.throws(() => readConfig([], { CHANCERY_ROOT_TOKEN_FILE: '/nowhere' }), { message: /ENOENT/ })
})

t.test('only secrets have a file form', async (t) => {
  t.throws(() => readConfig([], { CHANCERY_LISTEN_FILE: '/x' }), { message: 'CHANCERY_LISTEN_FILE: no such setting' })
  t.equal(readConfig([], { CHANCERY_SEAL_KEY_FILE: '/keys/seal' }).sealKeyFile, '/keys/seal')
})

t.test('a flag wins over the environment', async (t) => {
  const env = { CHANCERY_LOG_LEVEL: 'warn' }
  t.equal(readConfig([], { ...env }).logLevel, 'warn')
  t.equal(readConfig(['--log-level', 'debug'], { ...env }).logLevel, 'debug')
  t.equal(readConfig(['--log-level=debug'], { ...env }).logLevel, 'debug')
})

t.test('beyond loopback takes TLS, or a word that there is none', async (t) => {
  const beyond = { CHANCERY_LISTEN: '0.0.0.0:8200' }
  t.throws(() => readConfig([], { ...beyond }), { message: /CHANCERY_TLS_DISABLE/ })
  t.equal(readConfig([], { ...beyond, CHANCERY_TLS_DISABLE: 'true' }).tls, undefined)
  const tls = { CHANCERY_TLS_CERT: '/c.pem', CHANCERY_TLS_KEY: '/k.pem' }
  t.match(readConfig([], { ...beyond, ...tls }).tls, { cert: '/c.pem', key: '/k.pem', clientCa: undefined })
  t.throws(() => readConfig([], { CHANCERY_TLS_CLIENT_CA: '/ca.pem' }), { message: /^CHANCERY_TLS_CLIENT_CA: / })
})
