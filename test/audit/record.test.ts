import t from 'tap'
import type { AuditRequest, AuditResponse } from '../../src/audit/entry.ts'
import { makeHmac, newHmacKey } from '../../src/audit/hmac.ts'
import { callMembers, requestLine, responseLine, type RecordFormat } from '../../src/audit/record.ts'
import {
  auditRequest,
  auditResponse,
  caller,
  canary,
  hmacOf,
  pkiMount,
  start,
  type Line,
} from '../support/audit-calls.ts'

const key = newHmacKey()
const hashed = (text: string | Uint8Array): string => hmacOf(key, text)
const format: RecordFormat = { hmac: makeHmac(key), hmacAccessor: true, elideListResponses: false }

const requestRecord = (request: AuditRequest, how = format): Line =>
  JSON.parse(requestLine(request, callMembers(request, how))) as Line

const responseRecord = (request: AuditRequest, response: AuditResponse, how = format): Line =>
  JSON.parse(responseLine(request, callMembers(request, how), response, how)) as Line

t.test('a request is recorded in the schema of Vault', async (t) => {
  const request = auditRequest()
  const token = hashed(request.clientToken ?? '')
  const accessor = hashed(request.caller?.accessor ?? '')
  t.strictSame(requestRecord(request), {
    time: '2026-01-02T03:04:05.678Z',
    type: 'request',
    auth: {
      client_token: token,
      accessor,
      display_name: 'token-web',
      policies: ['default', 'web'],
      token_policies: ['default', 'web'],
      policy_results: { allowed: true, granting_policies: [{ name: 'web', namespace_id: 'root', type: 'acl' }] },
      token_type: 'service',
      token_ttl: 1200,
      token_issue_time: '2026-01-02T03:04:05Z',
    },
    request: {
      id: request.id,
      operation: 'update',
      mount_point: 'pki/',
      mount_type: 'pki',
      mount_accessor: 'pki_1a2b3c4d',
      mount_class: 'secret',
      client_token: token,
      client_token_accessor: accessor,
      namespace: { id: 'root' },
      path: 'pki/issue/web',
      data: { common_name: hashed('web.example') },
      remote_address: '10.0.0.5',
      remote_port: 51_000,
    },
  })
})

t.test('a refused request is recorded with the reason, and the token that was sent only as its HMAC', async (t) => {
  const request = auditRequest({ caller: undefined, policyResults: { allowed: false }, error: 'permission denied' })
  const record = requestRecord(request)
  t.equal(record.error, 'permission denied')
  t.strictSame(record.auth, { policy_results: { allowed: false }, token_type: 'default' })
  t.equal(record.request['client_token'], hashed(request.clientToken ?? ''))
})

t.test('a reply is recorded with its request, its data and its lease', async (t) => {
  const request = auditRequest()
  const response = auditResponse({
    data: { serial_number: '01:02', expiration: 1_800_000_000, private_key: canary(), ca_chain: ['pem'] },
    leaseId: 'pki/issue/web/abc',
    warnings: ['TTL is longer than permitted'],
    headers: { 'Last-Modified': 'Fri, 02 Jan 2026 03:04:05 GMT' },
  })
  const record = responseRecord(request, response)
  t.strictSame(record.request, requestRecord(request).request)
  t.strictSame(record.response, {
    mount_point: 'pki/',
    mount_type: 'pki',
    mount_accessor: 'pki_1a2b3c4d',
    mount_class: 'secret',
    secret: { lease_id: 'pki/issue/web/abc' },
    data: {
      serial_number: hashed('01:02'),
      expiration: 1_800_000_000,
      private_key: hashed(String(response.data?.['private_key'])),
      ca_chain: [hashed('pem')],
    },
    warnings: ['TTL is longer than permitted'],
    headers: { 'Last-Modified': ['Fri, 02 Jan 2026 03:04:05 GMT'] },
  })
})

t.test('a new token is recorded as HMACs, with what it may do in the clear', async (t) => {
  const auth = {
    client_token: canary(),
    accessor: canary(),
    policies: ['default', 'web'],
    token_policies: ['default', 'web'],
    metadata: { role_name: 'web' },
    lease_duration: 1200,
    renewable: true,
    entity_id: '',
    token_type: 'service',
    orphan: true,
    mfa_requirement: null,
    num_uses: 0,
  } as const
  const request = auditRequest({ path: 'auth/token/create', mount: { ...pkiMount, class: 'auth', path: 'token/' } })
  const record = responseRecord(request, auditResponse({ auth }))
  t.match(record.response, {
    mount_point: 'auth/token/',
    auth: {
      client_token: hashed(auth.client_token),
      accessor: hashed(auth.accessor),
      policies: ['default', 'web'],
      metadata: { role_name: 'web' },
      token_type: 'service',
      token_ttl: 1200,
    },
  })
})

