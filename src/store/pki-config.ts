/** Settings of a mount: one document per name. */
import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export type ConfigName = 'issuers' | 'keys'

/** The id that `default` stands for among the mount's issuers or keys; `undefined` when there is none. By the primary key. */
export const findDefault = async (db: Db | Tx, mount: string, name: ConfigName): Promise<string | undefined> => {
  const row = await db
    .selectFrom('pki_config')
    .select('document')
    .where('mount', '=', mount)
    .where('name', '=', name)
    .executeTakeFirst()
  const id = row?.document['default']
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** Makes `id` the default unless there is one: the first issuer, or key, of a mount. One statement, so that two firsts are no race. */
export const setDefaultIfNone = async (
  tx: Tx,
  at: { mount: string; namespace: string; name: ConfigName },
  id: string,
  now: Date,
): Promise<void> => {
  await tx
    .insertInto('pki_config')
    .values({ ...at, document: JSON.stringify({ default: id }), modified_at: now })
    .onConflict((conflict) =>
      conflict
        .columns(['mount', 'name'])
        .doUpdateSet({
          document: sql`jsonb_set(pki_config.document, '{default}', to_jsonb(${id}::text))`,
          modified_at: now,
        })
        .where(sql<boolean>`coalesce(pki_config.document ->> 'default', '') = ''`),
    )
    .execute()
}
