/**
 * Every field and every capture of every row with values that no client should send. A client's mistake is never a 500,
 * never ends the process, and is answered in JSON.
 */
import t from 'tap'
import { describedRows, type DescribedRow } from '../support/rows.ts'
import { startServer, type Answer, type TestServer } from '../support/server.ts'

const values: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2_147_483_648,
  9_007_199_254_740_991,
  1e300,
  '',
  ',',
  '9'.repeat(40),
  '__proto__',
  '../../etc/passwd',
  '\r\nSet-Cookie: a=b',
  '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----',
  '💩'.repeat(10_000),
  [[]],
  ['', 'a,b', 1, true],
  {},
  { constructor: { prototype: { polluted: true } } },
]

const captures = [
  'toString',
  '__proto__',
  '%20',
  '%2F',
  'a%2fb',
  '%E2%80%8Bx',
  '-',
  '9'.repeat(300),
  "'; drop table tokens; --",
]

/** What makes the code behind the door run at all, unless the field itself is hostile. */
const usual = ({ path, fields }: DescribedRow): Record<string, unknown> => {
  const known = { common_name: 'a.example.com', key_type: 'ec', key_bits: 256, policies: ['all'], policy: '# nothing' }
  const given = Object.fromEntries(Object.entries(known).filter(([name]) => fields.includes(name)))
  return path.startsWith('sys/mounts/') ? { ...given, type: 'pki' } : given
}

/** Captures that lead somewhere. */
const real: Record<string, string> = {
  pki_mount_path: 'pki',
  exported: 'internal',
  role: 'web',
  issuer_ref: 'default',
  key_ref: 'default',
}

/** It would end the test, not the server; that it needs sudo is asserted elsewhere. */
const left = ['POST sys/seal']

const filled = (path: string, given: Record<string, string>): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => given[name] ?? real[name] ?? 'some')

const inQuery = (fields: Record<string, unknown>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join('&')

const sane = ({ status, text, headers }: Answer): boolean => {
  if (status >= 500) return false
  if (status === 204 || status < 400) return true
  const { errors } = JSON.parse(text) as { errors?: unknown }
  return headers['content-type'] === 'application/json' && Array.isArray(errors)
}

const prepareMount = async ({ call }: TestServer): Promise<void> => {
  await call('POST', 'sys/mounts/pki', { type: 'pki' })
  await call('POST', 'pki/root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  await call('POST', 'pki/roles/web', { allow_any_name: true, key_type: 'ec' })
}

const startHostileServer = async (t: Parameters<typeof startServer>[0]): Promise<TestServer> => {
  const server = await startServer(t)
  const { call } = server
  await prepareMount(server)
  await call('PUT', 'sys/policies/acl/all', {
    policy: 'path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }',
  })
  return server
}

t.test('no row answers 500 to a wrong value, and the server goes on', async (t) => {
  const server = await startHostileServer(t)
  const rows = (await describedRows(server)).filter(({ method, path }) => !left.includes(`${method} ${path}`))
  t.ok(rows.length > 50)
  const { call } = server
  let sent = 0

  const newToken = async (): Promise<string> => {
    const { json } = await call('POST', 'auth/token/create', { policies: ['all'] })
    return (json['auth'] as { client_token: string }).client_token
  }
  let token = await newToken()

  const attack = async (row: DescribedRow, fields: Record<string, unknown>, given = {}): Promise<void> => {
    const { method, bodyType } = row
    const query = row.inQuery && Object.keys(fields).length > 0 ? `?${inQuery(fields)}` : ''
    const path = filled(row.path, given) + query
    const body = method === 'POST' || method === 'PATCH' ? fields : undefined
    const answer = await call(method, path, body, { token, headers: { 'Content-Type': bodyType } })
    sent++
    const isStatusPage = row.path === 'sys/health'
    if (!sane(answer) && !isStatusPage) {
      t.fail(
        `${method} ${path.slice(0, 200)} ${JSON.stringify(fields).slice(0, 200)}: ${answer.status} ${answer.text.slice(0, 200)}`,
      )
    }
    // It has revoked itself, or used itself up.
    if (row.path.startsWith('auth/token/revoke')) token = await newToken()
  }

  // What each of thousands of CAs costs when the next is made is another test's question.
  const makesCas = ({ path }: DescribedRow): boolean => path.startsWith('{pki_mount_path}') && path.includes('generate')
  const freshMount = async (): Promise<void> => {
    await call('DELETE', 'sys/mounts/pki')
    await prepareMount(server)
  }

  for (const row of rows) {
    for (const [at, value] of values.entries()) {
      const all = Object.fromEntries(row.fields.map((name) => [name, value]))
      await attack(row, { ...all, [`unknown${at}`]: value, toString: value, constructor: value })
      await Promise.all(row.fields.map((name) => attack(row, { ...usual(row), [name]: value })))
      if (makesCas(row)) await freshMount()
    }
    for (const capture of row.captures.filter((name) => name !== 'pki_mount_path')) {
      for (const value of captures) await attack(row, {}, { [capture]: value })
    }
  }
  t.comment(`${sent} requests`)
  t.strictSame(({} as Record<string, unknown>)['polluted'], undefined)
  t.strictSame(
    server.logged.filter((line) => line.includes('"level":50') || line.includes('"level":60')),
    [],
    'nothing went wrong inside',
  )
  t.equal((await call('GET', 'sys/health')).status, 200)
})
