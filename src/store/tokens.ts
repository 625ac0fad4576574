import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export interface TokenRecord {
  readonly hash: Uint8Array
  readonly namespace: string
  readonly accessor: string
  readonly parent: Uint8Array | null
  readonly policies: readonly string[]
  readonly path: string
  readonly meta: Readonly<Record<string, string>> | null
  readonly display_name: string
  /** Uses left; 0 is without limit, -1 spent. */
  readonly num_uses: number
  readonly type: 'service'
  /** Seconds. */
  readonly creation_ttl: number
  readonly explicit_max_ttl: number
  readonly period: number
  readonly renewable: boolean
  readonly orphan: boolean
  readonly role: string | null
  readonly entity_id: string
  readonly bound_cidrs: readonly string[]
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly renewed_at: Date | null
}

/** A token and how long its whole line of parents lasts: it dies with the first of them. */
export interface LiveToken extends TokenRecord {
  readonly line_expires_at: Date | null
}

export const insertToken = async (tx: Tx, token: TokenRecord): Promise<void> => {
  await tx
    .insertInto('tokens')
    .values({
      ...token,
      meta: JSON.stringify(token.meta),
      policies: [...token.policies],
      bound_cidrs: [...token.bound_cidrs],
    })
    .execute()
}

type TokenSelection = { [K in keyof LiveToken]: LiveToken[K] } & { broken: boolean }

/**
 * The token, unless one of its parents is gone. By primary key, once per generation.
 * Expiry is the caller's to judge, since the database's clock is not asked here.
 */
export const findToken = async (db: Db | Tx, hash: Uint8Array): Promise<LiveToken | undefined> => {
  const { rows } = await sql<TokenSelection>`
    with recursive line as (
      select hash, parent, expires_at from tokens where hash = ${hash}
      union all
      select above.hash, above.parent, above.expires_at from tokens above join line on above.hash = line.parent
    )
    select t.hash, t.namespace, t.accessor, t.parent, t.policies, t.path, t.meta, t.display_name, t.num_uses, t.type,
      t.creation_ttl, t.explicit_max_ttl, t.period, t.renewable, t.orphan, t.role, t.entity_id, t.bound_cidrs,
      t.created_at, t.expires_at, t.renewed_at,
      (select min(line.expires_at) from line) as line_expires_at,
      exists (
        select 1 from line where line.parent is not null
          and not exists (select 1 from tokens above where above.hash = line.parent)
      ) as broken
    from tokens t where t.hash = ${hash}`.execute(db)
  const [row] = rows
  if (!row || row.broken) return undefined
  const { broken: _, ...token } = row
  return token
}

/** Holds the parent in place until the child is there, so that revoking it cannot miss the child. */
export const lockToken = async (tx: Tx, hash: Uint8Array): Promise<boolean> => {
  const row = await tx.selectFrom('tokens').select('accessor').where('hash', '=', hash).forKeyShare().executeTakeFirst()
  return row !== undefined
}

/**
 * Counts one use. The last one leaves -1, which no later request gets past.
 * @returns what is left, or `undefined` when nothing was: the token is spent or gone
 */
export const useToken = async (db: Db, hash: Uint8Array): Promise<number | undefined> => {
  const row = await db
    .updateTable('tokens')
    .set({ num_uses: sql<number>`case when num_uses = 1 then -1 else num_uses - 1 end` })
    .where('hash', '=', hash)
    .where('num_uses', '>', 0)
    .returning('num_uses')
    .executeTakeFirst()
  return row?.num_uses
}

export const renewToken = async (tx: Tx, hash: Uint8Array, expiresAt: Date, renewedAt: Date): Promise<void> => {
  await tx
    .updateTable('tokens')
    .set({ expires_at: expiresAt, renewed_at: renewedAt })
    .where('hash', '=', hash)
    .execute()
}

/**
 * Deletes a token and everything that it made, however deep: a generation at a time, by the primary key and the index
 * on `parent`. (In one recursive statement the planner cannot see whose children it looks for. Where one token has made
 * nearly all others it expects as many of each, and reads the whole table.)
 * @returns the hashes that are gone
 */
export const deleteTokenTree = async (tx: Tx, hash: Uint8Array): Promise<Uint8Array[]> => {
  const gone: Uint8Array[] = []
  let generation = [hash]
  while (generation.length > 0) {
    const deleted = await sql<{ hash: Uint8Array }>`
      delete from tokens where hash = any(${generation}::bytea[]) returning hash`.execute(tx)
    for (const row of deleted.rows) gone.push(row.hash)
    // Only now: a child that was being made held its parent in place (`lockToken`), and is there.
    const below = await sql<{ hash: Uint8Array }>`
      select hash from tokens where parent = any(${generation}::bytea[])`.execute(tx)
    generation = below.rows.map((row) => row.hash)
  }
  return gone
}

/** Hashes of tokens that have expired, oldest first: by the index on `expires_at`. */
export const expiredTokens = async (db: Db, now: Date, limit: number): Promise<Uint8Array[]> => {
  const rows = await db
    .selectFrom('tokens')
    .select('hash')
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.hash)
}
