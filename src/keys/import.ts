/** Private keys that others have made, in any of the forms in which they are passed around. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { ChanceryError, invalidRequest } from '../errors.ts'
import type { PublicKey } from '../x509/algorithms.ts'
import { parsePublicKey } from '../x509/public-key.ts'

export interface ImportedKey extends PublicKey {
  /** DER; how the store keeps it. */
  readonly pkcs8: Buffer
}

/** PEM labels lie often enough, so what is inside is tried as each of them. */
const forms = ['sec1', 'pkcs1', 'pkcs8'] as const

const load = (der: Buffer): KeyObject => {
  for (const type of forms) {
    try {
      return createPrivateKey({ key: der, format: 'der', type })
    } catch {
      // Not this form; what OpenSSL says about it could quote the key.
    }
  }
  throw invalidRequest('failed to parse PEM block: it holds no private key in the form of SEC 1, PKCS#1 or PKCS#8')
}

const read = (key: KeyObject): PublicKey => {
  const publicKey = parsePublicKey(createPublicKey(key).export({ format: 'der', type: 'spki' }))
  if (!publicKey) throw invalidRequest('unsupported unknown private key type')
  if (publicKey.type === 'rsa' && publicKey.bits < 2048) {
    throw invalidRequest(`RSA keys < 2048 bits are unsafe and not supported: got ${publicKey.bits}`)
  }
  return publicKey
}

const number = (base64url: unknown): bigint =>
  BigInt(`0x${Buffer.from(String(base64url), 'base64url').toString('hex')}`)

/**
 * Does the public half belong to the private one? OpenSSL believes what the file says of the point of an EC key, and
 * signs with an RSA key whose primes are not those of its modulus without using them.
 */
const isConsistent = (key: KeyObject, { type }: PublicKey): boolean => {
  if (type === 'rsa') {
    const { n, p, q } = key.export({ format: 'jwk' })
    if (number(p) * number(q) !== number(n)) return false
  }
  const bytes = randomBytes(32)
  const digest = type === 'ed25519' ? null : 'sha256'
  return verify(digest, bytes, createPublicKey(key), sign(digest, bytes, key))
}

/** @throws ChanceryError for what is no private key, not one that we sign with, or not of one piece */
export const importPrivateKey = (der: Buffer): ImportedKey => {
  const key = load(der)
  try {
    const publicKey = read(key)
    if (!isConsistent(key, publicKey)) throw invalidRequest('the private key does not match its public key')
    return { ...publicKey, pkcs8: key.export({ format: 'der', type: 'pkcs8' }) }
  } catch (error) {
    if (error instanceof ChanceryError) throw error
    throw invalidRequest('the private key cannot be used')
  }
}
