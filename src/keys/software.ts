/** Signers whose private key lies in this process's memory. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, type SignKeyObjectInput } from 'node:crypto'
import { ChanceryError } from '../errors.ts'
import { defaultSignature, type PublicKey, type SignatureAlgorithm, signatureAlgorithms } from '../x509/algorithms.ts'
import { parsePublicKey } from '../x509/public-key.ts'
import type { Signer } from './signer.ts'

/**
 * Ed25519 and the small curves sign in well under half a millisecond: less than handing the work to a thread disturbs.
 * P-384, P-521 and RSA take up to tens of milliseconds and would hold up every other request.
 */
const signsOnEventLoop = ({ type, bits }: PublicKey): boolean => type === 'ed25519' || (type === 'ec' && bits <= 256)

const input = (key: KeyObject, algorithm: SignatureAlgorithm): SignKeyObjectInput => {
  const given: SignKeyObjectInput = { key }
  if (algorithm.padding !== undefined) given.padding = algorithm.padding
  if (algorithm.saltLength !== undefined) given.saltLength = algorithm.saltLength
  return given
}

const signInThread = (bytes: Uint8Array, algorithm: SignatureAlgorithm, key: KeyObject): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    sign(algorithm.digest, bytes, input(key, algorithm), (error, signature) => {
      if (error) reject(error)
      else resolve(signature)
    })
  })

/** @param pkcs8 the private key, DER. @throws internal for a key of a kind that we do not issue with */
export const softwareSigner = (pkcs8: Buffer): Signer => {
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const publicKey = parsePublicKey(createPublicKey(key).export({ format: 'der', type: 'spki' }))
  if (!publicKey) throw new ChanceryError('internal', 'private key of an unknown type')
  const algorithms = Object.values<SignatureAlgorithm>(signatureAlgorithms).filter(
    ({ keyType }) => keyType === publicKey.type,
  )
  const onEventLoop = signsOnEventLoop(publicKey)
  return {
    publicKey,
    algorithms,
    defaultAlgorithm: defaultSignature(publicKey),
    sign: (bytes, algorithm) => {
      if (!algorithms.includes(algorithm)) {
        throw new ChanceryError('internal', `${algorithm.name} does not work with a key of type ${publicKey.type}`)
      }
      return onEventLoop ? sign(algorithm.digest, bytes, input(key, algorithm)) : signInThread(bytes, algorithm, key)
    },
  }
}
