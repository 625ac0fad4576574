import { sql } from 'kysely'
import { readdirSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import t from 'tap'
import { ChanceryError } from '../../src/errors.ts'
import type { Db } from '../../src/store/database.ts'
import { isUniqueViolation } from '../../src/store/failures.ts'
import { openStore } from '../../src/store/open.ts'
import { freshDataFolder } from '../support/embedded.ts'
import { asSuperuser, freshDatabase } from '../support/postgres.ts'
import { freshFolder, memoryLog, openReplica, storeKinds } from '../support/stores.ts'

for (const [kind, open] of Object.entries(storeKinds)) {
  t.test(`${kind}: values come back as the types of database.ts say`, async (t) => {
    const { db } = await open(t)
    const at = new Date('2026-02-03T04:05:06.789Z')
    const { rows } = await sql`select ${Buffer.from([0, 255])}::bytea as bytes, ${at}::timestamptz as at,
      ${['a', 'b"', '{,}', '']}::text[] as list, ${'{"a":[1]}'}::jsonb as document, 9007199254740991::bigint as big,
      1.5::numeric as exact, null::bytea as nothing`.execute(db)
    const row = rows[0] as Record<string, unknown>
    t.ok(row['bytes'] instanceof Uint8Array)
    t.same([...(row['bytes'] as Uint8Array)], [0, 255])
    t.same(
      { ...row, bytes: undefined },
      {
        bytes: undefined,
        at,
        list: ['a', 'b"', '{,}', ''],
        document: { a: [1] },
        big: Number.MAX_SAFE_INTEGER,
        exact: 1.5,
        nothing: null,
      },
    )
  })

  t.test(`${kind}: a transaction is all or nothing, and nobody else gets in between`, async (t) => {
    const { db } = await open(t)
    const put = (name: string) => ({ name, value: Buffer.from(name) })
    const outside: Promise<unknown>[] = []
    await t.rejects(
      db.transaction().execute(async (tx) => {
        await tx.insertInto('hmac_keys').values(put('inside')).execute()
        outside.push(db.insertInto('hmac_keys').values(put('outside')).execute())
        await sql`select 1`.execute(tx)
        throw new Error('undo')
      }),
      { message: 'undo' },
    )
    await Promise.all(outside)
    t.same(await db.selectFrom('hmac_keys').select('name').execute(), [{ name: 'outside' }])
  })

  t.test(`${kind}: a row that is there already is told by isUniqueViolation`, async (t) => {
    const { db } = await open(t)
    const put = () =>
      db
        .insertInto('hmac_keys')
        .values({ name: 'token', value: Buffer.from('x') })
        .execute()
    await put()
    const error: unknown = await put().catch((reason: unknown) => reason)
    t.ok(isUniqueViolation(error))
    t.ok(isUniqueViolation(error, 'hmac_keys_pkey'))
    t.notOk(isUniqueViolation(error, 'another'))
    t.notOk(isUniqueViolation(await sql`select 1/0`.execute(db).catch((reason: unknown) => reason)))
  })
}

/** Everything that a log could print of an error. */
const dump = (error: unknown): string => inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)

const secret = 'open-sesame'

t.test('no error of a connection shows the password', async (t) => {
  const url = new URL(await freshDatabase(t))
  url.password = secret
  const unreachable = new URL(url)
  unreachable.port = '1'
  const unknown = new URL(url)
  unknown.pathname = '/not_there'
  for (const databaseUrl of [unreachable.href, unknown.href]) {
    const log = memoryLog()
    const error: unknown = await openReplica(t, databaseUrl, { log }).catch((reason: unknown) => reason)
    t.match(error, { name: 'ChanceryError', kind: 'unavailable', message: 'the database does not answer' })
    t.notMatch(dump([error, log.lines]), secret)
  }
  const store = await openReplica(t, url.href)
  const lost: unknown = await sql`select pg_terminate_backend(pg_backend_pid())`
    .execute(store.db)
    .catch((reason: unknown) => reason)
  t.match(lost, { name: 'ChanceryError', kind: 'unavailable' })
  t.notMatch(dump(lost), secret)
  t.match(
    await sql`select 1 as one`.execute(store.db),
    { rows: [{ one: 1 }] },
    'the pool goes on with a new connection',
  )
})

