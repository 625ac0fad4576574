/** `key_type`, `key_bits` and `signature_bits`, as Vault checks them and fills them in. */
import { invalidRequest } from '../errors.ts'
import { curves, type KeyType } from '../x509/algorithms.ts'

const rsaBits: readonly number[] = [2048, 3072, 4096, 8192]
const rsaMinimum = 2048

const defaultBits: Record<string, number> = { rsa: 2048, ec: 256 }

/** `any` is for roles that only sign. */
export type RoleKeyType = KeyType | 'any'

export interface KeyParameters {
  readonly type: RoleKeyType
  readonly bits: number
}

const isKeyType = (type: string): type is RoleKeyType => ['rsa', 'ec', 'ed25519', 'any'].includes(type)

/**
 * @param bits 0 for the type's default; Ed25519 and `any` keep what is given and look at it no further
 * @throws invalid request in Vault's words
 */
export const keyParameters = (type: string, bits: number): KeyParameters => {
  if (!isKeyType(type)) throw invalidRequest(`unknown key type ${type}`)
  const resolved = bits || (defaultBits[type] ?? 0)
  if (type === 'rsa' && resolved < rsaMinimum) {
    throw invalidRequest(`RSA keys < ${rsaMinimum} bits are unsafe and not supported: got ${resolved}`)
  }
  if (type === 'rsa' && !rsaBits.includes(resolved)) {
    throw invalidRequest(`unsupported bit length for RSA key: ${resolved}`)
  }
  if (type === 'ec' && !curves.has(resolved)) throw invalidRequest(`unsupported bit length for EC key: ${resolved}`)
  return { type, bits: resolved }
}

/**
 * @returns the hash's bits for RSA (0 is 256), what was given for EC (the issuer's curve decides at issuance), else 0
 * @throws invalid request in Vault's words
 */
export const signatureBits = (type: RoleKeyType, bits: number): number => {
  if (type === 'ec') return bits
  if (type !== 'rsa') return 0
  const resolved = bits || 256
  if (![256, 384, 512].includes(resolved)) throw invalidRequest(`unsupported hash signature algorithm: ${resolved}`)
  return resolved
}
