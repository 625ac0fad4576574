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
] as const

/** By id or, where no id fits, by name: the primary key and the unique index on (mount, name). */
export const findIssuer = async (db: Db | Tx, mount: string, reference: string): Promise<IssuerRecord | undefined> =>
  db
    .selectFrom('pki_issuers')
    .select(columns)
    .where('mount', '=', mount)
    .where((row) => row.or([row('id', '=', reference), row.and([row('name', '=', reference), row('name', '<>', '')])]))
    .orderBy(sql`(id = ${reference})`, 'desc')
    .limit(1)
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
