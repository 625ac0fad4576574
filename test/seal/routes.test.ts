import { z } from 'zod'
import t, { type Test } from 'tap'
import type { Call, RawReply, Reply, Route, Verb } from '../../src/route.ts'
import { rootNamespace } from '../../src/route.ts'
import { sealRoutes, type SealDoors } from '../../src/seal/routes.ts'
import type { Store } from '../../src/store/open.ts'
import { newSeal, unsealedShamir } from '../support/seals.ts'
import { storeKinds } from '../support/stores.ts'

const now = new Date('2026-01-02T03:04:05.678Z')

const doorsOf = (seal: SealDoors['seal'], change: Partial<SealDoors> = {}): SealDoors => ({
  seal,
  now: () => now,
  storage: 'postgres',
  apiAddr: 'https://chancery.example:8200',
  unauthenticatedKeyOperations: false,
  ...change,
})

const rowOf = (routes: readonly Route[], verb: Verb, path: string): Route => {
  const row = routes.find((candidate) => candidate.verb === verb && candidate.path === path)
  if (!row) throw new Error(`there is no row ${verb} ${path}`)
  return row
}

/** Calls a row with what its own fields make of `input`, as the edge does. */
const ask = async (routes: readonly Route[], verb: Verb, path: string, input: object = {}) => {
  const row = rowOf(routes, verb, path)
  const call: Call = {
    id: 'id',
    operation: verb === 'write' ? 'update' : verb,
    namespace: rootNamespace,
    mount: undefined as never,
    path,
    input: z.object(row.fields).parse(input),
    caller: undefined,
    tokenId: undefined,
    sudo: true,
    remoteAddress: '127.0.0.1',
    ifModifiedSince: undefined,
    rawBody: undefined,
    warn: () => undefined,
  }
  const reply: Reply = await row.run(call as never)
  if (!reply || !('raw' in reply)) return { status: reply ? 200 : 204, body: reply, text: '' }
  const { raw }: RawReply = reply
  const text = String(raw.body)
  return { status: raw.status ?? 200, body: JSON.parse(text) as Record<string, unknown>, text, type: raw.contentType }
}

const shamir = async (t: Test, change: Partial<SealDoors> = {}, store?: Store) => {
  const { seal } = newSeal(t, store ?? (await storeKinds.postgres(t)))
  await seal.start()
  return { seal, routes: sealRoutes(doorsOf(seal, change)) }
}

t.test('a server goes from uninitialised to unsealed by its doors alone', async (t) => {
  const { routes } = await shamir(t)
  t.match(await ask(routes, 'read', 'init'), {
    status: 200,
    type: 'application/json',
    text: '{"initialized":false}\n',
  })
  t.match(await ask(routes, 'read', 'health'), { status: 501, body: { initialized: false, sealed: true } })
  // What `bao operator init` and `vault operator init` send: every extra, as zero or null.
  const init = await ask(routes, 'write', 'init', {
    secret_shares: 3,
    secret_threshold: '2',
    stored_shares: 0,
    pgp_keys: null,
    root_token_pgp_key: '',
    recovery_shares: 0,
    recovery_threshold: 0,
    recovery_pgp_keys: null,
  })
  const { keys, keys_base64, root_token } = init.body as { keys: string[]; keys_base64: string[]; root_token: string }
  t.equal(keys.length, 3)
  t.same(Buffer.from(keys[0] ?? '', 'hex'), Buffer.from(keys_base64[0] ?? '', 'base64'))
  t.match(root_token, /^hvs\./)
  t.strictSame(Object.keys(init.body ?? {}), ['keys', 'keys_base64', 'root_token'])
  t.match((await ask(routes, 'read', 'init')).body, { initialized: true })
  t.match(await ask(routes, 'read', 'health'), { status: 503, body: { initialized: true, sealed: true } })

  const one = await ask(routes, 'write', 'unseal', { key: keys[0], reset: false, migrate: false })
  t.match(one.body, { sealed: true, progress: 1, t: 2, n: 3, nonce: /./ })
  const two = await ask(routes, 'write', 'unseal', { key: keys_base64[1] })
  t.strictSame(two.body, (await ask(routes, 'read', 'seal-status')).body)
  t.match(two.body, {
    type: 'shamir',
    initialized: true,
    sealed: false,
    t: 2,
    n: 3,
    progress: 0,
    nonce: '',
    version: '1.15.0',
    migration: false,
    cluster_name: /./,
    cluster_id: /^[0-9a-f-]{36}$/,
    recovery_seal: false,
    storage_type: 'postgresql',
  })
  t.match(await ask(routes, 'read', 'health'), {
    status: 200,
    body: {
      initialized: true,
      sealed: false,
      standby: false,
      performance_standby: false,
      replication_performance_mode: 'disabled',
      replication_dr_mode: 'disabled',
      server_time_utc: 1767323045,
      version: '1.15.0',
      cluster_name: /./,
    },
  })
  t.equal((await ask(routes, 'write', 'seal')).status, 204)
  const sealed = await ask(routes, 'read', 'seal-status')
  t.match(sealed.body, { sealed: true })
  t.notOk('cluster_name' in (sealed.body ?? {}), 'the name is shown while unsealed only')
})

