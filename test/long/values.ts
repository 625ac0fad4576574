/** Parameters that nobody should send. */
import type { Random } from './random.ts'

const texts = [
  '',
  ' ',
  '\0',
  'a\0.fuzz.example.com',
  'a\n.fuzz.example.com',
  'a.fuzz.example.com.',
  'a..fuzz.example.com',
  '.fuzz.example.com',
  'a.fuzz.example.com\u202e',
  'ａ.fuzz.example.com',
  'a。fuzz.example.com',
  'xn--a.fuzz.example.com',
  'bücher.fuzz.example.com',
  '192.0.2.1',
  '::1',
  'user@fuzz.example.com',
  'a@b@fuzz.example.com',
  '*',
  '*.*.fuzz.example.com',
  'x'.repeat(64),
  `${'x'.repeat(64)}.fuzz.example.com`,
  `${'a.'.repeat(130)}fuzz.example.com`,
  'x'.repeat(70_000),
  '1.5h',
  '-1h',
  'NaN',
  'Infinity',
  '1e99',
  '99999999999999999999',
  '9999-12-31T23:59:59Z',
  '0001-01-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '1.2.3;utf8:x',
  '3.99.1;utf8:x',
  '1.2.3;utf8',
  'spiffe://fuzz.example.com/a',
  'http://[',
  'javascript:alert(1)',
  '10.0.0.0/8',
  '[{"oid":"1.2.3"}]',
  '[{"oid":1}]',
  '__proto__',
  'constructor',
  '\ud800',
  '{{identity.entity.name}}',
  'default',
  'rsa',
  'ec',
  'ed25519',
  'any',
  'DigitalSignature',
  'CertSign',
  'CRLSign',
]

export const hostileText = (random: Random): string => random.pick(texts)

const numbers = [0, 1, -1, 1.5, 2048, 1024, 521, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308]

/** A JSON value of any kind. */
export const anyValue = (random: Random, depth = 0): unknown => {
  switch (random.int(depth > 2 ? 5 : 8)) {
    case 0:
      return random.pick(numbers)
    case 1:
      return random.pick([true, false, null])
    case 5:
      return Array.from({ length: random.int(4) }, () => anyValue(random, depth + 1))
    case 6:
      return { [hostileText(random).slice(0, 100)]: anyValue(random, depth + 1) }
    case 7:
      return [hostileText(random), hostileText(random)].join(',')
    default:
      return hostileText(random)
  }
}
