/**
 * Token id → caller. The step that every call with a token takes, so its happy path is an HMAC and a look into the
 * cache; the cache is a lease (store/cache.ts), so a token revoked on any replica stops here within a second.
 */
import { ChanceryError } from '../../errors.ts'
import type { Caller } from '../../route.ts'
import { Cache } from '../../store/cache.ts'
import type { Changes } from '../../store/changes.ts'
import type { Db } from '../../store/database.ts'
import { deleteTokenTree, findToken, useToken, type LiveToken } from '../../store/tokens.ts'
import type { TokenHasher } from './hash.ts'

export interface Authenticated {
  caller: Caller
  token: LiveToken
  /** This was the token's last use: after the answer it is to be revoked. */
  spent: boolean
}

export const invalidToken = (): ChanceryError => new ChanceryError('invalid token', 'invalid token')

/** Key of a token in the cache and in its invalidations. */
export const tokenKey = (hash: Uint8Array): string => Buffer.from(hash).toString('base64url')

const callerOf = (token: LiveToken): Caller => ({
  tokenHash: token.hash,
  accessor: token.accessor,
  displayName: token.display_name,
  policies: token.policies,
  tokenPolicies: token.policies,
  tokenType: token.type,
  entityId: token.entity_id,
  meta: token.meta,
  isRoot: token.policies.length === 1 && token.policies[0] === 'root',
  tokenTtl: token.creation_ttl,
  issuedAt: token.created_at,
})

interface CachedToken {
  token: LiveToken
  caller: Caller
}

export class Authenticator {
  readonly #db: Db
  readonly #changes: Changes
  readonly #hasher: TokenHasher
  readonly #cache: Cache<CachedToken>

  constructor({ db, changes, hasher }: { db: Db; changes: Changes; hasher: TokenHasher }) {
    this.#db = db
    this.#changes = changes
    this.#hasher = hasher
    this.#cache = new Cache<CachedToken>(changes, 'token', { max: 100_000 })
  }

  /**
   * Counts a use of a use-limited token, even if the request is refused later (Vault does).
   * @throws invalid token: unknown, expired, spent, or a parent of it is
   */
  async authenticate(id: string): Promise<Authenticated> {
    const found = await this.find(id)
    if (!found) throw invalidToken()
    const { token, caller } = found
    if (token.num_uses === 0) return { caller, token, spent: false }
    // Never from the cache: every replica counts in the one database.
    const left = await useToken(this.#db, token.hash)
    if (left === undefined) throw invalidToken()
    return { caller, token: { ...token, num_uses: Math.max(left, 0) }, spent: left < 0 }
  }

  /** The same without counting a use; `undefined` where `authenticate` would throw. */
  async find(id: string): Promise<CachedToken | undefined> {
    const hash = this.#hasher.hash(id)
    const key = [tokenKey(hash)]
    const found =
      this.#cache.peek(key) ??
      (await this.#cache.get(key, async () => {
        const token = await findToken(this.#db, hash)
        return token && { token, caller: callerOf(token) }
      }))
    if (!found) return undefined
    const { line_expires_at: end, num_uses: uses } = found.token
    return (end && end <= this.#changes.now()) || uses < 0 ? undefined : found
  }

  /** Deletes a token and all that it made, and tells every replica. */
  async revoke(hash: Uint8Array): Promise<void> {
    await this.#changes.transaction(async (tx, changed) => {
      for (const gone of await deleteTokenTree(tx, hash)) changed('token', tokenKey(gone))
    })
  }
}
