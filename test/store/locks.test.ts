import { sql } from 'kysely'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import t from 'tap'
import { Locks } from '../../src/store/locks.ts'
import { newSession } from '../../src/store/postgres.ts'
import { freshDatabase } from '../support/postgres.ts'
import { openReplica, storeKinds } from '../support/stores.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

t.test('over all replicas at most one runs under a name', async (t) => {
  const url = await freshDatabase(t)
  const [one, other] = [await openReplica(t, url), await openReplica(t, url)]
  const running = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<string>()
  const first = one.locks.withLock('tidy', () => {
    running.resolve()
    return finish.promise
  })
  await running.promise
  const never = () => Promise.reject(new Error('must not run'))
  t.equal(await other.locks.withLock('tidy', never), undefined, 'on another replica')
  t.equal(await one.locks.withLock('tidy', never), undefined, 'on the same replica')
  t.equal(await other.locks.withLock('crl', () => Promise.resolve('ran')), 'ran', 'another name is free')
  finish.resolve('done')
  t.equal(await first, 'done')
  // The server ends the first session a moment later.
  for (;;) if ((await other.locks.withLock('tidy', () => Promise.resolve('next'))) === 'next') break
  await t.rejects(
    one.locks.withLock('crl', () => Promise.reject(new Error('failed'))),
    { message: 'failed' },
  )
  for (;;) if ((await one.locks.withLock('crl', () => Promise.resolve('again'))) === 'again') break
})

t.test('the work hears of it when its lock is lost with the connection', async (t) => {
  const url = await freshDatabase(t)
  const [one, other] = [await openReplica(t, url), await openReplica(t, url)]
  const result = await one.locks.withLock('tidy', async (signal) => {
    const aborted = once(signal, 'abort')
    await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`.execute(other.db)
    await aborted
    return other.locks.withLock('tidy', () => Promise.resolve('the other took over'))
  })
  t.equal(result, 'the other took over')
})

t.test('a connection that falls silent before the lock is granted does not hold the name for ever', async (t) => {
  const url = new URL(await freshDatabase(t))
  const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.port)
  const locks = new Locks(() => {
    const session = newSession(url.href)
    session.once('connect', () => proxy.freeze())
    return session
  })
  const work = () => Promise.resolve('ran')
  const outcome = await Promise.race([
    locks.withLock('tidy', work).catch((error: unknown) => error),
    sleep(8_000, 'still waiting', { ref: false }),
  ])
  t.match(outcome, { kind: 'unavailable' })
})

t.test('on the embedded store a second run under a name waits for its next turn', async (t) => {
  const { locks } = await storeKinds.embedded(t)
  const nested = await locks.withLock('tidy', async () => [
    await locks.withLock('tidy', () => Promise.resolve('twice')),
  ])
  t.same(nested, [undefined])
  t.equal(await locks.withLock('tidy', () => Promise.resolve('later')), 'later')
})

t.test('is unavailable when the database does not answer', async (t) => {
  const locks = new Locks(() => newSession(`postgres://user:open-sesame@127.0.0.1:1/db`))
  const never = () => Promise.reject(new Error('must not run'))
  const error: unknown = await locks.withLock('tidy', never).catch((reason: unknown) => reason)
  t.match(error, { kind: 'unavailable' })
  t.notMatch(inspect(error, { depth: 20, showHidden: true }), 'open-sesame')
  t.match(await locks.withLock('tidy', never).catch((reason: unknown) => reason), { kind: 'unavailable' })
})
