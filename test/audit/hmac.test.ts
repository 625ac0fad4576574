import fc from 'fast-check'
import t from 'tap'
import { makeHmac, newHmacKey } from '../../src/audit/hmac.ts'
import { hmacOf } from '../support/audit-calls.ts'

t.test('is HMAC-SHA256 of the UTF-8 text, the first time and every other', async (t) => {
  const key = newHmacKey()
  const hmac = makeHmac(key)
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 40, maxLength: 400 }))
  fc.assert(
    fc.property(text, (value) => {
      const expected = hmacOf(key, value)
      return [1, 2, 3].every(() => hmac(value) === expected)
    }),
  )
  t.match(hmac('x'), /^hmac-sha256:[0-9a-f]{64}$/)
})

t.test('tells texts apart that look alike to its filter', async (t) => {
  const key = newHmacKey()
  const hmac = makeHmac(key)
  // Equal at every 32nd of their length, where the fingerprint looks.
  const texts = ['a', 'b', 'c'].map((letter) => `${'x'.repeat(1000)}${letter}${'x'.repeat(1047)}`)
  for (let round = 0; round < 4; round++) {
    for (const text of texts) t.equal(hmac(text), hmacOf(key, text))
  }
})

t.test('stays right when more texts come than it remembers', async (t) => {
  const key = newHmacKey()
  const hmac = makeHmac(key)
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 2500; at++) hmac(`text ${at}`)
  }
  for (const at of [0, 1, 1249, 2499]) t.equal(hmac(`text ${at}`), hmacOf(key, `text ${at}`))
})

t.test('takes bytes and long texts', async (t) => {
  const key = newHmacKey()
  const hmac = makeHmac(key)
  const bytes = Buffer.from('00ff80', 'hex')
  t.equal(hmac(bytes), hmacOf(key, bytes))
  t.equal(hmac(bytes), hmacOf(key, bytes))
  const long = 'é'.repeat(50_000)
  t.equal(hmac(long), hmacOf(key, long))
})

t.test('needs the bytes of its key no longer once it is made', async (t) => {
  const key = newHmacKey()
  const expected = hmacOf(key, 'text')
  const hmac = makeHmac(key)
  key.fill(0)
  t.equal(hmac('text'), expected)
})
