/** What every signer must do, wherever its private key lies. */
import { constants, createPublicKey, verify } from 'node:crypto'
import type { Test } from 'tap'
import type { Signer } from '../../src/keys/signer.ts'
import { defaultSignature, signatureAlgorithms } from '../../src/x509/algorithms.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'

export const signerSuite = async (t: Test, signer: Signer): Promise<void> => {
  const { publicKey } = signer
  const message = Buffer.from('to be signed')
  const key = createPublicKey({ key: publicKey.spki, format: 'der', type: 'spki' })

  t.same(parsePublicKey(publicKey.spki), publicKey, 'says what kind of key its public key is')
  t.equal(signer.defaultAlgorithm, defaultSignature(publicKey), 'signs by default as its key is best signed with')
  t.ok(signer.algorithms.includes(signer.defaultAlgorithm), 'can sign with its default')
  t.same(
    signer.algorithms,
    Object.values(signatureAlgorithms).filter(({ keyType }) => keyType === publicKey.type),
    'can sign with everything for its type of key',
  )
  for (const algorithm of signer.algorithms) {
    const signature = await signer.sign(message, algorithm)
    const padding = algorithm.padding ?? constants.RSA_PKCS1_PADDING
    const options = algorithm.saltLength === undefined ? { padding } : { padding, saltLength: algorithm.saltLength }
    const given = publicKey.type === 'rsa' ? { key, ...options } : key
    t.ok(verify(algorithm.digest, message, given, signature), `its signature by ${algorithm.name} verifies`)
    t.notOk(verify(algorithm.digest, Buffer.from('other'), given, signature), 'and only over what was signed')
  }
  const others = Object.values(signatureAlgorithms).filter(({ keyType }) => keyType !== publicKey.type)
  for (const algorithm of others) {
    t.throws(() => signer.sign(message, algorithm), { kind: 'internal', message: /does not work/ }, algorithm.name)
  }
  t.notOk(JSON.stringify(signer).includes('private'), 'shows no private key')
}
