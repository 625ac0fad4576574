import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findSeal } from '../../src/store/seal.ts'
import type { Store } from '../../src/store/open.ts'
import { migrate } from '../../src/store/migrate.ts'
import { freshDatabase } from '../support/postgres.ts'
import { initRequest, newSeal, realRootToken, tokenExists } from '../support/seals.ts'
import { freshFolder, openReplica, storeKinds } from '../support/stores.ts'

/** A seal of the `file` type, started: rejects as the start does. */
const start = async (t: Test, store: Store, options: Parameters<typeof newSeal>[2]) => {
  const made = newSeal(t, store, { type: 'file', ...options })
  return { ...made, rootToken: await made.seal.start() }
}

const twoReplicas = async (t: Test): Promise<[Store, Store]> => {
  const url = await freshDatabase(t)
  const first = await openReplica(t, url)
  await migrate(first)
  return [first, await openReplica(t, url)]
}

for (const [kind, newStore] of Object.entries(storeKinds)) {
  t.test(`${kind}: the first start makes the key file, the keys and a root token, and unseals`, async (t) => {
    const store = await newStore(t)
    const folder = freshFolder(t)
    const { seal, rootToken, log } = await start(t, store, { folder })
    t.match(rootToken, /^hvs\.[0-9A-Za-z]{24}$/)
    t.ok(await tokenExists(store, seal, rootToken ?? ''))
    t.match(await seal.status(), { type: 'file', initialized: true, sealed: false, t: 1, n: 1, progress: 0, nonce: '' })
    const value = seal.barrier.encrypt(['p'], Buffer.from('secret'))

    const key = readFileSync(join(folder, 'seal.key'), 'utf8').trim()
    const later = await start(t, store, { folder })
    t.equal(later.rootToken, undefined, 'the next start makes nothing')
    t.equal(later.seal.barrier.decrypt(['p'], value).toString(), 'secret')
    t.equal(readFileSync(join(folder, 'seal.key'), 'utf8').trim(), key)

    const logged = JSON.stringify([log.lines, later.log.lines])
    t.notMatch(logged, key)
    t.notMatch(logged, rootToken)
  })

  t.test(
    `${kind}: an initialisation that fails half way leaves the key file, which the next start takes`,
    async (t) => {
      const store = await newStore(t)
      const folder = freshFolder(t)
      const crash = (): Promise<string> => Promise.reject(new Error('crash'))
      await t.rejects(start(t, store, { folder, createRootToken: crash }), { message: 'crash' })
      const key = readFileSync(join(folder, 'seal.key'), 'utf8')
      for (const table of ['seal', 'key_terms', 'hmac_keys', 'tokens'] as const) {
        t.strictSame(await store.db.selectFrom(table).selectAll().execute(), [], `nothing in ${table}`)
      }
      const { rootToken } = await start(t, store, { folder })
      t.match(rootToken, /^hvs\./)
      t.equal(readFileSync(join(folder, 'seal.key'), 'utf8'), key)
    },
  )
}

t.test('a root token is kept before the commit, and one that cannot be kept is never made', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  const kept: string[] = []
  const fail = (token: string): Promise<void> => {
    kept.push(token)
    return Promise.reject(new Error('disk full'))
  }
  await t.rejects(start(t, store, { folder, keepRootToken: fail }), { message: 'disk full' })
  t.equal(await findSeal(store.db), undefined)
  const keep = (token: string): Promise<void> => Promise.resolve(void kept.push(token))
  const { rootToken, seal } = await start(t, store, { folder, keepRootToken: keep })
  t.equal(kept[1], rootToken)
  t.not(await tokenExists(store, seal, kept[0] ?? ''), true)
})

t.test('the root token of the settings is the one that is made', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, rootToken } = await start(t, store, { folder: freshFolder(t), rootToken: 'a-chosen-root-token' })
  t.equal(rootToken, 'a-chosen-root-token')
  t.ok(await tokenExists(store, seal, 'a-chosen-root-token'))
})

t.test('without its key file an initialised database stops the start, and no key is made', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  await start(t, store, { folder })
  const path = join(folder, 'seal.key')
  renameSync(path, `${path}.away`)
  await t.rejects(start(t, store, { folder }), {
    name: 'ConfigError',
    message:
      `CHANCERY_SEAL_KEY_FILE: ${path} does not exist, and this database was initialised with a key file; ` +
      'put that file there (no other key opens the database)',
  })
  t.notOk(existsSync(path))
  renameSync(`${path}.away`, path)
  await start(t, store, { folder })
})

t.test('with another key file it stops, and the row is untouched', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  await start(t, store, { folder })
  const before = await findSeal(store.db)
  const other = freshFolder(t)
  writeFileSync(join(other, 'seal.key'), Buffer.alloc(32, 1).toString('base64'))
  chmodSync(join(other, 'seal.key'), 0o600)
  await t.rejects(start(t, store, { folder: other }), {
    name: 'ConfigError',
    message: /seal\.key is not the key file that this database was initialised with/,
  })
  t.strictSame(await findSeal(store.db), before)
})

