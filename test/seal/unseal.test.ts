import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { findSeal } from '../../src/store/seal.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Store } from '../../src/store/open.ts'
import type { Seal } from '../../src/seal/seal.ts'
import { asSuperuser, freshDatabase } from '../support/postgres.ts'
import { initRequest, lossy, newSeal, tokenExists, unsealedShamir, unsealWith } from '../support/seals.ts'
import { openReplica, storeKinds } from '../support/stores.ts'

const startShamir = async (t: Test, store: Store): Promise<Seal> => {
  const { seal } = newSeal(t, store)
  await seal.start()
  return seal
}

const twoReplicas = async (t: Test): Promise<[Store, Store]> => {
  const url = await freshDatabase(t)
  const first = await openReplica(t, url)
  await migrate(first)
  return [first, await openReplica(t, url)]
}

t.test(
  'a shamir server waits uninitialised, is initialised once, and stays sealed until enough shares came',
  async (t) => {
    const store = await storeKinds.postgres(t)
    const seal = await startShamir(t, store)
    t.match(await seal.status(), {
      type: 'shamir',
      initialized: false,
      sealed: true,
      t: 0,
      n: 0,
      progress: 0,
      nonce: '',
    })
    const { shares, rootToken } = await seal.initialise(initRequest(5, 3))
    t.equal(shares.length, 5)
    t.ok(shares.every((share) => share.length === 33))
    t.match(await seal.status(), { initialized: true, sealed: true, t: 3, n: 5, clusterName: undefined })

    const [a = '', b = '', c = ''] = shares.map((share) => share.toString('hex'))
    await seal.unseal(b)
    const one = await seal.status()
    t.match(one, { sealed: true, progress: 1, nonce: /^[0-9a-f-]{36}$/ })
    await seal.unseal(b)
    t.match(await seal.status(), { progress: 1, nonce: one.nonce }, 'the same share does not count twice')
    await seal.unseal(a)
    t.match(await seal.status(), { sealed: true, progress: 2, nonce: one.nonce })
    await seal.unseal(c)
    t.match(await seal.status(), {
      sealed: false,
      progress: 0,
      nonce: '',
      clusterName: /^chancery-cluster-[0-9a-f]{8}$/,
    })
    t.ok(await tokenExists(store, seal, rootToken))

    await seal.unseal(Buffer.alloc(33, 1).toString('hex'))
    t.equal(seal.sealed, false, 'on an unsealed server a share does nothing')
  },
)

t.test('with shares = 1 the share is the 32 bytes of the key', async (t) => {
  const seal = await startShamir(t, await storeKinds.postgres(t))
  const { shares } = await seal.initialise(initRequest(1, 1))
  t.equal(shares[0]?.length, 32)
  await seal.unseal(shares[0]?.toString('base64') ?? '')
  t.equal(seal.sealed, false)
})

t.test('impossible requests to initialise are refused in Vault’s words, and change nothing', async (t) => {
  const store = await storeKinds.postgres(t)
  const seal = await startShamir(t, store)
  const refused = [
    [{}, 'invalid seal configuration: shares must be at least one'],
    [{ secretShares: 5 }, 'invalid seal configuration: threshold must be at least one'],
    [
      { secretShares: 5, secretThreshold: 1 },
      'invalid seal configuration: threshold must be greater than one for multiple shares',
    ],
    [{ secretShares: 3, secretThreshold: 5 }, 'invalid seal configuration: threshold cannot be larger than shares'],
    [{ secretShares: 256, secretThreshold: 5 }, 'invalid seal configuration: shares must be less than 256'],
    [
      { secretShares: 5, secretThreshold: 3, pgpKeys: ['one'] },
      'invalid seal configuration: count mismatch between number of provided PGP keys and number of shares',
    ],
    [
      { secretShares: 1, secretThreshold: 1, pgpKeys: ['one'] },
      'pgp_keys is not supported: this server does not encrypt key shares and tokens with PGP',
    ],
    [
      { secretShares: 1, secretThreshold: 1, rootTokenPgpKey: 'one' },
      'root_token_pgp_key is not supported: this server does not encrypt key shares and tokens with PGP',
    ],
    [
      { secretShares: 5, secretThreshold: 3, recoveryShares: 5, recoveryThreshold: 3 },
      'parameters recovery_shares,recovery_threshold not applicable to seal type shamir',
    ],
    [
      { secretShares: 5, secretThreshold: 3, recoveryPgpKeys: ['one'] },
      'parameters recovery_pgp_keys not applicable to seal type shamir',
    ],
  ] as const
  for (const [request, message] of refused) {
    await t.rejects(seal.initialise({ ...initRequest(0, 0), ...request }), { kind: 'invalid request', message })
  }
  t.equal(await findSeal(store.db), undefined)
})

