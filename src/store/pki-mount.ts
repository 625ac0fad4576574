import type { Tx } from './database.ts'

const tables = [
  'pki_roles',
  'pki_config',
  'pki_crls',
  'pki_issuers',
  'pki_keys',
  'revocations',
  'certificates',
] as const

/** Everything that a PKI mount has stored. No table points to another, so the order does not matter. */
export const deletePkiMount = async (tx: Tx, mount: string): Promise<void> => {
  for (const table of tables) await tx.deleteFrom(table).where('mount', '=', mount).execute()
}
