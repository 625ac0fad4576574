/** Is it this key that made this signature? */
import { createPublicKey, type KeyObject, verify, type VerifyKeyObjectInput } from 'node:crypto'
import type { SignatureAlgorithm } from './algorithms.ts'
import type { ParsedCertificate } from './certificate.ts'
import { malformed } from './der-reader.ts'

export interface Signed {
  readonly signed: Buffer
  /** `undefined` for one that we do not know: nothing is verified by it. */
  readonly algorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
}

export const isSignedBy = (key: KeyObject, { signed, algorithm, signature }: Signed): boolean => {
  if (!algorithm || algorithm.keyType !== key.asymmetricKeyType) return false
  const input: VerifyKeyObjectInput = { key }
  if (algorithm.padding !== undefined) input.padding = algorithm.padding
  if (algorithm.saltLength !== undefined) input.saltLength = algorithm.saltLength
  try {
    return verify(algorithm.digest, signed, input, signature)
  } catch {
    // OpenSSL throws where the key and the scheme do not fit, such as a modulus too short for the hash.
    return false
  }
}

/** The key as OpenSSL reads it, which refuses a point that is not on its curve. @throws invalid request */
export const loadPublicKey = (spki: Buffer): KeyObject => {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch {
    throw malformed('invalid public key')
  }
}

/** Did the key of `issuer` sign `certificate`? Names, dates and usages are not looked at. */
export const isCertificateSignedBy = (certificate: ParsedCertificate, issuer: ParsedCertificate): boolean => {
  const { tbs, signatureAlgorithm, signature } = certificate
  return isSignedBy(loadPublicKey(issuer.spki), { signed: tbs, algorithm: signatureAlgorithm, signature })
}