t.test('a second initialisation is refused', async (t) => {
  const seal = await startShamir(t, await storeKinds.postgres(t))
  await seal.initialise(initRequest(5, 3))
  await t.rejects(seal.initialise(initRequest(5, 3)), {
    kind: 'invalid request',
    message: 'Vault is already initialized',
  })
})

t.test('of many initialisations on two replicas one wins, and its shares are the ones that unseal', async (t) => {
  const [first, second] = await twoReplicas(t)
  const seals = [await startShamir(t, first), await startShamir(t, second)]
  const outcomes = await Promise.allSettled(
    [...seals, ...seals, ...seals].map((seal) => seal.initialise(initRequest(3, 2))),
  )
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  t.equal(won.length, 1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') t.match(outcome.reason, { message: 'Vault is already initialized' })
  }
  for (const seal of seals) {
    t.equal(await seal.initialised(), true)
    for (const share of won[0]?.value.shares.slice(0, 2) ?? []) await seal.unseal(share.toString('base64'))
    t.equal(seal.sealed, false)
    t.ok(await tokenExists(first, seal, won[0]?.value.rootToken ?? ''))
  }
})

t.test('an initialisation that fails in the middle leaves nothing, and the next one works', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal } = newSeal(t, store, { createRootToken: () => Promise.reject(new Error('crash')) })
  await seal.start()
  await t.rejects(seal.initialise(initRequest(3, 2)), { message: 'crash' })
  t.equal(await seal.initialised(), false)
  await (await startShamir(t, store)).initialise(initRequest(3, 2))
})

t.test('an initialisation whose commit took effect unheard still gives its shares and its token', async (t) => {
  const store = await storeKinds.postgres(t)
  const { changes, lose } = lossy(store.changes)
  const seal = await startShamir(t, { ...store, changes })
  lose()
  const { shares, rootToken } = await seal.initialise(initRequest(3, 2))
  const keys = shares.map((share) => share.toString('hex'))
  await unsealWith(seal, keys)
  t.ok(await tokenExists(store, seal, rootToken))
})

t.test('bad shares are refused in Vault’s words and are not repeated', async (t) => {
  const seal = await startShamir(t, await storeKinds.postgres(t))
  const text = randomBytes(33).toString('base64')
  await t.rejects(seal.unseal(text), { message: 'Vault is not initialized' })
  await seal.initialise(initRequest(3, 2))
  await t.rejects(seal.unseal(''), {
    message: "'key' must be specified in request body as JSON, or 'reset' set to true",
  })
  await t.rejects(seal.unseal('not a key!'), { message: "'key' must be a valid hex or base64 string" })
  await t.rejects(seal.unseal('YWJj'), { message: 'invalid key: key is shorter than minimum 16 bytes' })
  await t.rejects(seal.unseal(randomBytes(34).toString('base64')), {
    message: 'invalid key: key is longer than maximum 33 bytes',
  })
  await t.rejects(seal.unseal(text, { migrate: true }), {
    message: "can't perform a seal migration, no migration seal found",
  })
  t.equal((await seal.status()).progress, 0)
})

t.test('a wrong combination fails, forgets its shares, and the right ones still unseal', async (t) => {
  const seal = await startShamir(t, await storeKinds.postgres(t))
  const { shares } = await seal.initialise(initRequest(3, 2))
  const [a = '', b = ''] = shares.map((share) => share.toString('hex'))
  const wrong = [
    randomBytes(33),
    // Another length, and the same x coordinate with other bytes.
    randomBytes(32),
    Buffer.concat([randomBytes(32), shares[0]?.subarray(32) ?? Buffer.of()]),
  ]
  for (const share of wrong) {
    await seal.unseal(a)
    await t.rejects(seal.unseal(share.toString('hex')), {
      kind: 'invalid request',
      message: 'unseal failed, invalid key',
    })
    t.match(await seal.status(), { sealed: true, progress: 0, nonce: '' })
  }
  await seal.unseal(a)
  await seal.unseal(b)
  t.equal(seal.sealed, false)
})

