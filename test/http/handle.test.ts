import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startServer, type TestServer } from '../support/server.ts'

const tokenWith = async (server: TestServer, name: string, policy: string): Promise<string> => {
  await server.call('PUT', `sys/policies/acl/${name}`, { policy })
  const made = await server.call('POST', 'auth/token/create', { policies: [name] })
  return (made.json['auth'] as { client_token: string }).client_token
}

interface Entry {
  type: string
  error?: string
  auth: { policy_results?: unknown }
  request: { id: string; path: string }
}

const denied = ['1 error occurred:\n\t* permission denied\n\n']

t.test('the policy is asked before anything is told of a path', async (t) => {
  const server = await startServer(t)
  const token = await tokenWith(server, 'narrow', 'path "pki/issue/*" { capabilities = ["update"] }')
  for (const path of ['sys/mounts', 'sys/nothing', 'nothing/here', 'pki/issue/web']) {
    t.match(await server.call('GET', path, undefined, { token }), { status: 403, errors: denied }, path)
  }
  t.match(await server.call('POST', 'pki/issue/web', {}, { token }), { status: 404, errors: [/no handler for route/] })
})

t.test('sudo is needed besides the capability where a row says so', async (t) => {
  const server = await startServer(t)
  const without = await tokenWith(server, 'without', 'path "sys/audit" { capabilities = ["read"] }')
  const having = await tokenWith(server, 'having', 'path "sys/audit" { capabilities = ["read", "sudo"] }')
  t.equal((await server.call('GET', 'sys/audit', undefined, { token: without })).status, 403)
  t.equal((await server.call('GET', 'sys/audit', undefined, { token: having })).status, 200)
})

t.test('parameters nobody knows are answered with a warning, where there is an answer', async (t) => {
  const { call } = await startServer(t)
  const made = await call('POST', 'auth/token/create', { zeta: 1, alpha: 2 })
  t.same(made.warnings, ['Endpoint ignored these unrecognized parameters: [alpha zeta]'])
  t.equal((await call('PUT', 'sys/policies/acl/p', { policy: '# nothing', zeta: 1 })).status, 204)
})

t.test('a capture of the path beats a field of the same name', async (t) => {
  const { call } = await startServer(t)
  await call('POST', 'sys/mounts/a', { type: 'pki', path: 'b' })
  t.ok((await call('GET', 'sys/mounts')).data['a/'])
})

t.test('a field that cannot be decoded is named, and its value is not repeated', async (t) => {
  const { call } = await startServer(t)
  const answer = await call('POST', 'auth/token/create', { renewable: 'a secret in the wrong place' })
  t.equal(answer.status, 400)
  t.match(answer.errors[0], /^Field validation failed: error converting input for field "renewable"/)
  t.notMatch(answer.text, /secret in the wrong place/)
})

t.test('there is one namespace, and its name may be sent or not', async (t) => {
  const { call } = await startServer(t)
  for (const name of ['', 'root', '/root/']) {
    t.equal((await call('GET', 'sys/mounts', undefined, { headers: { 'X-Vault-Namespace': name } })).status, 200)
  }
  t.match(await call('GET', 'sys/mounts', undefined, { headers: { 'X-Vault-Namespace': 'team' } }), {
    status: 404,
    errors: ['namespace not found'],
  })
})

t.test('an answer that was asked for wrapped is never given in the clear', async (t) => {
  const { call } = await startServer(t)
  const wrapped = (ttl: string) => call('POST', 'auth/token/create', {}, { headers: { 'X-Vault-Wrap-TTL': ttl } })
  t.match(await wrapped('60'), { status: 400, json: { auth: undefined } })
  t.match(await wrapped('soon'), { status: 400, errors: [/error parsing X-Vault-Wrap-TTL header/] })
  t.equal((await wrapped('0')).status, 200)
})

t.test('HEAD is for sys/health', async (t) => {
  const { call } = await startServer(t)
  t.match(await call('HEAD', 'sys/health'), { status: 200, text: '' })
  t.match(await call('HEAD', 'sys/mounts'), { status: 405 })
})