t.test('a reset by its door forgets the shares', async (t) => {
  const { routes, seal } = await shamir(t)
  const init = await ask(routes, 'write', 'init', { secret_shares: 3, secret_threshold: 2 })
  await ask(routes, 'write', 'unseal', { key: (init.body as { keys: string[] }).keys[0] })
  t.equal((await seal.status()).progress, 1)
  t.match((await ask(routes, 'write', 'unseal', { reset: true })).body, { sealed: true, progress: 0 })
  await t.rejects(ask(routes, 'write', 'unseal'), {
    message: "'key' must be specified in request body as JSON, or 'reset' set to true",
  })
})

t.test('sys/health answers with the codes that the caller asks for, and refuses what is no code', async (t) => {
  const { routes } = await shamir(t)
  // What the Go client sends.
  const codes = { uninitcode: '299', sealedcode: '299', standbycode: '299', drsecondarycode: '299', haunhealhty: '299' }
  t.equal((await ask(routes, 'read', 'health', codes)).status, 299)
  t.equal((await ask(routes, 'read', 'health', { sealedcode: '200' })).status, 501, 'that is another state')
  const init = await ask(routes, 'write', 'init', { secret_shares: 1, secret_threshold: 1 })
  t.equal((await ask(routes, 'read', 'health', { sealedcode: '200' })).status, 200)
  t.equal((await ask(routes, 'read', 'health', { standbyok: 'true', uninitcode: '200' })).status, 503)
  await ask(routes, 'write', 'unseal', { key: (init.body as { keys: string[] }).keys[0] })
  t.equal((await ask(routes, 'read', 'health', { activecode: ['204', '500'] })).status, 204, 'the first one counts')
  for (const code of ['', 'abc', '2x', '-1', '99', '101', '600', '1e3', '200.5']) {
    await t.rejects(ask(routes, 'read', 'health', { activecode: code }), { name: 'ZodError' }, code)
  }
  await t.rejects(ask(routes, 'read', 'health', { standbyok: 'perhaps' }), { name: 'ZodError' })
})

t.test('every unsealed replica on Postgres is a leader', async (t) => {
  const { seal } = await unsealedShamir(t, await storeKinds.postgres(t))
  const routes = sealRoutes(doorsOf(seal))
  t.match((await ask(routes, 'read', 'leader')).body, {
    ha_enabled: true,
    is_self: true,
    active_time: /^20\d\d-/,
    leader_address: 'https://chancery.example:8200',
  })
  const alone = sealRoutes(doorsOf(seal, { storage: 'embedded', apiAddr: undefined }))
  t.match((await ask(alone, 'read', 'leader')).body, { ha_enabled: false, is_self: true, leader_address: '' })
  await seal.seal()
  t.match((await ask(routes, 'read', 'leader')).body, { ha_enabled: true, is_self: false, leader_address: '' })
})

t.test('rotate and key-status show the new term', async (t) => {
  const { seal } = await unsealedShamir(t, await storeKinds.postgres(t))
  const routes = sealRoutes(doorsOf(seal))
  t.equal((await ask(routes, 'write', 'rotate')).status, 204)
  t.equal((await ask(routes, 'write', 'rotate/keyring')).status, 204)
  t.match(await ask(routes, 'read', 'key-status'), {
    body: { data: { term: 3, install_time: /^20\d\d-.*Z$/, encryptions: Number } },
  })
})