t.test('a key file of a lost database serves the new one', async (t) => {
  const folder = freshFolder(t)
  await start(t, await storeKinds.postgres(t), { folder })
  const key = readFileSync(join(folder, 'seal.key'), 'utf8')
  const { rootToken } = await start(t, await storeKinds.postgres(t), { folder })
  t.ok(rootToken)
  t.equal(readFileSync(join(folder, 'seal.key'), 'utf8'), key)
})

t.test('a database of another seal type stops the start, in both directions', async (t) => {
  const ofFile = await storeKinds.postgres(t)
  await start(t, ofFile, { folder: freshFolder(t) })
  await t.rejects(newSeal(t, ofFile, { type: 'shamir' }).seal.start(), {
    name: 'ConfigError',
    message:
      'CHANCERY_SEAL: this database was initialised with the seal "file", not "shamir"; start with CHANCERY_SEAL=file',
  })
  const ofShamir = await storeKinds.postgres(t)
  const { seal } = newSeal(t, ofShamir)
  await seal.start()
  await seal.initialise(initRequest(1, 1))
  const folder = freshFolder(t)
  await t.rejects(start(t, ofShamir, { folder }), { name: 'ConfigError', message: /start with CHANCERY_SEAL=shamir$/ })
  t.notOk(existsSync(join(folder, 'seal.key')))
})

t.test('two replicas with one key file start together: both come up, one of them initialised', async (t) => {
  const [first, second] = await twoReplicas(t)
  const folder = freshFolder(t)
  const [one, two] = await Promise.all([start(t, first, { folder }), start(t, second, { folder })])
  t.equal([one.rootToken, two.rootToken].filter((token) => token !== undefined).length, 1)
  const value = one.seal.barrier.encrypt(['p'], Buffer.from('shared'))
  t.equal(two.seal.barrier.decrypt(['p'], value).toString(), 'shared')
  t.equal((await first.db.selectFrom('tokens').select('hash').execute()).length, 1)
})

t.test('two replicas with a key file each start together: one comes up, the other says why it stops', async (t) => {
  const [first, second] = await twoReplicas(t)
  const folders = [freshFolder(t), freshFolder(t)]
  const starts = await Promise.allSettled([
    start(t, first, { folder: folders[0] ?? '' }),
    start(t, second, { folder: folders[1] ?? '' }),
  ])
  t.equal(starts.filter(({ status }) => status === 'fulfilled').length, 1)
  const refused = starts.find((outcome) => outcome.status === 'rejected')
  t.match(refused?.reason, { name: 'ConfigError', message: /^CHANCERY_SEAL_KEY_FILE: .* does not exist, and this/ })
  t.equal(folders.filter((folder) => existsSync(join(folder, 'seal.key'))).length, 1, 'and it made no key')
})

t.test('the server is sealed until every listener has ended, and stays so when one fails', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  const { seal } = newSeal(t, store, { type: 'file', folder })
  const seen: boolean[] = []
  seal.onUnsealed(async () => {
    seen.push(seal.sealed, seal.barrier.sealed)
  })
  await seal.start()
  t.strictSame(seen, [true, false])
  t.equal(seal.sealed, false)

  const failing = newSeal(t, store, { type: 'file', folder }).seal
  failing.onUnsealed(() => Promise.reject(new Error('the mounts do not load')))
  await t.rejects(failing.start(), { message: 'the mounts do not load' })
  t.equal(failing.sealed, true)
  t.equal(failing.barrier.sealed, true)
})

t.test('a server with a key file that was sealed unseals with that file’s content', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  const { seal } = await start(t, store, { folder })
  let dropped = 0
  seal.onSealed(() => void dropped++)
  await seal.seal()
  t.equal(dropped, 1)
  t.equal(seal.sealed, true)
  t.throws(() => seal.barrier.hmacKey('token'), { message: 'Vault is sealed' })
  await seal.unseal(readFileSync(join(folder, 'seal.key'), 'utf8').trim())
  t.equal(seal.sealed, false)
})

t.test('sys/init on a server that initialised itself says that it is initialised', async (t) => {
  const { seal } = await start(t, await storeKinds.postgres(t), { folder: freshFolder(t) })
  await t.rejects(seal.initialise(initRequest(5, 3)), { message: 'Vault is already initialized' })
})

t.test('no secret is in the clear in any row', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  let hmacKey = Buffer.alloc(0)
  const { rootToken } = await start(t, store, {
    folder,
    createRootToken: (tx, barrier, now, id) => {
      hmacKey = barrier.hmacKey('token').export()
      return realRootToken(tx, barrier, now, id)
    },
  })
  const rows = await Promise.all(
    (['seal', 'key_terms', 'hmac_keys', 'tokens'] as const).map((table) =>
      store.db.selectFrom(table).selectAll().execute(),
    ),
  )
  const text = JSON.stringify(rows, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
  const key = Buffer.from(readFileSync(join(folder, 'seal.key'), 'latin1'), 'base64')
  for (const secret of [key, hmacKey, Buffer.from(rootToken ?? '')]) {
    t.ok(secret.length > 0)
    t.notOk(text.includes(secret.toString('hex')))
  }
  rmSync(join(folder, 'seal.key'))
})
