import fc from 'fast-check'
import t from 'tap'
import { mediaType, parseBody, parseJsonBody, parseParameters } from '../../src/http/json-body.ts'

const json = (text: string): Record<string, unknown> => parseJsonBody(Buffer.from(text))
const refusal = (message: string | RegExp) => ({ kind: 'invalid request', message })

t.test('reads every JSON object as JSON.parse does', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
      const text = JSON.stringify(value)
      if (text.includes('"__proto__"') || text.includes('\\u0000')) return
      t.strictSame(json(text), JSON.parse(text))
    }),
    { numRuns: 200 },
  )
  t.end()
})

t.test('nothing, white space and null are the empty object', (t) => {
  for (const text of ['', ' \r\n\t', 'null', ' null ']) t.strictSame(json(text), {})
  t.end()
})

t.test('of a repeated key the last counts', (t) => {
  t.strictSame(json('{"a":1,"b":2,"a":3}'), { a: 3, b: 2 })
  t.end()
})

t.test('refuses what is no object, in the words of Go', (t) => {
  const text = (kind: string) =>
    `failed to decode JSON input: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`
  t.throws(() => json('[1]'), refusal(text('array')))
  t.throws(() => json('"a"'), refusal(text('string')))
  t.throws(() => json('7'), refusal(text('number')))
  t.throws(() => json('true'), refusal(text('bool')))
  t.end()
})

t.test('refuses what is no JSON without repeating it', (t) => {
  for (const text of [
    '{"password":"hunter2",}',
    '{"password":hunter2}',
    '{"password":"hunter2"} hunter2',
    '{hunter2',
  ]) {
    t.throws(() => json(text), refusal(/^failed to decode JSON input: invalid character( at position \d+)?$/), text)
  }
  t.throws(() => json('{"password":"hunter2'), refusal(/^failed to decode JSON input: /))
  t.throws(() => json('{"a":'), refusal('failed to decode JSON input: unexpected EOF'))
  t.throws(() => json('{"a":"\0"}'), refusal(/^failed to decode JSON input: /))
  t.throws(() => json('\ufeff{}'), refusal(/^failed to decode JSON input: /))
  t.end()
})

t.test('refuses invalid UTF-8', (t) => {
  t.throws(() => parseJsonBody(Buffer.from('{"a":"\xff"}', 'latin1')), refusal(/invalid UTF-8/))
  t.strictSame(json('{"a":"é😀"}'), { a: 'é😀' })
  t.end()
})

t.test('refuses text that cannot be stored', (t) => {
  for (const text of ['{"a":"x\\u0000"}', '{"a":["\\ud83d"]}', '{"a":{"\\u0000":1}}', '{"\\udc00":1}']) {
    t.throws(() => json(text), refusal(/^failed to decode JSON input: a string contains /), text)
  }
  t.strictSame(json('{"a":"\\u00e9 \\ud83d\\ude00 \\\\u0000"}'), { a: 'é 😀 \\u0000' })
  t.end()
})

t.test('refuses the key __proto__ at any depth, however it is spelt', (t) => {
  for (const text of [
    '{"__proto__":{"x":1}}',
    '{"a":[{"__proto__":null}]}',
    '{"\\u005f_proto__":1}',
    '{"__pr\\u006fto__":1}',
  ]) {
    t.throws(() => json(text), refusal('failed to decode JSON input: the key __proto__ is not allowed'), text)
  }
  t.strictSame(json('{"a":"__proto__"}'), { a: '__proto__' })
  t.strictSame(json('{"constructor":1,"toString":2}'), { constructor: 1, toString: 2 })
  t.equal(({} as Record<string, unknown>)['x'], undefined)
  t.end()
})

