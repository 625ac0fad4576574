/**
 * Key shares as operators bring them: their text form, the rules for how many there may be, and the collection that
 * unseal, rekey and generate-root each fill share by share. Collections live in one process and are never stored.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { invalidRequest } from '../errors.ts'
import { combineShares } from './shamir.ts'

/** Vault's bounds for a share: the smallest AES key, and the largest with its x coordinate. */
const shortest = 16
const longest = 33

/**
 * Hex or padded base64. Text that is valid hex but of an impossible length is base64 that happens to look like it.
 * @throws ChanceryError in Vault's words, never with the text
 */
export const decodeShare = (text: string): Buffer => {
  // Anybody may send one: what is far too long is not looked at.
  if (text.length > longest * 4) throw invalidRequest("'key' must be a valid hex or base64 string")
  if (/^([0-9a-fA-F]{2})+$/.test(text) && text.length >= shortest * 2 && text.length <= longest * 2) {
    return Buffer.from(text, 'hex')
  }
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw invalidRequest("'key' must be a valid hex or base64 string")
  }
  return Buffer.from(text, 'base64')
}

/** Why the share cannot be one, by its length alone. */
export const lengthComplaint = (share: Uint8Array): string | undefined => {
  if (share.length < shortest) return `key is shorter than minimum ${shortest} bytes`
  if (share.length > longest) return `key is longer than maximum ${longest} bytes`
  return undefined
}

/**
 * A share as rekey and generate-root take it.
 * @throws ChanceryError in Vault's words
 */
export const requiredShare = (text: string): Buffer => {
  if (text === '') throw invalidRequest("'key' must be specified in request body as JSON")
  const share = decodeShare(text)
  const complaint = lengthComplaint(share)
  if (complaint) throw invalidRequest(complaint)
  return share
}

/** Why these numbers are no way to split a key, in Vault's words and order. */
export const countComplaint = (shares: number, threshold: number): string | undefined => {
  if (shares < 1) return 'shares must be at least one'
  if (threshold < 1) return 'threshold must be at least one'
  if (shares > 1 && threshold < 2) return 'threshold must be greater than one for multiple shares'
  if (shares > 255) return 'shares must be less than 256'
  if (threshold > 255) return 'threshold must be less than 256'
  if (threshold > shares) return 'threshold cannot be larger than shares'
  return undefined
}

/** Constant time in the bytes; the lengths are no secret. */
export const sameSecret = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

export class ShareCollection {
  readonly nonce: string = randomUUID()
  #shares: Buffer[] = []

  get size(): number {
    return this.#shares.length
  }

  /** Takes the share in. `false` when the very same one is here already; it does not count twice. */
  add(share: Buffer): boolean {
    let known = false
    // No early end: how long this takes must not tell which share it resembles.
    for (const existing of this.#shares) known = sameSecret(existing, share) || known
    if (!known) this.#shares.push(share)
    return !known
  }

  /** The secret that the shares give, as `combineShares`. The collection is empty afterwards, whatever comes of it. */
  async combine(): Promise<Buffer | undefined> {
    try {
      return await combineShares(this.#shares)
    } finally {
      this.clear()
    }
  }

  clear(): void {
    for (const share of this.#shares) share.fill(0)
    this.#shares = []
  }
}
