/**
 * AES-256-GCM with a random nonce, in the one layout that everything encrypted at rest has:
 * version byte 2, 12-byte nonce, ciphertext, 16-byte tag.
 *
 * The danger is a repeated nonce: two messages under one key and one nonce give both away. Nonces are random, so a
 * key must stay well below 2^32 messages (NIST SP 800-38D §8.3); `seal.ts` counts them and changes the key in time.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Vault's "AAD is the place" version. A layout to come takes the next number, and the old one stays readable. */
const version = 2
const nonceBytes = 12
const tagBytes = 16

export const keyBytes = 32

/** A new AES-256 key, from the system's random generator. */
export const newKey = (): Buffer => randomBytes(keyBytes)

/**
 * The place of a value (table, column, primary key …) as bytes that no other place has: each part is preceded by its
 * length, so ("ab", "c") and ("a", "bc") differ.
 */
const placeBytes = (place: readonly string[]): Buffer =>
  Buffer.concat(
    place.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8')
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )

/** Encrypts `plaintext` so that only the same key, at the same place, opens it. */
export const encryptAt = (key: Uint8Array, place: readonly string[], plaintext: Uint8Array): Buffer => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.concat([Buffer.of(version), placeBytes(place)]))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([Buffer.of(version), nonce, ciphertext, cipher.getAuthTag()])
}

/** The plaintext, or `undefined`: another key, another place, or changed bytes. Which of them, nobody can tell. */
export const decryptAt = (key: Uint8Array, place: readonly string[], bytes: Uint8Array): Buffer | undefined => {
  if (bytes.length < 1 + nonceBytes + tagBytes || bytes[0] !== version) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.concat([Buffer.of(version), placeBytes(place)]))
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  const plaintext = decipher.update(bytes.subarray(1 + nonceBytes, bytes.length - tagBytes))
  try {
    decipher.final()
  } catch {
    // GCM hands out bytes before the tag is checked: they must go nowhere.
    plaintext.fill(0)
    return undefined
  }
  return plaintext
}
