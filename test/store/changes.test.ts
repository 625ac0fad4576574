import { sql } from 'kysely'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Cache } from '../../src/store/cache.ts'
import type { Topic } from '../../src/store/changes.ts'
import type { Store } from '../../src/store/open.ts'
import { asSuperuser, freshDatabase } from '../support/postgres.ts'
import { memoryLog, openReplica, storeKinds } from '../support/stores.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** Resolves as soon as `claim` is true; milliseconds it took. Fails the test after `limit`. */
const eventually = async (claim: () => boolean, limit = 5_000): Promise<number> => {
  const start = performance.now()
  while (!claim()) {
    if (performance.now() - start > limit) throw new Error(`not true within ${limit} ms: ${claim.toString()}`)
    await sleep(5)
  }
  return performance.now() - start
}

const change = (store: Store, topic: Topic, ...key: string[]) =>
  store.changes.transaction(async (_tx, changed) => changed(topic, ...key))

/** A cache with one entry of a role. */
const filled = async (store: Store) => {
  const cache = new Cache<string>(store.changes, 'role', { max: 10 })
  await cache.get(['m', 'web'], () => Promise.resolve('old'))
  return cache
}

const withParameter = (url: string, name: string, value: string): string => {
  const changed = new URL(url)
  changed.searchParams.set(name, value)
  return changed.href
}

t.test('a change on one replica drops the entry of the other within a second', async (t) => {
  const url = await freshDatabase(t)
  const [one, other] = [await openReplica(t, url), await openReplica(t, url)]
  const [own, theirs] = [await filled(one), await filled(other)]
  t.equal(theirs.peek(['m', 'web']), 'old')
  await change(one, 'role', 'm', 'mail')
  await change(one, 'role', 'm', 'web')
  t.equal(own.peek(['m', 'web']), undefined, "the writer's own entry is gone before it answers")
  t.ok((await eventually(() => theirs.peek(['m', 'web']) === undefined)) < 1_000)
  t.ok(other.changes.fresh(), 'by the notification, and not because the lease ended')
})

t.test('what a transaction changes is told only when it commits', async (t) => {
  const url = await freshDatabase(t)
  const [one, other] = [await openReplica(t, url), await openReplica(t, url)]
  const heard: string[] = []
  other.changes.subscribe('role', (key) => heard.push(key.join('/')))
  await t.rejects(
    one.changes.transaction(async (_tx, changed) => {
      changed('role', 'rolled', 'back')
      throw new Error('no')
    }),
    { message: 'no' },
  )
  await change(one, 'role', 'committed')
  await eventually(() => heard.length > 0)
  t.same(heard, ['committed'])
})

t.test('keys arrive as they were sent, and too many become all of their topic', async (t) => {
  const url = await freshDatabase(t)
  const [one, other] = [await openReplica(t, url), await openReplica(t, url)]
  const heard: unknown[] = []
  other.changes.subscribe('role', (key) => heard.push(['role', ...key]))
  other.changes.subscribe('issuer', (key) => heard.push(['issuer', ...key]))
  await one.changes.transaction(async (_tx, changed) => {
    changed('role', 'a/"b"', "é'\n")
    changed('issuer', 'm')
  })
  await eventually(() => heard.length === 2)
  t.same(heard.splice(0), [
    ['role', 'a/"b"', "é'\n"],
    ['issuer', 'm'],
  ])
  await one.changes.transaction(async (_tx, changed) => {
    for (let n = 0; n < 1_000; n++) changed('role', 'm', `role-${n}`)
    changed('issuer', 'x'.repeat(9_000))
  })
  await eventually(() => heard.length === 2)
  t.same(heard, [['role'], ['issuer']])
})

t.test('a notification that is none of ours drops everything, a topic of a newer version nothing', async (t) => {
  const url = await freshDatabase(t)
  const store = await openReplica(t, url)
  const cache = await filled(store)
  let resets = 0
  store.changes.onReset(() => resets++)
  await sql`select pg_notify('chancery_changes', '[["tomorrow","m"]]')`.execute(store.db)
  await sql`select pg_notify('chancery_changes', '[["role","other"]]')`.execute(store.db)
  t.equal(cache.peek(['m', 'web']), 'old')
  t.equal(resets, 0)
  await sql`select pg_notify('chancery_changes', 'hello')`.execute(store.db)
  await eventually(() => resets === 1)
  t.equal(cache.peek(['m', 'web']), undefined)
})

