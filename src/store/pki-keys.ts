/** The keys of a mount. The private half is stored as the barrier encrypted it and never seen here in the clear. */
import { sql } from 'kysely'
import type { Db, PkiKeysTable, Tx } from './database.ts'

export interface KeyRecord {
  readonly mount: string
  readonly namespace: string
  readonly id: string
  /** `''`: none. */
  readonly name: string
  readonly type: PkiKeysTable['type']
  readonly bits: number
  /** SubjectPublicKeyInfo, DER. */
  readonly public_key: Uint8Array
  readonly public_key_sha256: Uint8Array
  /** PKCS#8 DER, encrypted. */
  readonly private_key: Uint8Array
}

const columns = [
  'mount',
  'namespace',
  'id',
  'name',
  'type',
  'bits',
  'public_key',
  'public_key_sha256',
  'private_key',
] as const

/** By the primary key. */
export const findKey = async (db: Db | Tx, mount: string, id: string): Promise<KeyRecord | undefined> =>
  db.selectFrom('pki_keys').select(columns).where('mount', '=', mount).where('id', '=', id).executeTakeFirst()

/** By id or, where no id fits, by name: the primary key and the unique index on (mount, name). */
export const findKeyByReference = async (
  db: Db | Tx,
  mount: string,
  reference: string,
): Promise<KeyRecord | undefined> =>
  db
    .selectFrom('pki_keys')
    .select(columns)
    .where('mount', '=', mount)
    .where((row) => row.or([row('id', '=', reference), row.and([row('name', '=', reference), row('name', '<>', '')])]))
    .orderBy(sql`(id = ${reference})`, 'desc')
    .limit(1)
    .executeTakeFirst()

export const insertKey = async (tx: Tx, key: KeyRecord, now: Date): Promise<void> => {
  await tx
    .insertInto('pki_keys')
    .values({ ...key, created_at: now })
    .execute()
}

/** All of a mount, the oldest first. */
export const listKeys = async (db: Db | Tx, mount: string): Promise<KeyRecord[]> =>
  db.selectFrom('pki_keys').select(columns).where('mount', '=', mount).orderBy('created_at').orderBy('id').execute()

/** The mount has a key once. By the unique index on (mount, public_key_sha256). */
export const findKeyByPublicKey = async (
  db: Db | Tx,
  mount: string,
  publicKeySha256: Uint8Array,
): Promise<KeyRecord | undefined> =>
  db
    .selectFrom('pki_keys')
    .select(columns)
    .where('mount', '=', mount)
    .where('public_key_sha256', '=', publicKeySha256)
    .executeTakeFirst()

export const renameKey = async (tx: Tx, mount: string, id: string, name: string): Promise<void> => {
  await tx.updateTable('pki_keys').set({ name }).where('mount', '=', mount).where('id', '=', id).execute()
}

export const deleteKey = async (tx: Tx, mount: string, id: string): Promise<void> => {
  await tx.deleteFrom('pki_keys').where('mount', '=', mount).where('id', '=', id).execute()
}
