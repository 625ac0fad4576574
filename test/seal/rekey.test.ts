import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { openRootKey } from '../../src/seal/key-hierarchy.ts'
import type { Rekeyed, RekeyRequest } from '../../src/seal/rekey.ts'
import type { Seal } from '../../src/seal/seal.ts'
import { unavailable } from '../../src/errors.ts'
import type { Changes } from '../../src/store/changes.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Store } from '../../src/store/open.ts'
import { findSeal } from '../../src/store/seal.ts'
import { asSuperuser, freshDatabase } from '../support/postgres.ts'
import { eventually, lossy, newSeal, unsealedShamir, unsealWith, withTransaction } from '../support/seals.ts'
import { freshFolder, openReplica, storeKinds } from '../support/stores.ts'

const request = (change: Partial<RekeyRequest> = {}): RekeyRequest => ({
  secretShares: 4,
  secretThreshold: 2,
  requireVerification: false,
  backup: false,
  pgpKeys: [],
  ...change,
})

const bring = async (seal: Seal, keys: readonly string[], nonce: string): Promise<Rekeyed | undefined> => {
  let outcome: Rekeyed | undefined
  for (const key of keys.slice(0, 2)) outcome = await seal.rekey.update(key, nonce)
  return outcome
}

const texts = (rekeyed: Rekeyed | undefined): string[] =>
  (rekeyed?.shares ?? []).map((share) => share.toString('base64'))

const wrongKey = (): string => randomBytes(33).toString('base64')

for (const [kind, newStore] of Object.entries(storeKinds)) {
  t.test(`${kind}: a rekey replaces the shares: the new ones unseal, the old ones do not`, async (t) => {
    const store = await newStore(t)
    const { seal, keys, log } = await unsealedShamir(t, store)
    const before = await findSeal(store.db)
    const value = seal.barrier.encrypt(['p'], Buffer.from('kept'))
    const begun = await seal.rekey.begin(request())
    t.match(begun, { started: true, t: 2, n: 4, progress: 0, required: 2, verificationRequired: false })
    t.equal(await seal.rekey.update(keys[2] ?? '', begun.nonce), undefined)
    t.match(seal.rekey.status(), { progress: 1, nonce: begun.nonce })
    const rekeyed = await seal.rekey.update(keys[0] ?? '', begun.nonce)
    t.match(rekeyed, { nonce: begun.nonce, verificationRequired: false, verificationNonce: undefined })
    t.equal(rekeyed?.shares.length, 4)
    t.match(seal.rekey.status(), { started: false, nonce: '', t: 0, n: 0, progress: 0 })
    t.equal(seal.sealed, false)
    t.equal(seal.barrier.decrypt(['p'], value).toString(), 'kept')
    t.match(await seal.status(), { t: 2, n: 4 })

    const after = await findSeal(store.db)
    t.not(Buffer.from(after?.keyring ?? []).toString('hex'), Buffer.from(before?.keyring ?? []).toString('hex'))

    await seal.seal()
    await seal.unseal(keys[0] ?? '')
    await t.rejects(seal.unseal(keys[1] ?? ''), { message: 'unseal failed, invalid key' })
    await unsealWith(seal, texts(rekeyed).slice(2))
    t.equal(seal.sealed, false)
    t.equal(seal.barrier.decrypt(['p'], value).toString(), 'kept')

    const logged = JSON.stringify(log.lines)
    for (const key of [...keys, ...texts(rekeyed)]) t.notOk(logged.includes(key))
  })
}

t.test('with verification nothing changes until enough of the new shares came back', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, keys } = await unsealedShamir(t, store)
  const before = await findSeal(store.db)
  const { nonce } = await seal.rekey.begin(request({ requireVerification: true }))
  t.match(seal.rekey.verification(), { started: false, nonce: '', t: 2, n: 4, progress: 0 })
  await t.rejects(seal.rekey.verify(wrongKey(), ''), { message: 'no rekey verification in progress' })
  const rekeyed = await bring(seal, keys, nonce)
  const [a = '', b = ''] = texts(rekeyed)
  const first = rekeyed?.verificationNonce ?? ''
  t.match(rekeyed, { verificationRequired: true, verificationNonce: /^[0-9a-f-]{36}$/ })
  t.match(seal.rekey.status(), { started: true, verificationRequired: true, verificationNonce: first })
  await t.rejects(seal.rekey.update(keys[0] ?? '', nonce), {
    message: `rekey operation already finished; verification must be performed; nonce for the verification operation is "${first}"`,
  })
  await t.rejects(seal.rekey.verify(a, nonce), {
    message: `incorrect nonce supplied; nonce for this verify operation is "${first}"`,
  })
  t.equal(await seal.rekey.verify(a, first), undefined)
  t.match(seal.rekey.verification(), { started: true, nonce: first, t: 2, n: 4, progress: 1 })
  await t.rejects(seal.rekey.verify(a, first), {
    message: 'given key has already been provided during this verify operation',
  })
  await t.rejects(seal.rekey.verify(wrongKey(), first), {
    message: 'rekey verification failed; incorrect key shares supplied',
  })
  const second = seal.rekey.verification().nonce
  t.not(second, first, 'every try has its own nonce')
  t.equal(seal.rekey.verification().progress, 0)
  await seal.rekey.verify(b, second)
  const third = (await seal.rekey.restartVerification()).nonce
  t.not(third, second)
  t.strictSame(await findSeal(store.db), before, 'so far the old shares are the valid ones')

  await seal.rekey.verify(b, third)
  t.equal(await seal.rekey.verify(a, third), third)
  t.match(await seal.status(), { t: 2, n: 4 })
  await t.rejects(seal.rekey.verify(a, third), { message: 'no rekey in progress' })
  await seal.seal()
  await unsealWith(seal, [a, b])
  t.equal(seal.sealed, false)
})

