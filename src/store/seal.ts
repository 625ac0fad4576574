/** The tables `seal`, `key_terms` and `hmac_keys`: everything in them is encrypted or public, and this file cannot tell. */
import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export interface SealRecord {
  /** Raised by every change of the row: the compare-and-set of `updateSeal`. */
  readonly version: number
  readonly type: string
  readonly secret_shares: number
  readonly secret_threshold: number
  /** The root key under the seal's key. */
  readonly root_key: Uint8Array
  /** The keyring under the root key. */
  readonly keyring: Uint8Array
  /** The root key under the keyring's newest term: how a replica follows a rekey that another one did. */
  readonly root_key_in_barrier: Uint8Array
  readonly cluster_id: string
  readonly cluster_name: string
  readonly created_at: Date
}

export interface KeyTerm {
  readonly term: number
  readonly installed_at: Date
  readonly encryptions: number
}

const sealRow = (db: Db | Tx) =>
  db
    .selectFrom('seal')
    .select([
      'version',
      'type',
      'secret_shares',
      'secret_threshold',
      'root_key',
      'keyring',
      'root_key_in_barrier',
      'cluster_id',
      'cluster_name',
      'created_at',
    ])
    .where('id', '=', 1)

/** The one row, or `undefined` before initialisation. */
export const findSeal = (db: Db | Tx): Promise<SealRecord | undefined> => sealRow(db).executeTakeFirst()

/** Until the transaction ends nobody else initialises this database. Any number that no other lock has will do. */
export const lockInitialisation = async (tx: Tx): Promise<void> => {
  await sql`select pg_advisory_xact_lock(hashtextextended('chancery seal', 0))`.execute(tx)
}

/**
 * The row once neither its insertion nor a change of it is on its way any more: a COMMIT whose connection was lost may
 * still be at work in the server, and a plain look would see what was before it.
 */
export const settleSeal = (db: Db): Promise<SealRecord | undefined> =>
  db.transaction().execute(async (tx) => {
    await lockInitialisation(tx)
    return sealRow(tx).forShare().executeTakeFirst()
  })

export const insertSeal = async (tx: Tx, seal: SealRecord): Promise<void> => {
  await tx
    .insertInto('seal')
    .values({ ...seal, id: 1 })
    .execute()
}

/** Changes the row if it is still at `version`, which becomes one more. `false`: somebody else was faster. */
export const updateSeal = async (
  tx: Tx,
  version: number,
  change: Partial<
    Pick<SealRecord, 'secret_shares' | 'secret_threshold' | 'root_key' | 'keyring' | 'root_key_in_barrier'>
  >,
): Promise<boolean> => {
  const { numUpdatedRows } = await tx
    .updateTable('seal')
    .set({ ...change, version: version + 1 })
    .where('id', '=', 1)
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export const insertKeyTerm = async (tx: Tx, term: KeyTerm): Promise<void> => {
  await tx.insertInto('key_terms').values(term).execute()
}

/** By primary key. */
export const findKeyTerm = (db: Db | Tx, term: number): Promise<KeyTerm | undefined> =>
  db.selectFrom('key_terms').select(['term', 'installed_at', 'encryptions']).where('term', '=', term).executeTakeFirst()

/** Adds to a term's count. Every replica does, so it is never set. */
export const addEncryptions = async (db: Db | Tx, term: number, count: number): Promise<void> => {
  await db
    .updateTable('key_terms')
    .set((row) => ({ encryptions: row('encryptions', '+', count) }))
    .where('term', '=', term)
    .execute()
}

export const insertHmacKey = async (tx: Tx, name: string, value: Uint8Array): Promise<void> => {
  await tx.insertInto('hmac_keys').values({ name, value }).execute()
}

export const listHmacKeys = (db: Db | Tx): Promise<{ name: string; value: Uint8Array }[]> =>
  db.selectFrom('hmac_keys').select(['name', 'value']).orderBy('name').execute()
