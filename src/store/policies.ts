import type { Db, Tx } from './database.ts'

export interface PolicyRecord {
  readonly namespace: string
  /** Trimmed and in lower case. */
  readonly name: string
  readonly text: string
  readonly modified_at: Date
}

const columns = ['namespace', 'name', 'text', 'modified_at'] as const

/** By primary key. */
export const findPolicy = (db: Db | Tx, namespace: string, name: string): Promise<PolicyRecord | undefined> =>
  db
    .selectFrom('policies')
    .select(columns)
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .executeTakeFirst()

/** Those of the names that exist, by primary key, sorted. */
export const findPolicies = async (
  db: Db | Tx,
  namespace: string,
  names: readonly string[],
): Promise<PolicyRecord[]> =>
  names.length === 0
    ? []
    : db
        .selectFrom('policies')
        .select(columns)
        .where('namespace', '=', namespace)
        .where('name', 'in', [...names])
        .orderBy('name')
        .execute()

/** The names of a namespace, sorted, by primary key. */
export const listPolicyNames = async (db: Db | Tx, namespace: string): Promise<string[]> => {
  const rows = await db
    .selectFrom('policies')
    .select('name')
    .where('namespace', '=', namespace)
    .orderBy('name')
    .execute()
  return rows.map((row) => row.name)
}

export const upsertPolicy = async (tx: Tx, policy: PolicyRecord): Promise<void> => {
  const { text, modified_at } = policy
  await tx
    .insertInto('policies')
    .values({ ...policy, type: 'acl' })
    .onConflict((conflict) => conflict.columns(['namespace', 'name']).doUpdateSet({ text, modified_at }))
    .execute()
}

export const deletePolicy = async (tx: Tx, namespace: string, name: string): Promise<void> => {
  await tx.deleteFrom('policies').where('namespace', '=', namespace).where('name', '=', name).execute()
}