t.test('sealed means 503 on everything but the status pages', async (t) => {
  const { call } = await startServer(t)
  await call('POST', 'sys/mounts/pki', { type: 'pki' })
  t.equal((await call('PUT', 'sys/seal')).status, 204)
  for (const [method, path] of [
    ['GET', 'sys/mounts'],
    ['GET', 'pki/ca/pem'],
    ['GET', 'pki/crl'],
    ['POST', 'auth/token/create'],
    ['GET', 'nothing/here'],
  ] as const) {
    t.match(await call(method, path), { status: 503, errors: ['Vault is sealed'] }, path)
  }
  t.match(await call('GET', 'sys/health'), { status: 503, json: { sealed: true } })
  t.match(await call('GET', 'sys/seal-status'), { status: 200, json: { sealed: true } })
  t.equal((await call('GET', 'sys/leader')).status, 200)
})

t.test('the audit log', async (t) => {
  const server = await startServer(t)
  const { call } = server
  const folder = join(server.config.data, 'audit')
  const file = join(folder, 'audit.log')
  const enable = (path: string, name = 'file') =>
    call('PUT', `sys/audit/${name}`, { type: 'file', options: { file_path: path } })

  t.test('only inside the allowed folders', async (t) => {
    mkdirSync(folder, { recursive: true })
    symlinkSync('/tmp', join(folder, 'link'))
    for (const path of ['/etc/chancery.log', join(folder, '../x.log'), join(folder, 'link/x.log'), 'relative.log']) {
      t.match(await enable(path), { status: 400 }, path)
      t.notOk(existsSync(path), path)
    }
    t.same((await call('GET', 'sys/audit')).data, {})
  })

  t.test('has a request and a response for what was refused too, and no secret', async (t) => {
    t.equal((await enable(file)).status, 204)
    const token = await tokenWith(server, 'narrow', 'path "pki/issue/*" { capabilities = ["update"] }')
    await call('POST', 'sys/mounts/secret-canary-path', { description: 'canary-description' }, { token })
    await call('POST', 'auth/token/lookup', { token })
    await call('GET', 'sys/mounts', undefined, { token: 'hvs.unknowncanarytoken' })
    const log = readFileSync(file, 'utf8')
    for (const canary of [token, server.rootToken, 'canary-description', 'unknowncanarytoken']) {
      t.notMatch(log, canary, 'no secret in the log')
    }
    const entries = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry)
    const refused = entries.filter((entry) => entry.request.path === 'sys/mounts/secret-canary-path')
    t.same(
      refused.map((entry) => [entry.type, entry.error]),
      [
        ['request', 'permission denied'],
        ['response', 'permission denied'],
      ],
    )
    t.same(
      refused.map((entry) => entry.auth.policy_results),
      [{ allowed: false }, { allowed: false }],
    )
    t.match(
      entries.filter((entry) => entry.request.path === 'sys/mounts').map((entry) => entry.error),
      ['invalid token', 'invalid token'],
    )
  })

  t.test('a device that cannot write refuses the call before anything happens', async (t) => {
    await call('POST', 'sys/mounts/before', { type: 'pki' })
    rmSync(folder, { recursive: true })
    // A file in the place of the folder: no log can be opened there, also not by root.
    symlinkSync('/dev/null/nowhere', folder)
    server.app.reload()
    const answer = await call('POST', 'sys/mounts/after', { type: 'pki' })
    t.match(answer, { status: 500, errors: ['1 error occurred:\n\t* internal error\n\n'] })
    rmSync(folder)
    mkdirSync(folder)
    const mounts = (await call('GET', 'sys/mounts')).data
    t.ok(mounts['before/'])
    t.notOk(mounts['after/'], 'the refused call has done nothing')
    chmodSync(folder, 0o700)
  })
})

