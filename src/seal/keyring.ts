/**
 * The keyring: one AES-256 key per term. The highest term encrypts; the older ones only decrypt what they once wrote.
 * A plain value, so that it can be encrypted under the root key, and handed to a worker process over its channel.
 */
import { keyBytes, newKey } from './aes-gcm.ts'

export interface Keyring {
  /** Index 0 is term 1. Never empty. */
  readonly keys: readonly Buffer[]
}

export const newKeyring = (): Keyring => ({ keys: [newKey()] })

/** The keyring with one term more, which from then on encrypts. */
export const withNewTerm = (keyring: Keyring): Keyring => ({ keys: [...keyring.keys, newKey()] })

export const newestTerm = (keyring: Keyring): number => keyring.keys.length

/** The keys one after the other, from term 1. */
export const encodeKeyring = (keyring: Keyring): Buffer => Buffer.concat(keyring.keys)

/** @throws Error when the length is no whole number of keys: the bytes are authenticated, so this is our own fault. */
export const decodeKeyring = (bytes: Uint8Array): Keyring => {
  if (bytes.length === 0 || bytes.length % keyBytes !== 0) throw new Error('the keyring has an impossible length')
  const keys: Buffer[] = []
  for (let at = 0; at < bytes.length; at += keyBytes) keys.push(Buffer.from(bytes.subarray(at, at + keyBytes)))
  return { keys }
}

/** Overwrites the keys. Nothing can be decrypted with this value afterwards. */
export const wipeKeyring = (keyring: Keyring): void => {
  for (const key of keyring.keys) key.fill(0)
}
