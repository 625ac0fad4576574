/** The issuers of a mount: their certificates, and what operators set about them. */
import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export interface IssuerRecord {
  readonly mount: string
  readonly namespace: string
  readonly id: string
  /** `''`: none. */
  readonly name: string
  /** `null`: an issuer known by its certificate only. */
  readonly key_id: string | null
  readonly certificate: Uint8Array
  readonly certificate_sha256: Uint8Array
  readonly serial: Uint8Array
  readonly not_after: Date
  readonly document: Readonly<Record<string, unknown>>
  /** Ids, the issuer itself first. */
  readonly ca_chain: readonly string[]
}

export interface StoredIssuer extends IssuerRecord {
  /** When anything of it was changed last: what conditional GETs ask. */
  readonly modified_at: Date
}

const columns = [
  'mount',
  'namespace',
  'id',
  'name',
  'key_id',
  'certificate',
  'certificate_sha256',
  'serial',
  'not_after',
  'document',
  'ca_chain',
  'modified_at',
] as const

/** By id or, where no id fits, by name: the primary key and the unique index on (mount, name). */
export const findIssuer = async (db: Db | Tx, mount: string, reference: string): Promise<StoredIssuer | undefined> =>
  db
    .selectFrom('pki_issuers')
    .select(columns)
    .where('mount', '=', mount)
    .where((row) => row.or([row('id', '=', reference), row.and([row('name', '=', reference), row('name', '<>', '')])]))
    .orderBy(sql`(id = ${reference})`, 'desc')
    .limit(1)
    .executeTakeFirst()

/**
 * Until the transaction ends nobody else adds, changes or removes issuers or keys of the mount: chains, defaults and
 * the links between keys and certificates come from all of them.
 */
export const lockIssuers = async (tx: Tx, mount: string): Promise<void> => {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`pki issuers of ${mount}`}, 0))`.execute(tx)
}

/** All of a mount, the oldest first. */
export const listIssuers = async (db: Db | Tx, mount: string): Promise<StoredIssuer[]> =>
  db.selectFrom('pki_issuers').select(columns).where('mount', '=', mount).orderBy('created_at').orderBy('id').execute()

/** The mount has a certificate once. By the unique index on (mount, certificate_sha256). */
export const findIssuerByCertificate = async (
  db: Db | Tx,
  mount: string,
  certificateSha256: Uint8Array,
): Promise<StoredIssuer | undefined> =>
  db
    .selectFrom('pki_issuers')
    .select(columns)
    .where('mount', '=', mount)
    .where('certificate_sha256', '=', certificateSha256)
    .executeTakeFirst()

/** Certificates by id; ids that are gone are absent. By the primary key. */
export const findIssuerCertificates = async (
  db: Db | Tx,
  mount: string,
  ids: readonly string[],
): Promise<Map<string, Uint8Array>> => {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('pki_issuers')
    .select(['id', 'certificate'])
    .where('mount', '=', mount)
    .where('id', 'in', ids)
    .execute()
  return new Map(rows.map((row) => [row.id, row.certificate]))
}

export const insertIssuer = async (tx: Tx, issuer: IssuerRecord, now: Date): Promise<void> => {
  await tx
    .insertInto('pki_issuers')
    .values({
      ...issuer,
      ca_chain: [...issuer.ca_chain],
      document: JSON.stringify(issuer.document),
      created_at: now,
      modified_at: now,
    })
    .execute()
}

type Changeable = Pick<IssuerRecord, 'name' | 'key_id' | 'document' | 'ca_chain'>

/** By the primary key. */
export const updateIssuer = async (
  tx: Tx,
  at: { mount: string; id: string },
  { document, ca_chain, ...plain }: Partial<Changeable>,
  now: Date,
): Promise<void> => {
  await tx
    .updateTable('pki_issuers')
    .set({
      ...plain,
      ...(document && { document: JSON.stringify(document) }),
      ...(ca_chain && { ca_chain: [...ca_chain] }),
      modified_at: now,
    })
    .where('mount', '=', at.mount)
    .where('id', '=', at.id)
    .execute()
}

export const deleteIssuer = async (tx: Tx, mount: string, id: string): Promise<void> => {
  await tx.deleteFrom('pki_issuers').where('mount', '=', mount).where('id', '=', id).execute()
}