t.test('path help says what a path is for, to whoever has a token', async (t) => {
  const { call } = await startServer(t)
  await call('POST', 'sys/mounts/pki', { type: 'pki' })
  const { status, json } = await call('GET', 'pki/roles/web?help=1')
  t.equal(status, 200)
  t.match(json['help'], /Matching Route: roles\/:name\n/)
  t.match(json['help'], /allow_subdomains\n/)
  t.equal((await call('GET', 'pki/roles/web?help=1', undefined, { token: null })).status, 403)
  t.equal((await call('GET', 'pki/nothing?help=1')).status, 404)
  t.equal((await call('GET', 'nothing?help=1')).status, 404)
})

t.test('parameters named like what objects inherit are unknown ones, as any other', async (t) => {
  const { call } = await startServer(t)
  const { warnings } = await call('POST', 'auth/token/create', { toString: 1, constructor: 2 })
  t.same(warnings, ['Endpoint ignored these unrecognized parameters: [constructor toString]'])
})

t.test('a policy is protected by a rule on its name, however a call writes that name', async (t) => {
  const server = await startServer(t)
  const { call } = server
  await call('PUT', 'sys/policies/acl/admin', { policy: '# nothing' })
  const token = await tokenWith(
    server,
    'writer',
    `path "sys/policies/acl/*" { capabilities = ["read", "update", "delete"] }
     path "sys/policies/acl/admin" { capabilities = ["deny"] }
     path "sys/policy/*" { capabilities = ["read"] }
     path "sys/policy/admin" { capabilities = ["deny"] }`,
  )
  t.equal((await call('PUT', 'sys/policies/acl/Other', { policy: '# mine' }, { token })).status, 200)
  for (const name of ['admin', 'Admin', '%20admin', 'ADMIN%20', '%61dmin']) {
    t.equal((await call('PUT', `sys/policies/acl/${name}`, { policy: '# mine' }, { token })).status, 403, name)
    t.equal((await call('DELETE', `sys/policies/acl/${name}`, undefined, { token })).status, 403, name)
    t.equal((await call('GET', `sys/policy/${name}`, undefined, { token })).status, 403, name)
  }
})

t.test('a mount is protected by a rule on its path, with a trailing slash or without', async (t) => {
  const server = await startServer(t)
  const { call } = server
  await call('POST', 'sys/mounts/pki', { type: 'pki' })
  const token = await tokenWith(
    server,
    'mounter',
    `path "sys/mounts/*" { capabilities = ["read", "update", "delete"] }
     path "sys/mounts/pki" { capabilities = ["read"] }`,
  )
  for (const path of ['sys/mounts/pki', 'sys/mounts/pki/', 'sys/mounts/pki%2f', 'sys/mounts//pki//']) {
    t.equal((await call('DELETE', path, undefined, { token })).status, 403, path)
    t.equal((await call('GET', path, undefined, { token })).status, 200, path)
  }
  t.equal((await call('DELETE', 'sys/mounts/other/', undefined, { token })).status, 204)
})

t.test('neither a header nor a path takes long to be refused, however many slashes it has', async (t) => {
  const { call } = await startServer(t)
  const slashes = '/'.repeat(15_000)
  const started = performance.now()
  for (let at = 0; at < 20; at++) {
    const headers = { 'X-Vault-Namespace': `a${slashes}a` }
    t.equal((await call('GET', 'sys/mounts', undefined, { token: null, headers })).status, 404)
    t.equal((await call('GET', 'a/'.repeat(30_000), undefined, { token: null })).status, 403)
  }
  t.ok(performance.now() - started < 1_000, `${Math.round(performance.now() - started)} ms`)
})

t.test('the last use of a token may be one of path help, and the token is gone', async (t) => {
  const { call } = await startServer(t)
  const { json } = await call('POST', 'auth/token/create', { num_uses: 1, policies: ['default'] })
  const { client_token: token } = json['auth'] as { client_token: string }
  t.equal((await call('GET', 'sys/mounts?help=1', undefined, { token })).status, 200)
  t.equal((await call('POST', 'auth/token/lookup', { token })).status, 403)
  t.equal((await call('POST', 'auth/token/renew', { token })).status, 400)
})
