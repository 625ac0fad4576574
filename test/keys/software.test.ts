import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { generateKey } from '../../src/keys/generate.ts'
import { softwareSigner } from '../../src/keys/software.ts'
import type { KeyType } from '../../src/x509/algorithms.ts'
import { signerSuite } from './signer-suite.ts'

const kinds: [KeyType, number][] = [
  ['ec', 224],
  ['ec', 256],
  ['ec', 384],
  ['ec', 521],
  ['ed25519', 0],
  ['rsa', 2048],
]

for (const [type, bits] of kinds) {
  t.test(`a software signer with a key of type ${type} ${bits || ''} signs as a signer must`, async (t) => {
    const key = await generateKey(type, bits)
    const signer = softwareSigner(key.pkcs8)
    t.same(signer.publicKey.spki, key.spki)
    await signerSuite(t, signer)
  })
}

t.test('slow keys do not sign on the event loop, quick ones do', async (t) => {
  for (const [type, bits] of kinds) {
    const signer = softwareSigner((await generateKey(type, bits)).pkcs8)
    const result = signer.sign(Buffer.from('x'), signer.defaultAlgorithm)
    const slow = type === 'rsa' || bits > 256
    t.equal(result instanceof Promise, slow, `${type} ${bits}`)
    await result
  }
})

t.test('refuses a key that nothing is issued with', async (t) => {
  const { privateKey } = generateKeyPairSync('ed448')
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  t.throws(() => softwareSigner(pkcs8), { kind: 'internal', message: /unknown type/ })
})
