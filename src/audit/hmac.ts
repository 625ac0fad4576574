/**
 * A device's HMAC of one text. An issue makes about twenty of them, and most are of texts that come again and again
 * (the chain, the issuer, the token, its accessor), so those are remembered.
 */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'

/** `hmac-sha256:` and 64 hex digits: what `sys/audit-hash` answers for the same text. */
export type Hmac = (value: string | Uint8Array) => string

export const newHmacKey = (): Buffer => randomBytes(32)

/** Texts per generation; at most two generations are kept. */
const generationSize = 1_000
const longestRemembered = 16_384
const filterSlots = 4_096

/** Weak on purpose: tells most texts apart for the price of looking at 32 characters. */
const fingerprint = (text: string): number => {
  const step = Math.ceil(text.length / 32)
  let mixed = text.length + 1
  for (let at = text.length - 1; at >= 0; at -= step) mixed = (Math.imul(mixed, 31) + text.charCodeAt(at)) | 0
  return mixed >>> 0
}

/**
 * Makes the HMAC of a key, and forgets the key's bytes: they may be overwritten afterwards.
 *
 * A text is remembered when it comes the second time, so that private keys and whatever else is made once neither
 * fill the memory nor stay in it. The filter that knows of the first time holds fingerprints only.
 */
export const makeHmac = (keyBytes: Uint8Array): Hmac => {
  const key = createSecretKey(keyBytes)
  const seen = new Uint32Array(filterSlots)
  const ofBytes = new WeakMap<Uint8Array, string>()
  let young = new Map<string, string>()
  let old = new Map<string, string>()

  const compute = (value: string | Uint8Array): string =>
    `hmac-sha256:${createHmac('sha256', key).update(value).digest('hex')}`

  const remember = (text: string, hmac: string): string => {
    if (young.size >= generationSize) [old, young] = [young, new Map()]
    young.set(text, hmac)
    return hmac
  }

  return (value) => {
    if (typeof value !== 'string') {
      // Bodies that are made once and sent often (a CRL, an OCSP response) are the same object every time.
      const known = ofBytes.get(value)
      if (known !== undefined) return known
      const hmac = compute(value)
      ofBytes.set(value, hmac)
      return hmac
    }
    if (value.length > longestRemembered) return compute(value)
    const mark = fingerprint(value)
    const slot = mark % filterSlots
    if (seen[slot] !== mark) {
      seen[slot] = mark
      return compute(value)
    }
    return young.get(value) ?? remember(value, old.get(value) ?? compute(value))
  }
}
