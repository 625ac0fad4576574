import t from 'tap'
import { planKey, refuseUnlessKeyAllowed } from '../../../src/pki/issuance/key-rules.ts'
import type { PublicKey } from '../../../src/x509/algorithms.ts'

const key = (type: PublicKey['type'], bits: number): PublicKey => ({ type, bits, spki: Buffer.alloc(0) })

t.test('a CSR must bring a key of the type of the role, and no smaller one', async (t) => {
  const table: readonly (readonly [key_type: string, key_bits: number, key: PublicKey, message: string | undefined])[] =
    [
      ['ec', 256, key('ec', 256), undefined],
      ['ec', 256, key('ec', 384), undefined],
      ['ec', 384, key('ec', 256), "role requires a minimum of a 384-bit key, but CSR's key is 256 bits"],
      ['ec', 256, key('rsa', 2048), 'role requires keys of type ec'],
      ['ed25519', 0, key('ed25519', 0), undefined],
      ['ed25519', 4096, key('ed25519', 0), undefined],
      ['ed25519', 0, key('ec', 256), 'role requires keys of type ed25519'],
      ['rsa', 2048, key('rsa', 3000), undefined],
      ['rsa', 2048, key('rsa', 1024), "role requires a minimum of a 2048-bit key, but CSR's key is 1024 bits"],
      ['any', 0, key('ec', 224), undefined],
      ['any', 0, key('rsa', 2048), undefined],
      ['any', 4096, key('rsa', 2048), undefined],
      ['any', 0, key('rsa', 2047), 'RSA keys < 2048 bits are unsafe and not supported'],
      ['any', 0, key('ed25519', 0), undefined],
    ]
  for (const [key_type, key_bits, publicKey, message] of table) {
    const title = `${key_type} ${key_bits}: ${publicKey.type} ${publicKey.bits}`
    const check = () => refuseUnlessKeyAllowed({ key_type, key_bits }, publicKey)
    if (message === undefined) t.doesNotThrow(check, title)
    else t.throws(check, { kind: 'invalid request', message }, title)
  }
})

t.test('a role of any type leaves the choice to the request', async (t) => {
  const any = { key_type: 'any', key_bits: 0 }
  t.throws(() => planKey(any, {}), {
    message:
      'role key type "any" not allowed for issuing certificates without providing key_type and/or key_bits request parameters',
  })
  t.match(planKey(any, { key_type: 'ec', key_bits: 384 }), { type: 'ec', bits: 384, warnings: [] })
  t.match(planKey(any, { key_type: 'rsa' }), { type: 'rsa', bits: 2048 })
  t.throws(() => planKey(any, { key_type: 'any' }), { message: 'unknown key type any' })
  t.throws(() => planKey(any, { key_type: 'ec', key_bits: 2048 }), { message: /unsupported bit length/ })
})

t.test('a role of one type takes no choice', async (t) => {
  t.same(planKey({ key_type: 'ec', key_bits: 256 }, { key_bits: 384 }), {
    type: 'ec',
    bits: 256,
    warnings: ['parameters key_type and key_bits ignored as role had specific values'],
  })
})
