/** Role documents by mount and name. What is in a document is the engine's business. */
import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export type Document = Record<string, unknown>

/** By the primary key. */
export const findRole = async (db: Db | Tx, mount: string, name: string): Promise<Document | undefined> => {
  const row = await db
    .selectFrom('pki_roles')
    .select('document')
    .where('mount', '=', mount)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.document
}

/** The same, and nobody else changes it before this transaction ends. */
export const lockRole = async (tx: Tx, mount: string, name: string): Promise<Document | undefined> => {
  const row = await tx
    .selectFrom('pki_roles')
    .select('document')
    .where('mount', '=', mount)
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst()
  return row?.document
}

/** In the order of bytes, by the primary key. */
export const listRoleNames = async (db: Db | Tx, mount: string): Promise<string[]> => {
  const rows = await db.selectFrom('pki_roles').select('name').where('mount', '=', mount).execute()
  return rows.map((row) => row.name).sort()
}

/** How many roles of the mount name this issuer. */
export const countRolesOfIssuer = async (db: Db | Tx, mount: string, reference: string): Promise<number> => {
  const row = await db
    .selectFrom('pki_roles')
    .select((of) => of.fn.countAll<string | number>().as('roles'))
    .where('mount', '=', mount)
    .where(sql`document ->> 'issuer_ref'`, '=', reference)
    .executeTakeFirstOrThrow()
  return Number(row.roles)
}

export const writeRole = async (
  tx: Tx,
  role: { mount: string; namespace: string; name: string; document: Readonly<Document> },
  now: Date,
): Promise<void> => {
  const document = JSON.stringify(role.document)
  await tx
    .insertInto('pki_roles')
    .values({ ...role, document, modified_at: now })
    .onConflict((conflict) => conflict.columns(['mount', 'name']).doUpdateSet({ document, modified_at: now }))
    .execute()
}

export const deleteRole = async (tx: Tx, mount: string, name: string): Promise<void> => {
  await tx.deleteFrom('pki_roles').where('mount', '=', mount).where('name', '=', name).execute()
}
