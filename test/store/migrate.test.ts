import { sql } from 'kysely'
import t from 'tap'
import { migrate } from '../../src/store/migrate.ts'
import type { Store } from '../../src/store/open.ts'
import { freshDatabase } from '../support/postgres.ts'
import { openReplica, storeKinds } from '../support/stores.ts'

const tables = async ({ db }: Store): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1`.execute(db)
  return rows.map(({ name }) => name)
}

t.test('replicas that start together on a fresh database migrate it once', async (t) => {
  const url = await freshDatabase(t)
  const replicas = await Promise.all([1, 2, 3, 4].map(() => openReplica(t, url)))
  const ran = await Promise.all(replicas.map((replica) => migrate(replica)))
  const [first] = ran.filter((names) => names.length > 0)
  t.match(first, [/^0001-/])
  t.equal(ran.filter((names) => names.length > 0).length, 1, 'one ran them, the others found nothing to do')
  for (const replica of replicas) t.ok((await tables(replica)).includes('certificates'))
})

t.test('both stores get the same tables, and a second run changes nothing', async (t) => {
  const [postgres, embedded] = [await storeKinds.postgres(t), await storeKinds.embedded(t)]
  t.same(await tables(postgres), await tables(embedded))
  t.same(await migrate(postgres), [])
  t.same(await migrate(embedded), [])
})

t.test('an old version starts on what a newer one has migrated', async (t) => {
  const store = await storeKinds.postgres(t)
  await sql`insert into kysely_migration values ('9999-tomorrow', '2040-01-01T00:00:00.000Z')`.execute(store.db)
  t.same(await migrate(store), [])
})

t.test('a migration that fails is named and leaves nothing behind', async (t) => {
  const store = await openReplica(t, await freshDatabase(t))
  // In the way of a later table: the earlier ones must not stay.
  await sql`create table certificates (other int)`.execute(store.db)
  await t.rejects(migrate(store), { kind: 'internal', message: /^000\d-[a-z-]+ failed: .*certificates/ })
  t.same(
    (await tables(store)).filter((name) => !name.startsWith('kysely_')),
    ['certificates'],
  )
})
