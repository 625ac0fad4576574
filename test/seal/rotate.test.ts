import t, { type Test } from 'tap'
import { migrate } from '../../src/store/migrate.ts'
import type { Store } from '../../src/store/open.ts'
import { freshDatabase } from '../support/postgres.ts'
import { eventually, lossy, newSeal, unsealedShamir, unsealWith } from '../support/seals.ts'
import { openReplica, storeKinds } from '../support/stores.ts'

const twoReplicas = async (t: Test) => {
  const url = await freshDatabase(t)
  const stores: [Store, Store] = [await openReplica(t, url), await openReplica(t, url)]
  await migrate(stores[0])
  const first = await unsealedShamir(t, stores[0])
  const second = newSeal(t, stores[1])
  await second.seal.start()
  await unsealWith(second.seal, first.keys)
  return { stores, first, second }
}

for (const [kind, newStore] of Object.entries(storeKinds)) {
  t.test(`${kind}: a rotation adds a term that encrypts, and what was stored stays readable`, async (t) => {
    const store = await newStore(t)
    const { seal, keys } = await unsealedShamir(t, store)
    const old = seal.barrier.encrypt(['p'], Buffer.from('old'))
    t.match(await seal.keyStatus(), { term: 1, installedAt: Date })
    await seal.rotate()
    t.match(await seal.keyStatus(), { term: 2, encryptions: 0 })
    const value = seal.barrier.encrypt(['p'], Buffer.from('new'))
    t.equal(value.readUInt32BE(), 2)
    t.equal(seal.barrier.decrypt(['p'], old).toString(), 'old')

    await seal.seal()
    await unsealWith(seal, keys)
    t.equal(seal.barrier.decrypt(['p'], old).toString(), 'old', 'also after the next unsealing')
    t.equal(seal.barrier.decrypt(['p'], value).toString(), 'new')
  })
}

t.test('encryptions are counted per term over all replicas, also those before a seal', async (t) => {
  const { first, second } = await twoReplicas(t)
  const { encryptions } = await first.seal.keyStatus()
  for (let n = 0; n < 3; n++) first.seal.barrier.encrypt(['p'], Buffer.from('x'))
  for (let n = 0; n < 4; n++) second.seal.barrier.encrypt(['p'], Buffer.from('x'))
  await second.seal.seal()
  t.equal((await first.seal.keyStatus()).encryptions, encryptions + 7)
})

t.test('a rotation on one replica reaches the other, which needs no unsealing', async (t) => {
  const { first, second } = await twoReplicas(t)
  await first.seal.rotate()
  await eventually(() => second.seal.barrier.term === 2)
  const value = first.seal.barrier.encrypt(['p'], Buffer.from('shared'))
  t.equal(second.seal.barrier.decrypt(['p'], value).toString(), 'shared')
  const back = second.seal.barrier.encrypt(['p'], Buffer.from('back'))
  t.equal(back.readUInt32BE(), 2)
  t.equal(first.seal.barrier.decrypt(['p'], back).toString(), 'back')
})

t.test('rotations at one moment on two replicas all count, and both end with the same keyring', async (t) => {
  const { first, second } = await twoReplicas(t)
  await Promise.all([first.seal.rotate(), second.seal.rotate(), first.seal.rotate(), second.seal.rotate()])
  await eventually(() => first.seal.barrier.term === 5 && second.seal.barrier.term === 5)
  const value = first.seal.barrier.encrypt(['p'], Buffer.from('shared'))
  t.equal(second.seal.barrier.decrypt(['p'], value).toString(), 'shared')
})

t.test('a term is replaced by itself before its key has encrypted too often', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal } = await unsealedShamir(t, store)
  await seal.rotateIfWorn()
  t.equal(seal.barrier.term, 1)
  await store.db.updateTable('key_terms').set({ encryptions: 3_865_470_566 }).execute()
  await Promise.all([seal.rotateIfWorn(), seal.rotateIfWorn()])
  t.equal(seal.barrier.term, 2)
})

t.test('a replica whose keys no longer open the row seals itself and says so', async (t) => {
  const { stores, first, second } = await twoReplicas(t)
  await stores[0].changes.transaction(async (tx, changed) => {
    await tx
      .updateTable('seal')
      .set({ version: 9, keyring: Buffer.alloc(61), root_key_in_barrier: Buffer.alloc(65) })
      .execute()
    changed('seal')
  })
  await eventually(() => first.seal.sealed && second.seal.sealed)
  t.match(second.log.lines.at(-1), { level: 'error', message: /sealed$/ })
  t.equal(second.seal.barrier.sealed, true)
})

t.test('a rotation whose commit took effect unheard is followed, and the next one comes after it', async (t) => {
  const store = await storeKinds.postgres(t)
  const { changes, lose } = lossy(store.changes)
  const { seal, keys } = await unsealedShamir(t, { ...store, changes })
  lose()
  await t.rejects(seal.rotate(), { message: 'the database does not answer' })
  await eventually(() => seal.barrier.term === 2)
  const value = seal.barrier.encrypt(['p'], Buffer.from('kept'))
  const later = newSeal(t, store)
  await later.seal.start()
  await unsealWith(later.seal, keys)
  await later.seal.rotate()
  t.equal(later.seal.barrier.term, 3)
  t.equal(later.seal.barrier.decrypt(['p'], value).toString(), 'kept')
})
