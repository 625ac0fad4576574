/**
 * Token ids as the store knows them. The HMAC's key is a secret of the barrier, so a copy of the database gives no
 * way to test a guessed token; and equal hashes are found by an index, so no secret is ever compared byte by byte.
 */
import { createHmac, type KeyObject } from 'node:crypto'

export interface TokenHasher {
  /** HMAC-SHA256 of a token id. @throws sealed */
  hash(id: string): Uint8Array
}

/** `key` gives the barrier's `token` key, and throws while the server is sealed. */
export const makeTokenHasher = (key: () => KeyObject): TokenHasher => ({
  hash: (id) => createHmac('sha256', key()).update(id).digest(),
})
