/** The certificates that were issued and stored. A row never changes: a revocation is a row of another table. */
import { CompiledQuery, type Selectable } from 'kysely'
import type { CertificatesTable, Db } from './database.ts'
import { GroupCommit } from './group-commit.ts'
import type { Store } from './open.ts'
import { preparedStatement } from './postgres.ts'

export type CertificateRecord = Selectable<CertificatesTable>

/** Every column, and its type in the JSON of `insertText`. */
const columns = {
  mount: 'text',
  serial: 'bytea',
  namespace: 'text',
  issuer: 'text',
  role: 'text',
  subject: 'text',
  common_name: 'text',
  sans: 'text[]',
  not_before: 'timestamptz',
  not_after: 'timestamptz',
  issued_at: 'timestamptz',
  entity_id: 'text',
  token_accessor: 'text',
  request_id: 'text',
  key_type: 'text',
  key_bits: 'int',
  public_key_sha256: 'bytea',
  authority_key_id: 'bytea',
  lease_id: 'text',
  lease_expires_at: 'timestamptz',
  der: 'bytea',
} as const satisfies Record<keyof CertificatesTable, string>

const names = Object.keys(columns) as (keyof typeof columns)[]

/**
 * One text for any number of rows, so it is parsed and planned once per connection; and one parameter, which costs
 * this process less than one per value. Measured against VALUES with 21 parameters a row, prepared for each number of
 * rows: the same at 1 to 16 rows, three quarters of its rate at 64, with one plan to keep instead of 64.
 */
const insertText = preparedStatement(
  'insert_certificates',
  `insert into certificates (${names.join(', ')})
  select ${names.map((name) => (columns[name] === 'bytea' ? `decode(${name}, 'base64')` : name)).join(', ')}
  from json_to_recordset($1) as rows (${names
    .map((name) => `${name} ${columns[name] === 'bytea' ? 'text' : columns[name]}`)
    .join(', ')})`,
)

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

const toJson = (row: CertificateRecord) => ({
  ...row,
  serial: base64(row.serial),
  public_key_sha256: base64(row.public_key_sha256),
  authority_key_id: row.authority_key_id && base64(row.authority_key_id),
  der: base64(row.der),
})

/**
 * All rows or none, in one statement. They are durable when this resolves.
 * @throws a unique violation when a serial is there already (primary key: mount, serial)
 */
export const insertCertificates = async (db: Db, rows: readonly CertificateRecord[]): Promise<void> => {
  await db.executeQuery(CompiledQuery.raw(insertText, [JSON.stringify(rows.map(toJson))]))
}

/** The queue through which issued certificates reach the store; one per process. */
export const certificateQueue = ({ db, kind }: Pick<Store, 'db' | 'kind'>): GroupCommit<CertificateRecord> =>
  new GroupCommit({
    write: (rows) => insertCertificates(db, rows),
    maxRows: 64,
    maxQueued: 1_000,
    // Two, so that one is built while the other is flushed to the disk. The embedded store has one connection.
    maxInFlight: kind === 'postgres' ? 2 : 1,
  })

/** By the primary key (mount, serial). */
export const findCertificate = (db: Db, mount: string, serial: Uint8Array): Promise<CertificateRecord | undefined> =>
  db.selectFrom('certificates').select(names).where('mount', '=', mount).where('serial', '=', serial).executeTakeFirst()

/**
 * Serials of a mount in the order of their octets: a range of the primary key (mount, serial).
 * @param page.after the last serial of the page before
 * @param page.limit rows at most; all of them without it
 */
export const listSerials = async (
  db: Db,
  mount: string,
  page: { after?: Uint8Array | undefined; limit?: number | undefined } = {},
): Promise<Uint8Array[]> => {
  let query = db.selectFrom('certificates').select('serial').where('mount', '=', mount).orderBy('serial')
  if (page.after) query = query.where('serial', '>', page.after)
  if (page.limit !== undefined) query = query.limit(page.limit)
  return (await query.execute()).map(({ serial }) => serial)
}
