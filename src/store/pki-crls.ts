/** The newest CRL of each issuer. */
import type { Db, PkiCrlsTable, Tx } from './database.ts'

export interface CrlRecord {
  readonly mount: string
  readonly namespace: string
  readonly issuer: string
  readonly kind: PkiCrlsTable['kind']
  /** RFC 5280 §5.2.3: grows with every CRL of the issuer. */
  readonly number: number
  readonly der: Uint8Array
  readonly this_update: Date
  readonly next_update: Date
}

/** By the primary key. */
export const findCrl = async (
  db: Db | Tx,
  mount: string,
  issuer: string,
  kind: CrlRecord['kind'],
): Promise<CrlRecord | undefined> =>
  db
    .selectFrom('pki_crls')
    .select(['mount', 'namespace', 'issuer', 'kind', 'number', 'der', 'this_update', 'next_update'])
    .where('mount', '=', mount)
    .where('issuer', '=', issuer)
    .where('kind', '=', kind)
    .executeTakeFirst()

/** The first of an issuer. @returns false when another replica was quicker, and this one must not be published */
export const insertCrl = async (tx: Tx, crl: CrlRecord): Promise<boolean> => {
  const result = await tx
    .insertInto('pki_crls')
    .values(crl)
    .onConflict((conflict) => conflict.columns(['mount', 'issuer', 'kind']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

export const deleteCrls = async (tx: Tx, mount: string, issuer: string): Promise<void> => {
  await tx.deleteFrom('pki_crls').where('mount', '=', mount).where('issuer', '=', issuer).execute()
}

/**
 * Puts `crl` where number `previous` was.
 * @returns false when it was no longer there: another replica has built one, and this one must not be published
 */
export const replaceCrl = async (tx: Tx, crl: CrlRecord, previous: number): Promise<boolean> => {
  const { number, der, this_update, next_update } = crl
  const result = await tx
    .updateTable('pki_crls')
    .set({ number, der, this_update, next_update })
    .where('mount', '=', crl.mount)
    .where('issuer', '=', crl.issuer)
    .where('kind', '=', crl.kind)
    .where('number', '=', previous)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