t.test('generate-root and rekey go through their doors', async (t) => {
  const { seal, keys } = await unsealedShamir(t, await storeKinds.postgres(t))
  const routes = sealRoutes(doorsOf(seal))
  const begun = await ask(routes, 'write', 'generate-root/attempt', { pgp_key: '' })
  t.match(begun.body, { started: true, required: 2, otp_length: 28, otp: /^.{28}$/, complete: false })
  t.match((await ask(routes, 'read', 'generate-root/attempt')).body, { started: true, otp: '' })
  const nonce = (begun.body as { nonce: string }).nonce
  await ask(routes, 'write', 'generate-root/update', { key: keys[0], nonce })
  const done = await ask(routes, 'write', 'generate-root/update', { key: keys[1], nonce })
  const { encoded_token, encoded_root_token } = done.body as Record<string, string>
  t.match(done.body, { complete: true, progress: 2 })
  t.equal(encoded_token, encoded_root_token)
  await ask(routes, 'write', 'generate-root/attempt')
  t.equal((await ask(routes, 'delete', 'generate-root/attempt')).status, 204)
  t.match((await ask(routes, 'read', 'generate-root/attempt')).body, { started: false, nonce: '' })

  const rekey = await ask(routes, 'write', 'rekey/init', {
    secret_shares: 2,
    secret_threshold: 2,
    require_verification: 'true',
    pgp_keys: null,
    backup: false,
  })
  const first = (rekey.body as { nonce: string }).nonce
  t.match(rekey.body, { started: true, n: 2, required: 2, verification_required: true, pgp_fingerprints: null })
  t.match((await ask(routes, 'write', 'rekey/update', { key: keys[0], nonce: first })).body, { progress: 1 })
  const handed = await ask(routes, 'write', 'rekey/update', { key: keys[1], nonce: first })
  const shares = handed.body as { keys: string[]; keys_base64: string[]; verification_nonce: string }
  t.match(handed.body, { complete: true, nonce: first, backup: false, verification_required: true })
  t.match((await ask(routes, 'read', 'rekey/verify')).body, { started: true, nonce: shares.verification_nonce })
  t.match((await ask(routes, 'delete', 'rekey/verify')).body, { started: true, progress: 0 })
  const second = seal.rekey.verification().nonce
  const half = await ask(routes, 'write', 'rekey/verify', { key: shares.keys[0], nonce: second })
  t.match(half.body, { progress: 1 })
  const whole = await ask(routes, 'write', 'rekey/verify', { key: shares.keys_base64[1], nonce: second })
  t.match(whole.body, { complete: true, nonce: second })
  t.match((await ask(routes, 'read', 'rekey/init')).body, { started: false, required: 2 })
  await ask(routes, 'write', 'rekey/init', { secret_shares: 1, secret_threshold: 1 })
  t.equal((await ask(routes, 'delete', 'rekey/init')).status, 204)
})

t.test('only what Vault leaves open needs no token, answers while sealed, and is not audited', async (t) => {
  const { routes } = await shamir(t)
  const open = ['read init', 'write init', 'write unseal', 'read seal-status', 'read health', 'read leader']
  const names = (rows: readonly Route[]): string[] => rows.map(({ verb, path }) => `${verb} ${path}`).sort()
  t.strictSame(names(routes.filter((row) => row.public)), [...open].sort())
  t.strictSame(names(routes.filter((row) => row.whileSealed)), [...open].sort())
  t.strictSame(names(routes.filter((row) => row.unaudited)), [...open].sort())
  t.strictSame(names(routes.filter((row) => !row.public && !row.sudo)), ['read key-status'])
  t.strictSame(names(routes.filter((row) => row.head)), ['read health'])
})

t.test('generate-root and rekey are open only by the setting', async (t) => {
  const { routes } = await shamir(t, { unauthenticatedKeyOperations: true })
  const rows = routes.filter(({ path }) => /^(generate-root|rekey)\//.test(path))
  t.equal(rows.length, 11)
  t.ok(rows.every((row) => row.public && !row.sudo && !row.whileSealed && !row.unaudited))
})
