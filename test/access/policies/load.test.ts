import t from 'tap'
import { capabilities } from '../../../src/access/policies/evaluate.ts'
import { makeLoadAcl } from '../../../src/access/policies/load.ts'
import { removePolicy, writePolicy } from '../../../src/access/policies/manage.ts'
import { rootNamespace, type Namespace } from '../../../src/route.ts'
import { migrate } from '../../../src/store/migrate.ts'
import type { Store } from '../../../src/store/open.ts'
import { upsertPolicy } from '../../../src/store/policies.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { openReplica, storeKinds } from '../../support/stores.ts'
import { policyText } from './acl-of.ts'

const team: Namespace = { id: 'x1', path: 'team/' }

const write = (store: Store, name: string, paths: Record<string, string>, namespace = rootNamespace) =>
  writePolicy(store, namespace, { name, text: policyText(paths) })

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`on the ${kind} store`, async (t) => {
    const store = await storeKinds[kind](t)
    const load = makeLoadAcl(store)
    const granted = async (names: string[], path: string, namespace = rootNamespace) =>
      capabilities(await load(names, namespace), path).join(' ')

    await t.test('an ACL of several policies changes when any of them does', async (t) => {
      await write(store, 'a', { x: 'read' })
      await write(store, 'b', { x: 'update' })
      t.equal(await granted(['a', 'b'], 'x'), 'read update')
      await write(store, 'b', { x: 'delete' })
      t.equal(await granted(['a', 'b'], 'x'), 'delete read')
      await removePolicy(store, rootNamespace, 'a')
      t.equal(await granted(['a', 'b'], 'x'), 'delete')
    })

    await t.test('a name that no policy has grants nothing, until one has it', async (t) => {
      t.equal(await granted(['nobody', 'b'], 'y'), 'deny')
      t.equal(await granted([], 'x'), 'deny')
      await write(store, 'nobody', { y: 'read' })
      t.equal(await granted(['nobody', 'b'], 'y'), 'read')
    })

    await t.test('an ACL is compiled once for a set of names, however they are written', async (t) => {
      const acl = await load(['a', 'b'], rootNamespace)
      t.equal(await load(['b', 'a', 'b'], rootNamespace), acl)
      t.equal(await load([' B', 'A '], rootNamespace), acl)
      t.not(await load(['b'], rootNamespace), acl)
      await write(store, 'unrelated', { x: 'read' })
      t.not(await load(['a', 'b'], rootNamespace), acl, 'and again after any change')
    })

    await t.test('names are a tuple: no name is two names, and each namespace has its own', async (t) => {
      await write(store, 'b,c', { x: 'sudo' })
      await write(store, 'c', { x: 'list' })
      await write(store, 'b', { x: 'create' }, team)
      t.equal(await granted(['b,c'], 'x'), 'sudo')
      t.equal(await granted(['b', 'c'], 'x'), 'delete list')
      t.equal(await granted(['b'], 'x', team), 'deny')
      t.equal(await granted(['b'], 'team/x', team), 'create')
      t.equal(await granted(['b'], 'x'), 'delete')
    })

    await t.test('root is root without a row, and by no other spelling something else', async (t) => {
      t.equal(await granted(['root'], 'x'), 'root')
      t.equal(await granted([' ROOT '], 'x'), 'root')
      await t.rejects(load(['root', 'b'], rootNamespace), { message: 'other policies present along with root' })
    })

    await t.test('a stored text that is no policy refuses its holder instead of being left out', async (t) => {
      await store.changes.transaction(async (tx, changed) => {
        await upsertPolicy(tx, { namespace: 'root', name: 'broken', text: 'path {', modified_at: store.changes.now() })
        changed('policy', 'root', 'broken')
      })
      await t.rejects(load(['b', 'broken'], rootNamespace), { kind: 'internal', message: /cannot be parsed/ })
      t.equal(await granted(['b'], 'x'), 'delete')
    })
  })
}

t.test('an ACL changes on every replica within a second', async (t) => {
  const url = await freshDatabase(t)
  const one = await openReplica(t, url)
  await migrate(one)
  const other = await openReplica(t, url)
  const load = makeLoadAcl(other)
  const granted = async () => capabilities(await load(['a', 'b'], rootNamespace), 'x').join(' ')

  await write(one, 'a', { x: 'read' })
  await write(one, 'b', { x: 'update' })
  t.equal(await granted(), 'read update')
  const start = performance.now()
  await write(one, 'b', { x: 'deny' })
  while ((await granted()) !== 'deny') {
    if (performance.now() - start > 5_000) break
  }
  t.ok(performance.now() - start < 1_000)
})

t.test('nothing compiled is used after a reset, or without the lease', async (t) => {
  const store = await storeKinds.embedded(t)
  await write(store, 'a', { x: 'read' })
  const resets: (() => void)[] = []
  let fresh = true
  const load = makeLoadAcl({
    db: store.db,
    changes: { fresh: () => fresh, subscribe: () => {}, onReset: (drop) => void resets.push(drop) },
  })
  const acl = await load(['a'], rootNamespace)
  t.equal(await load(['a'], rootNamespace), acl)
  resets.forEach((reset) => reset())
  const again = await load(['a'], rootNamespace)
  t.not(again, acl)
  fresh = false
  t.not(await load(['a'], rootNamespace), again)
})
