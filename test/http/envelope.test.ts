import fc from 'fast-check'
import t from 'tap'
import type { AuthReply, Reply, Verb } from '../../src/route.ts'
import { replyOf } from '../../src/http/envelope.ts'

const render = (reply: Reply, verb: Verb = 'read', warnings: string[] = [], alsoAtTop = false) =>
  replyOf(reply, { requestId: 'the-id', verb, warnings, alsoAtTop })

const bodyOf = (...args: Parameters<typeof render>): string => render(...args).body as string

t.test('the envelope has all keys, in the order of Vault', (t) => {
  t.strictSame(render({ data: { a: 1 } }), {
    status: 200,
    contentType: 'application/json',
    body:
      '{"request_id":"the-id","lease_id":"","renewable":false,"lease_duration":0,"data":{"a":1},' +
      '"wrap_info":null,"warnings":null,"auth":null}\n',
  })
  t.end()
})

t.test('leases, warnings and auth have their places', (t) => {
  const auth: AuthReply = {
    client_token: 'hvs.x',
    accessor: 'acc',
    policies: ['default'],
    token_policies: ['default'],
    metadata: null,
    lease_duration: 60,
    renewable: true,
    entity_id: '',
    token_type: 'service',
    orphan: true,
    mfa_requirement: null,
    num_uses: 0,
  }
  t.equal(
    bodyOf({ auth, lease: { id: 'pki/issue/web/x', renewable: false, seconds: 60 } }, 'write', ['careful', '"']),
    '{"request_id":"the-id","lease_id":"pki/issue/web/x","renewable":false,"lease_duration":60,"data":null,' +
      '"wrap_info":null,"warnings":["careful","\\""],"auth":{"client_token":"hvs.x","accessor":"acc",' +
      '"policies":["default"],"token_policies":["default"],"metadata":null,"lease_duration":60,"renewable":true,' +
      '"entity_id":"","token_type":"service","orphan":true,"mfa_requirement":null,"num_uses":0}}\n',
  )
  t.notMatch(bodyOf({ auth: { ...auth, token_policies: [], identity_policies: [] } }), /(token|identity)_policies/)
  t.match(
    bodyOf({ auth: { ...auth, identity_policies: ['i'] } }),
    '"token_policies":["default"],"identity_policies":["i"],',
  )
  t.end()
})

t.test('any data comes back as it went in', (t) => {
  const data = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())
  fc.assert(
    fc.property(data, fc.array(fc.string({ unit: 'binary' })), (value, warnings) => {
      const parsed = JSON.parse(bodyOf({ data: value }, 'read', warnings)) as Record<string, unknown>
      t.equal(JSON.stringify(parsed['data']), JSON.stringify(value))
      t.strictSame(parsed['warnings'], warnings.length > 0 ? warnings : null)
    }),
    { numRuns: 200 },
  )
  t.end()
})

t.test('data is repeated at the top where old clients read it', (t) => {
  const body = bodyOf({ data: { 'pki/': { type: 'pki' }, data: 'x' } }, 'read', [], true)
  t.match(body, /^\{"pki\/":\{"type":"pki"\},"data":"x","request_id":/)
  t.match(JSON.parse(body), { 'pki/': { type: 'pki' }, data: { 'pki/': { type: 'pki' }, data: 'x' } })
  for (const data of [{}, null])
    t.match(JSON.parse(bodyOf({ data }, 'write', [], true)), { data, request_id: 'the-id' })
  t.end()
})

t.test('nothing is 404 for who reads and 204 for who writes, warnings or not', (t) => {
  const missing = { status: 404, contentType: 'application/json', body: '{"errors":[]}\n' }
  const silent = { status: 204, contentType: 'application/json', body: undefined }
  t.strictSame(render(undefined, 'read'), missing)
  t.strictSame(render(undefined, 'list'), missing)
  for (const verb of ['write', 'patch', 'delete'] as const) t.strictSame(render(undefined, verb, ['ignored']), silent)
  t.equal(render({}, 'delete').status, 200)
  t.match(bodyOf({}, 'delete'), '"data":null')
  t.end()
})

t.test('an empty list is 404, unless there is something else to say', (t) => {
  t.equal(render({ data: { keys: [] } }, 'list').status, 404)
  t.equal(render({ data: {} }, 'list').status, 404)
  t.equal(render({}, 'list').status, 404)
  t.equal(render({ data: { keys: ['a'] } }, 'list').status, 200)
  t.equal(render({ data: { key_info: {} } }, 'list').status, 200)
  t.equal(render({ data: { keys: [] } }, 'list', ['careful']).status, 200)
  t.equal(render({ data: { keys: [] } }, 'read').status, 200)
  t.end()
})

t.test('a raw reply goes out as it is, and without a body it is 204', (t) => {
  const der = Uint8Array.of(0x30, 0)
  t.strictSame(render({ raw: { contentType: 'application/pkix-cert', body: der } }), {
    status: 200,
    contentType: 'application/pkix-cert',
    body: der,
  })
  t.strictSame(render({ raw: { contentType: 'application/pem-certificate-chain', body: '' } }), {
    status: 204,
    contentType: 'application/pem-certificate-chain',
    body: undefined,
  })
  t.strictSame(render({ raw: { contentType: 'a/b', body: '{}', status: 503, headers: { 'Last-Modified': 'x' } } }), {
    status: 503,
    contentType: 'a/b',
    body: '{}',
    headers: { 'Last-Modified': 'x' },
  })
  t.end()
})

t.test('a reply may be "accepted"', (t) => {
  t.equal(render({ data: { a: 1 }, status: 202 }, 'write').status, 202)
  t.end()
})