t.test('when the listening connection is cut the caches are off until it is back, and then empty', async (t) => {
  const url = await freshDatabase(t)
  const log = memoryLog()
  const writer = await openReplica(t, url)
  const store = await openReplica(t, url, { directUrl: withParameter(url, 'application_name', 'the-listener'), log })
  const cache = await filled(store)
  const freshAtReset: boolean[] = []
  store.changes.onReset(() => freshAtReset.push(store.changes.fresh()))
  for (let round = 1; round <= 3; round++) {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'the-listener'`.execute(writer.db)
    // Nobody listens on the other side at this moment.
    await change(writer, 'role', 'm', 'web')
    t.ok((await eventually(() => cache.peek(['m', 'web']) === undefined)) < 1_000)
    await eventually(() => freshAtReset.length === round && store.changes.fresh())
    t.equal(cache.peek(['m', 'web']), undefined, 'still gone when the lease is back')
    await cache.get(['m', 'web'], () => Promise.resolve('new'))
    t.equal(cache.peek(['m', 'web']), 'new')
  }
  t.same(freshAtReset, [false, false, false], 'everything was dropped before the lease began')
  t.same(
    log.lines.map(({ level }) => level),
    ['warn', 'info', 'warn', 'info', 'warn', 'info'],
  )
})

t.test('a half-open listening connection ends the lease within a second', async (t) => {
  const url = await freshDatabase(t)
  const direct = new URL(url)
  const proxy = await startTcpProxy(t, { host: direct.hostname, port: Number(direct.port) })
  direct.port = String(proxy.port)
  const writer = await openReplica(t, url)
  const store = await openReplica(t, url, { directUrl: direct.href })
  const cache = await filled(store)
  proxy.freeze()
  await change(writer, 'role', 'm', 'web')
  t.ok((await eventually(() => cache.peek(['m', 'web']) === undefined)) < 1_000)
  t.notOk(store.changes.fresh())
  t.equal(await cache.get(['m', 'web'], () => Promise.resolve('from the database')), 'from the database')
  t.equal(cache.peek(['m', 'web']), undefined)
  proxy.thaw()
  await eventually(() => store.changes.fresh(), 10_000)
  t.equal(cache.peek(['m', 'web']), undefined, 'the change that was missed is not forgotten')
})

t.test('tells the time of the database, and says so once when it is far off', async (t) => {
  const url = await freshDatabase(t)
  const name = new URL(url).pathname.slice(1)
  const log = memoryLog()
  const near = await openReplica(t, url, { log })
  t.ok(Math.abs(near.changes.now().getTime() - Date.now()) < 1_000)
  t.same(log.lines, [])
  await asSuperuser(
    url,
    `create schema elsewhere; create function elsewhere.clock_timestamp() returns timestamptz
    language sql as $$ select pg_catalog.clock_timestamp() + interval '1 hour' $$;
    alter database ${name} set search_path = elsewhere, pg_catalog`,
  )
  const far = await openReplica(t, url, { log })
  const ahead = far.changes.now().getTime() - Date.now()
  t.ok(Math.abs(ahead - 3_600_000) < 1_000, `${ahead} ms ahead`)
  // Some beats later there is still one line.
  const beat = far.changes.now()
  await eventually(() => far.changes.now().getTime() - beat.getTime() > 600)
  t.same(
    log.lines.map(({ level, fields }) => ({ level, fields })),
    [{ level: 'warn', fields: { offsetSeconds: 3600 } }],
  )
})

t.test('behind a pooler that carries no notifications the start is refused with the setting to change', async (t) => {
  const url = await freshDatabase(t)
  const name = new URL(url).pathname.slice(1)
  // What a transaction pooler does to us: the statement runs, the notification goes to somebody else.
  await asSuperuser(
    url,
    `create schema elsewhere; create function elsewhere.pg_notify(text, text) returns void
    language sql as 'select'; alter database ${name} set search_path = elsewhere, pg_catalog`,
  )
  await t.rejects(openReplica(t, url), { name: 'ConfigError', message: /^CHANCERY_DATABASE_DIRECT_URL: [^\n]+$/ })
})

t.test('on the embedded store a change drops the entry before the transaction resolves', async (t) => {
  const store = await storeKinds.embedded(t)
  const cache = await filled(store)
  t.equal(cache.peek(['m', 'web']), 'old')
  await change(store, 'role', 'm')
  t.equal(cache.peek(['m', 'web']), undefined)
  t.ok(store.changes.fresh())
  t.ok(Math.abs(store.changes.now().getTime() - Date.now()) < 100)
})
