import fc from 'fast-check'
import t from 'tap'
import { hashData, isTimestamp } from '../../src/audit/hash.ts'
import { makeHmac, newHmacKey } from '../../src/audit/hmac.ts'
import { canary, hmacOf } from '../support/audit-calls.ts'

const key = newHmacKey()
const hmac = makeHmac(key)
const hashed = (text: string): string => hmacOf(key, text)

t.test('hashes texts at every depth, and leaves keys, numbers and booleans', async (t) => {
  const data = {
    common_name: 'a.example',
    empty: '',
    ttl: 3600,
    strict: true,
    nothing: null,
    list: ['one', 2, ['three', { four: 'five' }]],
    map: { inner: 'six', deeper: { still: 'seven' } },
  }
  t.strictSame(JSON.parse(JSON.stringify(hashData(data, hmac))), {
    common_name: hashed('a.example'),
    empty: hashed(''),
    ttl: 3600,
    strict: true,
    nothing: null,
    list: [hashed('one'), 2, [hashed('three'), { four: hashed('five') }]],
    map: { inner: hashed('six'), deeper: { still: hashed('seven') } },
  })
})

t.test('lets no text through, whatever the shape of the data', async () => {
  const secret = fc.string({ unit: fc.constantFrom(...'0123456789abcdef') }).map((tail) => `canary-${tail}`)
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      secret,
      secret.map((text) => Buffer.from(text)),
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value')),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'keys', 'toJSON'), tie('value')),
    ),
  }))
  fc.assert(
    fc.property(value, (data) => {
      const shown = JSON.stringify(hashData({ data }, hmac))
      return !shown.includes('canary-') && !shown.includes(Buffer.from('canary-').toString('base64').slice(0, 8))
    }),
  )
})

t.test('leaves exactly the timestamps that Vault leaves', async (t) => {
  const times = [
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.678Z',
    '2026-01-02T03:04:05.123456789Z',
    '2024-02-29T23:59:59+14:00',
    '0001-01-01T00:00:00Z',
  ]
  for (const time of times) t.ok(isTimestamp(time), time)
  const others = [
    '2026-01-02',
    '2026-01-02 03:04:05Z',
    '2026-01-02T03:04:05',
    '2026-01-02T03:04:05z',
    '2026-02-29T03:04:05Z',
    '2026-13-01T03:04:05Z',
    '2026-01-02T24:00:00Z',
    '2026-01-02T03:04:60Z',
    '2026-01-02T03:04:05+24:00',
    ' 2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05Z and a secret',
    '2026-01-02T03:04:05.1234567890123456789Z',
    '',
  ]
  for (const text of others) t.notOk(isTimestamp(text), text)
  t.strictSame(hashData({ not_after: times[0] }, hmac)['not_after'], times[0])
})

t.test('shows what the mount names, and nothing of the same name further down', async (t) => {
  const data = { ttl: '1h', ou: ['a', ['b']], extra: { ttl: '2h' }, names: [{ ou: 'c' }], password: 'd' }
  const shown = JSON.parse(JSON.stringify(hashData(data, hmac, ['ttl', 'ou', 'names'])))
  t.strictSame(shown, {
    ttl: '1h',
    ou: ['a', ['b']],
    extra: { ttl: hashed('2h') },
    names: [{ ou: hashed('c') }],
    password: hashed('d'),
  })
})

t.test('keeps the record of a huge document small, and says that something is missing', async (t) => {
  const list = hashData({ keys: Array.from({ length: 100_000 }, (_, at) => `serial ${at}`) }, hmac)['keys'] as string[]
  t.equal(list.length, 501)
  t.equal(list[0], hashed('serial 0'))
  t.equal(list[500], 'elided: 99500 more')

  const map = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, 'v'] as const))
  t.match(hashData(map, hmac), { 'elided: 9500 more': true })

  const nested = { rows: Array.from({ length: 400 }, () => Array.from({ length: 400 }, () => canary())) }
  const text = JSON.stringify(hashData(nested, hmac))
  t.notMatch(text, /canary/)
  t.ok(text.length < 1_000_000, `${text.length} characters`)

  let deep: unknown = canary()
  for (let depth = 0; depth < 10_000; depth++) deep = [deep]
  t.notMatch(JSON.stringify(hashData({ deep }, hmac)), /canary/)
})

t.test('shows a long text as its HMAC even where it may be shown', async (t) => {
  const long = 'x'.repeat(20_000)
  t.equal(hashData({ certificate: long }, hmac, ['certificate'])['certificate'], hashed(long))
  const key300 = 'k'.repeat(300)
  t.strictSame(Object.keys(hashData({ [key300]: 1 }, hmac)), [hashed(key300)])
})

t.test('does not change the data itself', async (t) => {
  const data = { list: ['a'], map: { b: 'c' } }
  hashData(data, hmac)
  t.strictSame(data, { list: ['a'], map: { b: 'c' } })
})
