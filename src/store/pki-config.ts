/** Settings of a mount: one document per name. */
import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export type ConfigName = 'issuers' | 'keys' | 'urls' | 'cluster'

export interface ConfigPlace {
  readonly mount: string
  readonly namespace: string
  readonly name: ConfigName
}

export type ConfigDocument = Readonly<Record<string, unknown>>

/** `{}` where nothing was ever set. By the primary key. */
export const findConfig = async (db: Db | Tx, mount: string, name: ConfigName): Promise<ConfigDocument> => {
  const row = await db
    .selectFrom('pki_config')
    .select('document')
    .where('mount', '=', mount)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.document ?? {}
}

/** Puts the fields of `changes` over what is there, in one statement: two writers lose nothing of each other's. */
export const mergeConfig = async (
  tx: Tx,
  at: ConfigPlace,
  changes: ConfigDocument,
  now: Date,
): Promise<ConfigDocument> => {
  const document = JSON.stringify(changes)
  const row = await tx
    .insertInto('pki_config')
    .values({ ...at, document, modified_at: now })
    .onConflict((conflict) =>
      conflict
        .columns(['mount', 'name'])
        .doUpdateSet({ document: sql`pki_config.document || excluded.document`, modified_at: now }),
    )
    .returning('document')
    .executeTakeFirstOrThrow()
  return row.document
}

/** The id that `default` stands for among the mount's issuers or keys; `undefined` when there is none. */
export const findDefault = async (
  db: Db | Tx,
  mount: string,
  name: 'issuers' | 'keys',
): Promise<string | undefined> => {
  const id = (await findConfig(db, mount, name))['default']
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** Makes `id` the default unless there is one: the first issuer, or key, of a mount. One statement, so that two firsts are no race. */
export const setDefaultIfNone = async (
  tx: Tx,
  at: ConfigPlace & { readonly name: 'issuers' | 'keys' },
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
