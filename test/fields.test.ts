import fc from 'fast-check'
import t from 'tap'
import * as fields from '../src/fields.ts'

/** One field, decoded. */
const decode = (field: (help: string) => Parameters<typeof fields.makeDecoder>[0][string], value: unknown): unknown =>
  fields.makeDecoder({ x: field('help') })({ x: value })['x']

const refused = (t: Tap, field: Parameters<typeof decode>[0], value: unknown): void => {
  t.throws(() => decode(field, value), { kind: 'invalid request' } as never, JSON.stringify(value))
}

type Tap = typeof t

t.test('booleans, as Go parses them', async (t) => {
  for (const yes of [true, 'true', 'TRUE', 'True', 't', '1', 1]) t.equal(decode(fields.bool, yes), true)
  for (const no of [false, 'false', 'F', '0', 0, '', null]) t.equal(decode(fields.bool, no), false)
  for (const bad of ['yes', 'tRue', 2, [], {}]) refused(t as never, fields.bool, bad)
})

t.test('integers', async (t) => {
  for (const [sent, read] of [
    [5, 5],
    ['5', 5],
    ['-5', -5],
    ['', 0],
    [null, 0],
  ] as const) {
    t.equal(decode(fields.int, sent), read)
  }
  for (const bad of [1.5, '1.5', 'x', 1e300, '9'.repeat(30), [], {}, true]) refused(t as never, fields.int, bad)
})

t.test('durations: seconds, Go durations, days', async (t) => {
  for (const [sent, read] of [
    [3600, 3600],
    ['3600', 3600],
    ['1h', 3600],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['14d', 1_209_600],
    ['500ms', 0],
    ['0s', 0],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ] as const) {
    t.equal(decode(fields.duration, sent), read, JSON.stringify(sent))
  }
  for (const bad of ['soon', '1h30', '1d12h', '-1h', -5, NaN, 'NaN', '1e9', [], {}, true, '9'.repeat(400)]) {
    refused(t as never, fields.duration, bad)
  }
})

t.test('lists: arrays of scalars, or text split at commas', async (t) => {
  t.same(decode(fields.list, 'a, b ,c'), ['a', 'b', 'c'])
  t.same(decode(fields.list, ['a,b', ' c ', 1, true]), ['a,b', 'c', '1', 'true'])
  t.same(decode(fields.list, ''), [])
  t.same(decode(fields.list, null), [])
  refused(t as never, fields.list, [{}])
  refused(t as never, fields.list, { a: 1 })
})

t.test('maps: objects, JSON as text, and key=value in every form that the command line makes', async (t) => {
  for (const sent of [{ a: 'b', c: '1' }, '{"a":"b","c":1}', ['a=b', 'c=1'], 'a=b,c=1']) {
    t.same({ ...(decode(fields.stringMap, sent) as object) }, { a: 'b', c: '1' }, JSON.stringify(sent))
  }
  t.same({ ...(decode(fields.stringMap, 'a=b=c') as object) }, { a: 'b=c' }, 'the first = splits')
  for (const bad of ['a', '{', ['=b'], 5, { a: {} }]) refused(t as never, fields.stringMap, bad)
})

t.test('whatever is sent, a field decodes or refuses in one way, and the value is not in the text', async () => {
  const all = [fields.bool, fields.int, fields.text, fields.duration, fields.list, fields.stringMap, fields.object]
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.jsonValue(), (field, value) => {
      try {
        decode(field, value)
        return true
      } catch (error) {
        const { kind, message } = error as { kind?: string; message: string }
        return kind === 'invalid request' && (typeof value !== 'string' || value.length < 8 || !message.includes(value))
      }
    }),
    { numRuns: 2_000 },
  )
})

t.test('what would take long to decode is refused at once', async (t) => {
  const hostile = [
    [fields.duration, '1s'.repeat(2_000_000)],
    [fields.list, 'a,'.repeat(5_000_000)],
    [fields.list, Array<string>(20_000).fill('a')],
    [fields.stringMap, 'a=b,'.repeat(2_500_000)],
  ] as const
  for (const [field, value] of hostile) {
    const started = performance.now()
    t.throws(() => decode(field, value))
    t.ok(performance.now() - started < 200)
  }
})

t.test('text that cannot be stored is refused inside a map, too', async (t) => {
  for (const bad of ['{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"\\u0000":"a"}'])
    refused(t as never, fields.stringMap, bad)
})

t.test('durations are printed as Go prints them', async (t) => {
  t.equal(fields.formatDuration(2_764_800), '768h0m0s')
  t.equal(fields.formatDuration(90), '1m30s')
  t.equal(fields.formatDuration(0), '0s')
  t.equal(fields.humanDuration(2_764_800), '768h')
  t.equal(fields.humanDuration(5_400), '1h30m')
  t.equal(fields.humanDuration(45), '45s')
})
