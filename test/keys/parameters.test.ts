import t from 'tap'
import { keyParameters, signatureBits } from '../../src/keys/parameters.ts'

t.test('0 is the default size of the type', async (t) => {
  t.equal(keyParameters('rsa', 0).bits, 2048)
  t.equal(keyParameters('ec', 0).bits, 256)
  t.equal(keyParameters('ed25519', 0).bits, 0)
  t.equal(keyParameters('any', 0).bits, 0)
})

t.test('takes the sizes that Vault takes', async (t) => {
  for (const bits of [2048, 3072, 4096, 8192]) t.equal(keyParameters('rsa', bits).bits, bits)
  for (const bits of [224, 256, 384, 521]) t.equal(keyParameters('ec', bits).bits, bits)
  t.equal(keyParameters('ed25519', 17).bits, 17)
  t.equal(keyParameters('any', 1024).bits, 1024)
})

t.test('refuses others in the words of Vault', async (t) => {
  const cases = [
    ['rsa', 1024, 'RSA keys < 2048 bits are unsafe and not supported: got 1024'],
    ['rsa', -1, 'RSA keys < 2048 bits are unsafe and not supported: got -1'],
    ['rsa', 2049, 'unsupported bit length for RSA key: 2049'],
    ['ec', 2048, 'unsupported bit length for EC key: 2048'],
    ['dsa', 0, 'unknown key type dsa'],
    ['RSA', 0, 'unknown key type RSA'],
    ['', 0, 'unknown key type '],
    ['constructor', 0, 'unknown key type constructor'],
  ] as const
  for (const [type, bits, message] of cases) {
    t.throws(() => keyParameters(type, bits), { kind: 'invalid request', message }, message)
  }
})

t.test('the hash is chosen for RSA, kept for EC, and of no meaning elsewhere', async (t) => {
  t.equal(signatureBits('rsa', 0), 256)
  t.equal(signatureBits('rsa', 512), 512)
  t.equal(signatureBits('ec', 384), 384)
  t.equal(signatureBits('ed25519', 512), 0)
  t.equal(signatureBits('any', 512), 0)
  t.throws(() => signatureBits('rsa', 224), { message: 'unsupported hash signature algorithm: 224' })
})
