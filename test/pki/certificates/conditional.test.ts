import t from 'tap'
import { notModified } from '../../../src/pki/conditional.ts'
import { startServer, type TestServer } from '../../support/server.ts'

const since = (ifModifiedSince: string | undefined, modifiedAt: string) =>
  notModified({ ifModifiedSince }, new Date(modifiedAt))?.raw.status

t.test('only what was changed before that second is "not modified"', async (t) => {
  const header = 'Wed, 01 Jul 2026 10:00:00 GMT'
  t.equal(since(header, '2026-07-01T09:59:59.999Z'), 304)
  t.equal(since(header, '2026-07-01T10:00:00Z'), undefined)
  t.equal(since(header, '2026-07-01T10:00:00.001Z'), undefined)
  t.equal(since('no date', '2026-07-01T09:00:00Z'), undefined)
  t.equal(since(undefined, '2026-07-01T09:00:00Z'), undefined)
})

const paths = [
  'ca',
  'ca/pem',
  'cert/ca',
  'cert/ca/raw',
  'cert/ca/raw/pem',
  'crl',
  'crl/pem',
  'cert/crl',
  'issuer/default/json',
  'issuer/default/der',
  'issuer/default/pem',
  'issuer/default/crl',
  'issuer/default/crl/der',
  'issuer/default/crl/pem',
]
const always = ['ca_chain', 'cert/ca_chain']

const get = (server: TestServer, path: string, time: Date) =>
  server.call('GET', `pki/${path}`, undefined, { token: null, headers: { 'If-Modified-Since': time.toUTCString() } })

t.test('conditional GETs are for mounts that are tuned to it', async (t) => {
  const server = await startServer(t)
  await server.call('POST', 'sys/mounts/pki', { type: 'pki' })
  const root = { common_name: 'Root', key_type: 'ec', issuer_name: 'one' }
  await server.call('POST', 'pki/root/generate/internal', root)
  const soon = new Date(Date.now() + 60_000)
  for (const path of paths) t.equal((await get(server, path, soon)).status, 200, `${path}, not tuned`)

  await server.call('POST', 'sys/mounts/pki/tune', { passthrough_request_headers: ['if-modified-since'] })
  const bare = await get(server, 'ca', soon)
  t.equal(bare.status, 304)
  t.notOk('last-modified' in bare.headers, 'a header that the mount does not let out')

  await server.call('POST', 'sys/mounts/pki/tune', { allowed_response_headers: ['Last-Modified'] })
  for (const path of paths) {
    const { status, headers, text } = await get(server, path, soon)
    t.match({ status, text }, { status: 304, text: '' }, path)
    t.ok(Math.abs(Date.parse(String(headers['last-modified'])) - Date.now()) < 60_000, path)
    t.equal((await get(server, path, new Date(Date.now() - 60_000))).status, 200, path)
  }
  for (const path of always) t.equal((await get(server, path, soon)).status, 200, path)
})

t.test('another default issuer is a change of what ca and crl show', async (t) => {
  const server = await startServer(t)
  await server.call('POST', 'sys/mounts/pki', { type: 'pki' })
  await server.call('POST', 'sys/mounts/pki/tune', { passthrough_request_headers: ['If-Modified-Since'] })
  for (const name of ['one', 'two']) {
    const root = { common_name: name, key_type: 'ec', issuer_name: name }
    await server.call('POST', 'pki/root/generate/internal', root)
  }
  // Headers have whole seconds: one that lies after both roots, and before the change.
  const made = new Date(Math.ceil(Date.now() / 1000) * 1000)
  await new Promise((resolve) => setTimeout(resolve, made.getTime() - Date.now() + 5))
  t.equal((await get(server, 'ca', made)).status, 304)
  await server.call('POST', 'pki/config/issuers', { default: 'two' })
  for (const path of ['ca', 'crl']) t.equal((await get(server, path, made)).status, 200, path)
})