t.test('a URL that cannot be read is named by its setting and not shown', async (t) => {
  for (const databaseUrl of [
    `postgres://user:${secret}@host:99999999/db`,
    `postgres://u:${secret}@h/db?sslrootcert=/nowhere`,
  ]) {
    const error: unknown = await openReplica(t, databaseUrl).catch((reason: unknown) => reason)
    t.match(error, { name: 'ConfigError', message: /^CHANCERY_DATABASE_URL: [^\n]+$/ })
    t.notMatch(dump(error), secret)
  }
})

t.test('a database that takes no connections is unavailable, and is used again when it does', async (t) => {
  const url = await freshDatabase(t)
  const name = new URL(url).pathname.slice(1)
  const administrator = new URL('/postgres', url).href
  const store = await openReplica(t, url)
  await asSuperuser(administrator, `alter database ${name} allow_connections false`)
  await sql`select pg_terminate_backend(pg_backend_pid())`.execute(store.db).catch(() => undefined)
  const error: unknown = await sql`select 1`.execute(store.db).catch((reason: unknown) => reason)
  t.ok(error instanceof ChanceryError)
  t.match(error, { kind: 'unavailable', retryAfterSeconds: 1 })
  await asSuperuser(administrator, `alter database ${name} allow_connections true`)
  t.match(await sql`select 1 as one`.execute(store.db), { rows: [{ one: 1 }] })
})

t.test('a connection lost between two statements of a transaction fails it, and nothing else', async (t) => {
  const url = await freshDatabase(t)
  const [store, killer] = [await openReplica(t, url), await openReplica(t, url)]
  const transaction = store.db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
    const { pid } = rows[0] ?? { pid: 0 }
    await sql`select pg_terminate_backend(${pid}::int)`.execute(killer.db)
    // Its farewell is an event of its own, before anybody asks the connection for something.
    const alive = sql`select 1 from pg_stat_activity where pid = ${pid}::int`
    while ((await alive.execute(killer.db)).rows.length > 0) await turn()
    await turn()
    await sql`select 1`.execute(tx)
  })
  t.match(await transaction.catch((reason: unknown) => reason), { name: 'ChanceryError', kind: 'unavailable' })
  t.match(await sql`select 1 as one`.execute(store.db), { rows: [{ one: 1 }] })
})

t.test('a second start on the folder of an embedded store is refused, and the first goes on', async (t) => {
  const dataFolder = await freshDataFolder(t)
  const open = () => openStore({ databaseUrl: undefined, databaseDirectUrl: undefined, dataFolder, log: memoryLog() })
  const store = await open()
  await t.rejects(open(), { message: /^CHANCERY_DATA: another process is using [^\n]+$/ })
  t.match(await sql`select 1 as one`.execute(store.db), { rows: [{ one: 1 }] })
  await store.close()
  await (await open()).close()
})

t.test('an embedded store that cannot be opened says so in one line and leaves the folder unlocked', async (t) => {
  const dataFolder = freshFolder(t)
  writeFileSync(`${dataFolder}/store`, 'a file where the folder should be')
  const open = openStore({ databaseUrl: undefined, databaseDirectUrl: undefined, dataFolder, log: memoryLog() })
  await t.rejects(open, { message: /^CHANCERY_DATA: cannot open the embedded store in [^\n]+$/ })
  t.same(readdirSync(dataFolder), ['store'])
})

t.test('the server too gives up what a replica no longer waits for', async (t) => {
  const url = await freshDatabase(t)
  const limits = (db: Db) =>
    sql`select current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle`.execute(db)
  const store = await openReplica(t, url)
  t.same((await limits(store.db)).rows, [{ statement: '29s', idle: '1min' }])
  const unlimited = [{ statement: '0', idle: '0' }]
  t.same((await store.session(limits)).rows, unlimited, 'migrations have all the time they want')
  const pooled = await openReplica(t, `${url}?application_name=pooled`, { directUrl: url })
  t.same((await limits(pooled.db)).rows, unlimited, 'sessions of a pooler belong to others as well')
})