t.test('a cancelled rekey changes nothing, also between its end and its verification', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, keys } = await unsealedShamir(t, store)
  const { nonce } = await seal.rekey.begin(request({ requireVerification: true }))
  await bring(seal, keys, nonce)
  await seal.rekey.cancel()
  t.match(seal.rekey.status(), { started: false })
  t.throws(() => seal.rekey.verification(), { message: 'no rekey configuration found' })
  await seal.rekey.cancel()
  await seal.seal()
  await unsealWith(seal, keys)
  t.equal(seal.sealed, false)
})

t.test('wrong and impossible steps are refused in Vault’s words', async (t) => {
  const { seal, keys } = await unsealedShamir(t, await storeKinds.postgres(t))
  const [key = ''] = keys
  await t.rejects(seal.rekey.update(key, ''), { message: 'no barrier rekey in progress' })
  await t.rejects(seal.rekey.verify(key, ''), { message: 'no rekey in progress' })
  await t.rejects(seal.rekey.restartVerification(), { message: 'no rekey configuration found' })
  const refused = [
    [{ secretShares: 0 }, 'invalid rekey seal configuration: shares must be at least one'],
    [
      { secretThreshold: 1 },
      'invalid rekey seal configuration: threshold must be greater than one for multiple shares',
    ],
    [{ backup: true }, 'cannot request a backup of the new keys without providing PGP keys for encryption'],
    [{ pgpKeys: ['one'] }, 'incorrect number of PGP keys for rekey'],
    [
      { secretShares: 1, secretThreshold: 1, pgpKeys: ['one'] },
      'pgp_keys is not supported: this server does not encrypt key shares with PGP',
    ],
  ] as const
  for (const [change, message] of refused) {
    await t.rejects(seal.rekey.begin(request(change)), { kind: 'invalid request', message })
  }
  t.match(seal.rekey.status(), { started: false })

  const { nonce } = await seal.rekey.begin(request())
  await t.rejects(seal.rekey.begin(request()), { message: 'rekey already in progress' })
  await t.rejects(seal.rekey.update('', nonce), { message: "'key' must be specified in request body as JSON" })
  await t.rejects(seal.rekey.update('?', nonce), { message: "'key' must be a valid hex or base64 string" })
  await t.rejects(seal.rekey.update('YWJj', nonce), { message: 'key is shorter than minimum 16 bytes' })
  await t.rejects(seal.rekey.update(key, 'other'), {
    message: `incorrect nonce supplied; nonce for this rekey operation is "${nonce}"`,
  })
  await seal.rekey.update(key, nonce)
  await t.rejects(seal.rekey.update(key, nonce), {
    message: 'given key has already been provided during this generation operation',
  })
  await t.rejects(seal.rekey.update(wrongKey(), nonce), {
    message: 'root key verification failed; incorrect key shares supplied',
  })
  t.match(seal.rekey.status(), { started: true, progress: 0 }, 'the shares are forgotten, the attempt is not')
  t.ok(await bring(seal, keys, nonce))
})

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

t.test('a rekey reaches the other replica, which stays unsealed and gives its own attempts up', async (t) => {
  const { first, second } = await twoReplicas(t)
  const elsewhere = await second.seal.rekey.begin(request())
  await second.seal.rekey.update(first.keys[0] ?? '', elsewhere.nonce)
  await second.seal.rootGeneration.begin({ otp: '', pgpKey: '' })
  const { nonce } = await first.seal.rekey.begin(request({ secretShares: 5, secretThreshold: 3 }))
  const rekeyed = await bring(first.seal, first.keys, nonce)
  await eventually(async () => (await second.seal.status()).n === 5)
  t.equal(second.seal.sealed, false)
  t.match(second.seal.rekey.status(), { started: false, required: 3 })
  t.match(second.seal.rootGeneration.status(), { started: false, required: 3 })

  await second.seal.rotate()
  await eventually(() => first.seal.barrier.term === 2)
  const value = second.seal.barrier.encrypt(['p'], Buffer.from('shared'))
  t.equal(first.seal.barrier.decrypt(['p'], value).toString(), 'shared', 'each goes on with the new root key')

  await second.seal.seal()
  for (const key of texts(rekeyed).slice(0, 3)) await second.seal.unseal(key)
  t.equal(second.seal.sealed, false)
})

