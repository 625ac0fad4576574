/**
 * Shamir's secret sharing over GF(2^8), in Vault's form of a share: the secret's length and one byte more, the x
 * coordinate last. One share alone is the secret itself. The arithmetic is an audited library's; nothing here is ours.
 */
import { combine, split } from 'shamir-secret-sharing'

/**
 * `shares` shares of `secret`, any `threshold` of which give it back.
 * @param shares 1 to 255; with 1 the share is a copy of the secret
 * @param threshold 2 to `shares`; 1 when there is one share
 */
export const splitSecret = async (secret: Uint8Array, shares: number, threshold: number): Promise<Buffer[]> => {
  if (shares === 1) return [Buffer.from(secret)]
  // The library wants no subclass of Uint8Array.
  const copy = new Uint8Array(secret)
  try {
    return (await split(copy, shares, threshold)).map((share) => Buffer.from(share))
  } finally {
    copy.fill(0)
  }
}

/**
 * The secret behind exactly `threshold` shares. Shares that do not belong together give a wrong secret, and only using
 * it tells; `undefined` is for shares that cannot belong together (unequal lengths, one x coordinate twice).
 */
export const combineShares = async (shares: readonly Uint8Array[]): Promise<Buffer | undefined> => {
  const [first] = shares
  if (!first) return undefined
  if (shares.length === 1) return Buffer.from(first)
  const copies = shares.map((share) => new Uint8Array(share))
  try {
    return Buffer.from(await combine(copies))
  } catch {
    return undefined
  } finally {
    for (const copy of copies) copy.fill(0)
  }
}