t.test('a reset forgets the shares, and is refused on an unsealed server', async (t) => {
  const seal = await startShamir(t, await storeKinds.postgres(t))
  const { shares } = await seal.initialise(initRequest(3, 2))
  const [a = '', b = ''] = shares.map((share) => share.toString('hex'))
  await seal.unseal(a)
  const { nonce } = await seal.status()
  seal.resetUnseal()
  t.match(await seal.status(), { progress: 0, nonce: '' })
  await seal.unseal(a)
  t.not((await seal.status()).nonce, nonce)
  await seal.unseal(b)
  t.throws(() => seal.resetUnseal(), { message: 'vault is unsealed' })
})

t.test('shares that come at the same moment count once each', async (t) => {
  const seal = await startShamir(t, await storeKinds.postgres(t))
  const { shares } = await seal.initialise(initRequest(9, 5))
  await Promise.all(
    shares
      .slice(0, 4)
      .flatMap((share) => [share, share])
      .map((share) => seal.unseal(share.toString('hex'))),
  )
  t.match(await seal.status(), { sealed: true, progress: 4 })
  await Promise.all(shares.slice(4).map((share) => seal.unseal(share.toString('hex'))))
  t.equal(seal.sealed, false)
})

t.test('sealing forgets the keys on this replica only, and drops every progress', async (t) => {
  const [first, second] = await twoReplicas(t)
  const { seal, keys } = await unsealedShamir(t, first)
  const other = await startShamir(t, second)
  for (const key of keys.slice(0, 2)) await other.unseal(key)
  await seal.rootGeneration.begin({ otp: '', pgpKey: '' })
  await seal.seal()
  t.equal(seal.sealed, true)
  t.equal(seal.barrier.sealed, true)
  t.throws(() => seal.rootGeneration.status(), { message: 'Vault is sealed' })
  await t.rejects(seal.rotate(), { message: 'Vault is sealed' })
  await t.rejects(seal.keyStatus(), { message: 'Vault is sealed' })
  t.equal(other.sealed, false)
  for (const key of keys.slice(1)) await seal.unseal(key)
  t.match(seal.rootGeneration.status(), { started: false })
})

t.test('a status while the database is away is the last one known', async (t) => {
  const url = await freshDatabase(t)
  const store = await openReplica(t, url)
  await migrate(store)
  const { seal, keys } = await unsealedShamir(t, store)
  await seal.seal()
  await seal.unseal(keys[0] ?? '')
  const server = new URL(url)
  server.pathname = '/postgres'
  await asSuperuser(server.href, `drop database ${new URL(url).pathname.slice(1)} with (force)`)
  t.match(await seal.status(), { initialized: true, sealed: true, t: 2, n: 3, progress: 1 })
  await t.rejects(seal.unseal(keys[1] ?? ''), { message: 'the database does not answer' })
  t.match(await seal.status(), { sealed: true, progress: 1 }, 'the shares wait for it')
})

t.test('neither share, root token nor key shows in the log of a whole life', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, log, keys, rootToken } = await unsealedShamir(t, store)
  await seal.rotate()
  await seal.seal()
  await seal.unseal(keys[0] ?? '')
  await t.rejects(seal.unseal(randomBytes(33).toString('base64')))
  const logged = JSON.stringify(log.lines)
  t.match(logged, /unsealed/)
  for (const secret of [rootToken, ...keys, ...keys.map((key) => Buffer.from(key, 'base64').toString('hex'))]) {
    t.notOk(logged.includes(secret))
  }
})

t.test('an unseal that the database breaks off leaves the server sealed, and works at the next try', async (t) => {
  const url = await freshDatabase(t)
  const store = await openReplica(t, url)
  await migrate(store)
  const { seal, keys } = await unsealedShamir(t, store)
  await seal.seal()
  await asSuperuser(url, 'alter table hmac_keys rename to away')
  await t.rejects(unsealWith(seal, keys), { message: /hmac_keys/ })
  t.match(await seal.status(), { sealed: true, progress: 0 })
  t.throws(() => seal.barrier.encrypt(['p'], Buffer.from('x')), { message: 'Vault is sealed' })
  await asSuperuser(url, 'alter table away rename to hmac_keys')
  await unsealWith(seal, keys)
  t.equal(seal.sealed, false)
})