t.test('no secret is in either line, wherever it came in', async (t) => {
  const secrets = Array.from({ length: 12 }, canary)
  const [token, accessor, a, b, c, d, e, f, g, h, i, j] = secrets
  const request = auditRequest({
    clientToken: token,
    caller: caller({ accessor: accessor ?? '' }),
    data: { csr: a, list: [b, { c }], map: { d: { d } }, bytes: Buffer.from(e ?? '') },
  })
  const replies: AuditResponse[] = [
    auditResponse({ data: { private_key: f, keys: [g], key_info: { x: { g } } } }),
    auditResponse({ raw: { contentType: 'text/plain', body: h ?? '', status: 200 } }),
    auditResponse({ raw: { contentType: 'application/pkix-cert', body: Buffer.from(i ?? ''), status: 200 } }),
    auditResponse({ data: { bytes: new Uint8Array(Buffer.from(j ?? '')) } }),
  ]
  const members = callMembers(request, format)
  const lines = [
    requestLine(request, members),
    ...replies.map((reply) => responseLine(request, members, reply, format)),
  ].join('')
  for (const secret of secrets) {
    for (const encoding of ['utf8', 'base64', 'hex'] as const) {
      t.notOk(lines.includes(Buffer.from(secret).toString(encoding)))
    }
  }
})

t.test('a raw body is recorded as its HMAC, under the names of Vault', async (t) => {
  const body = Buffer.from([0x30, 0x03, 0x02, 0x01, 0x01])
  const mount = { ...pkiMount, config: { ...pkiMount.config, audit_non_hmac_response_keys: ['http_raw_body'] } }
  const request = auditRequest({ operation: 'read', path: 'pki/crl', mount, caller: undefined, clientToken: undefined })
  const raw = { contentType: 'application/pkix-crl', body, status: 200 }
  t.strictSame(responseRecord(request, auditResponse({ raw })).response?.data, {
    http_content_type: hashed('application/pkix-crl'),
    http_raw_body: hashed(body),
    http_status_code: 200,
  })
  const huge = { ...raw, body: Buffer.alloc(2_000_000) }
  t.equal(
    responseRecord(request, auditResponse({ raw: huge })).response?.data?.['http_raw_body'],
    'elided: 2000000 bytes',
  )
})

t.test('a mount shows the keys that it was tuned to show', async (t) => {
  const config = {
    ...pkiMount.config,
    audit_non_hmac_request_keys: ['common_name'],
    audit_non_hmac_response_keys: ['serial_number', 'ca_chain'],
  }
  const request = auditRequest({ mount: { ...pkiMount, config }, data: { common_name: 'a.example', ttl: '1h' } })
  t.strictSame(requestRecord(request).request.data, { common_name: 'a.example', ttl: hashed('1h') })
  const data = { serial_number: '01', ca_chain: ['x'], common_name: 'a.example' }
  t.strictSame(responseRecord(request, auditResponse({ data })).response?.data, {
    serial_number: '01',
    ca_chain: ['x'],
    common_name: hashed('a.example'),
  })
})

t.test('hmac_accessor=false shows accessors, and no token', async (t) => {
  const request = auditRequest()
  const record = requestRecord(request, { ...format, hmacAccessor: false })
  t.equal(record.auth['accessor'], request.caller?.accessor)
  t.equal(record.request['client_token_accessor'], request.caller?.accessor)
  t.equal(record.auth['client_token'], hashed(request.clientToken ?? ''))
})

t.test('elide_list_responses counts the keys of a LIST, and only of a LIST', async (t) => {
  const how = { ...format, elideListResponses: true }
  const reply = auditResponse({ data: { keys: ['a', 'b', 'c'], key_info: { a: { x: 'y' } } } })
  const listed = responseRecord(auditRequest({ operation: 'list' }), reply, how)
  t.strictSame(listed.response?.data, { keys: 3, key_info: 1 })
  const read = responseRecord(auditRequest({ operation: 'read' }), reply, how)
  t.strictSame(read.response?.data?.['keys'], ['a', 'b', 'c'].map(hashed))
})

t.test('members without a value are left out', async (t) => {
  const mount = undefined
  const bare = auditRequest({ mount, data: {}, caller: undefined, clientToken: undefined, policyResults: undefined })
  const record = responseRecord(bare, auditResponse({ data: {}, warnings: [], error: '' }))
  t.strictSame(Object.keys(record), ['time', 'type', 'auth', 'request', 'response'])
  t.strictSame(record.auth, { token_type: 'default' })
  t.strictSame(Object.keys(record.request), ['id', 'operation', 'namespace', 'path', 'remote_address', 'remote_port'])
  t.strictSame(record.response, {})
})

t.test('a namespace is named by id and path', async (t) => {
  const request = auditRequest({ namespace: { id: 'Xy12ab', path: 'team/' } })
  t.strictSame(requestRecord(request).request['namespace'], { id: 'Xy12ab', path: 'team/' })
})

t.test('what a client can make long does not make a long line', async (t) => {
  const request = auditRequest({ path: `pki/${'x'.repeat(100_000)}`, error: 'y'.repeat(100_000) })
  const warnings = Array.from({ length: 5_000 }, () => 'z'.repeat(100))
  t.ok(requestLine(request, callMembers(request, format)).length < 12_000)
  t.ok(responseLine(request, callMembers(request, format), auditResponse({ warnings }), format).length < 30_000)
})

t.test('line ends in values do not end the line', async (t) => {
  const request = auditRequest({ path: 'pki/a\nb\u2028c', error: 'd\r\ne' })
  t.equal(
    requestLine(request, callMembers(request, format)).indexOf('\n'),
    requestLine(request, callMembers(request, format)).length - 1,
  )
  t.equal(requestRecord(request).time, start.toISOString())
})