t.test('of two rekeys that end at one moment one counts, and the other replica gives its own up', async (t) => {
  const { stores, first, second } = await twoReplicas(t)
  const ready = async ({ rekey }: Seal) => {
    const { nonce } = await rekey.begin(request({ requireVerification: true }))
    let rekeyed: Rekeyed | undefined
    for (const key of first.keys.slice(0, 2)) rekeyed = await rekey.update(key, nonce)
    const verification = rekeyed?.verificationNonce ?? ''
    const [a = '', b = ''] = texts(rekeyed)
    await rekey.verify(a, verification)
    return { keys: [a, b], end: () => rekey.verify(b, verification) }
  }
  const rekeys = [await ready(first.seal), await ready(second.seal)]
  const outcomes = await Promise.allSettled(rekeys.map(({ end }) => end()))
  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const refusal = outcomes.find(({ status }) => status === 'rejected')
  t.match(refusal, { reason: { kind: 'invalid request', message: /rekeyed by another replica/ } })

  const winner = rekeys[outcomes.findIndex(({ status }) => status === 'fulfilled')]
  const record = await findSeal(stores[0].db)
  t.equal(record && openRootKey(record, Buffer.alloc(32)), undefined, 'no key that was wiped is ever written')
  const restarted = newSeal(t, stores[0])
  await restarted.seal.start()
  await unsealWith(restarted.seal, winner?.keys ?? [])
  t.equal(restarted.seal.sealed, false, 'the shares of the one that counts unseal')
  t.equal(first.seal.sealed || second.seal.sealed, false)
})

t.test('shares brought to a sealed replica before a rekey elsewhere do not count after it', async (t) => {
  const { first, second } = await twoReplicas(t)
  await second.seal.seal()
  await second.seal.unseal(first.keys[0] ?? '')
  t.equal((await second.seal.status()).progress, 1)
  const { nonce } = await first.seal.rekey.begin(request())
  const rekeyed = await bring(first.seal, first.keys, nonce)
  t.match(await second.seal.status(), { progress: 0, n: 4 })
  await unsealWith(second.seal, texts(rekeyed))
  t.equal(second.seal.sealed, false)
})

t.test('a rekey that the database refuses keeps the old shares valid', async (t) => {
  const url = await freshDatabase(t)
  const store = await openReplica(t, url)
  await migrate(store)
  const { seal, keys } = await unsealedShamir(t, store)
  await asSuperuser(
    url,
    `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
     create trigger refuse before update on seal for each row execute function refuse()`,
  )
  const { nonce } = await seal.rekey.begin(request())
  await t.rejects(bring(seal, keys, nonce), { message: /refused/ })
  await seal.seal()
  await unsealWith(seal, keys)
  t.equal(seal.sealed, false)
})

t.test(
  'when the connection is lost during the commit and the rekey took effect, its shares are still given',
  async (t) => {
    const store = await storeKinds.postgres(t)
    const { changes, lose } = lossy(store.changes)
    const { seal, keys } = await unsealedShamir(t, { ...store, changes })
    const { nonce } = await seal.rekey.begin(request())
    lose()
    const rekeyed = await bring(seal, keys, nonce)
    t.equal(rekeyed?.shares.length, 4)
    t.match(await seal.status(), { sealed: false, n: 4 })
    await seal.seal()
    await unsealWith(seal, texts(rekeyed))
    t.equal(seal.sealed, false)
  },
)

t.test('a commit that is still on its way when its connection is lost is waited for', async (t) => {
  const url = await freshDatabase(t)
  const store = await openReplica(t, url)
  await migrate(store)
  const isAwaited = async (): Promise<boolean> => {
    const { rows } = await sql`select 1 from pg_locks where not granted`.execute(store.db)
    return rows.length > 0
  }
  let losing = false
  const transaction: Changes['transaction'] = (work) =>
    losing
      ? new Promise((_, reject) => {
          void store.changes.transaction(async (tx, changed) => {
            const result = await work(tx, changed)
            reject(unavailable('the database does not answer'))
            await eventually(isAwaited)
            return result
          })
        })
      : store.changes.transaction(work)
  const { seal, keys } = await unsealedShamir(t, { ...store, changes: withTransaction(store.changes, transaction) })
  const { nonce } = await seal.rekey.begin(request())
  losing = true
  const rekeyed = await bring(seal, keys, nonce)
  await seal.seal()
  await unsealWith(seal, texts(rekeyed))
  t.equal(seal.sealed, false)
})

t.test('the file seal refuses a rekey and names what to do instead', async (t) => {
  const { seal } = newSeal(t, await storeKinds.postgres(t), { type: 'file', folder: freshFolder(t) })
  await seal.start()
  t.match(seal.rekey.status(), { started: false, required: 1 })
  await t.rejects(seal.rekey.begin(request()), {
    kind: 'invalid request',
    message: /^rekey is not applicable to seal type file: .*sys\/rotate/,
  })
})