t.test('refuses nesting beyond 100, whatever brackets a string holds', (t) => {
  const nested = (depth: number, open: string, close: string) =>
    `{"a":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    t.ok(json(nested(100, open, close)))
    t.throws(() => json(nested(101, open, close)), refusal('failed to decode JSON input: exceeded max depth'))
    t.throws(() => json(nested(10_000, open, close)), refusal('failed to decode JSON input: exceeded max depth'))
  }
  t.throws(() => json('['.repeat(10_000_000)), refusal('failed to decode JSON input: exceeded max depth'))
  const brackets = '[{'.repeat(1000) + '\\"[{'.repeat(1000) + '\\\\'
  t.strictSame(json(`{"a":"${brackets}"}`), { a: JSON.parse(`"${brackets}"`) as string })
  t.strictSame(json(`{"a":[${'[],'.repeat(500)}[]]}`)['a'], new Array(501).fill([]))
  t.end()
})

t.test('refuses more than 1000 strings, keys included', (t) => {
  const strings = (count: number) => `{"a":[${new Array(count - 1).fill('"x"').join()}]}`
  t.ok(json(strings(1000)))
  t.throws(
    () => json(strings(1001)),
    refusal('refused JSON input due to high complexity: exceeded maximum number of strings'),
  )
  t.ok(json(`{"a":"${'\\"'.repeat(5000)}"}`))
  t.end()
})

t.test('refuses what takes too much memory once parsed, but not one long string', (t) => {
  const size = 32 * 1024 * 1024
  const tooMuch = refusal('refused JSON input due to high complexity: exceeded maximum estimated memory limits')
  t.throws(() => json(`{"a":[${'{},'.repeat(size / 3 - 4)}{}]}`), tooMuch)
  t.throws(() => json(`{"a":[${'[],'.repeat(size / 3 - 4)}[]]}`), tooMuch)
  t.throws(() => json(`{"a":[${'1,'.repeat(size / 2 - 8)}1]}`), tooMuch)
  t.equal((json(`{"a":"${'x'.repeat(size - 16)}"}`)['a'] as string).length, size - 16)
  t.ok(json(`{"a":[${'1,'.repeat(1_000_000)}1]}`))
  t.end()
})

t.test('parameters are decoded once, a repeated one is an array', (t) => {
  t.strictSame(
    { ...parseParameters('a=1&b=x+y%2Bz&a=2&c&=e&&a=%2525') },
    { a: ['1', '2', '%25'], b: 'x y+z', c: '', '': 'e' },
  )
  t.strictSame({ ...parseParameters('') }, {})
  t.strictSame({ ...parseParameters('k=a=b&%6b=c') }, { k: ['a=b', 'c'] })
  t.end()
})

t.test('parameters named like what objects inherit are just parameters', (t) => {
  const parameters = parseParameters('__proto__=a&__proto__=b&constructor=c&toString=d')
  t.strictSame(Object.entries(parameters), [
    ['__proto__', ['a', 'b']],
    ['constructor', 'c'],
    ['toString', 'd'],
  ])
  t.end()
})

t.test('refuses malformed escapes, NUL and floods of parameters', (t) => {
  for (const text of ['a=%zz', '%=a', 'a=%ff', 'a=%f0%9f']) {
    t.throws(() => parseParameters(text), refusal('invalid URL escape'), text)
  }
  t.throws(() => parseParameters('a=%00'), refusal(/NUL/))
  t.throws(() => parseParameters('a&'.repeat(1001)), refusal('too many parameters'))
  t.end()
})

t.test('a form holds no NUL, escaped or not', (t) => {
  for (const form of ['a=%00', 'a=\0', '\0=a', 'a=+\0']) {
    t.throws(
      () => parseBody(Buffer.from(form), 'application/x-www-form-urlencoded'),
      refusal('a parameter contains NUL'),
    )
  }
  t.end()
})

t.test('a form of more than 1 MiB is refused before it is decoded', (t) => {
  const form = (bytes: number) => () =>
    parseBody(Buffer.from(`a=${'+'.repeat(bytes - 2)}`), 'application/x-www-form-urlencoded')
  t.doesNotThrow(form(1024 * 1024))
  t.throws(form(1024 * 1024 + 1), { message: 'http: request body too large' })
  t.end()
})

t.test('parameters survive a round trip through URLSearchParams', (t) => {
  const key = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'))
  const pairs = fc.array(fc.tuple(key, key), { maxLength: 20 })
  fc.assert(
    fc.property(pairs, (list) => {
      const query = new URLSearchParams(list)
      const parsed = parseParameters(query.toString())
      for (const name of query.keys()) {
        const all = query.getAll(name)
        t.strictSame(parsed[name], all.length === 1 ? all[0] : all)
      }
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('a form is read only when it is called one and does not begin like JSON', (t) => {
  const form = 'application/x-www-form-urlencoded'
  const parse = (text: string, contentType?: string) => ({ ...parseBody(Buffer.from(text), contentType) })
  t.strictSame(parse('a=1&a=2&b=x%2Cy', form), { a: '1,2', b: 'x,y' })
  t.strictSame(parse('a=1', 'Application/X-WWW-Form-Urlencoded; charset=utf-8'), { a: '1' })
  t.strictSame(parse('', form), {})
  t.strictSame(parse(' \r\n\t{"a":1}', form), { a: 1 })
  t.strictSame(parse('{"a":1}', 'text/plain'), { a: 1 })
  t.strictSame(parse('{"a":1}'), { a: 1 })
  t.throws(() => parse('[1]', form), refusal(/cannot unmarshal array/))
  t.throws(() => parse('a=1', 'text/plain'), refusal(/^failed to decode JSON input/))
  t.throws(() => parse('a=%zz', form), refusal('invalid URL escape'))
  t.throws(() => parseBody(Buffer.from('a=\xff', 'latin1'), form), refusal('error parsing form data'))
  t.end()
})

t.test('a media type is compared without its parameters and case', (t) => {
  t.equal(mediaType('Application/JSON ; charset=utf-8'), 'application/json')
  t.end()
})
