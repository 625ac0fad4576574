import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { newSeal, tokenExists, unsealedShamir } from '../support/seals.ts'
import { freshFolder, storeKinds } from '../support/stores.ts'

const decoded = (encoded: string, otp: string): string => {
  const pad = Buffer.from(otp)
  return Buffer.from(Buffer.from(encoded, 'base64').map((byte, at) => byte ^ (pad[at] ?? 0))).toString()
}

for (const [kind, newStore] of Object.entries(storeKinds)) {
  t.test(`${kind}: enough shares make a root token, and only the one-time password decodes it`, async (t) => {
    const store = await newStore(t)
    const { seal, keys, rootToken, log } = await unsealedShamir(t, store)
    const begun = await seal.rootGeneration.begin({ otp: '', pgpKey: '' })
    t.match(begun, { started: true, progress: 0, required: 2, complete: false, encodedToken: '' })
    t.match(begun.otp, /^[0-9A-Za-z]{28}$/)
    t.equal(seal.rootGeneration.status().otp, '', 'it is shown once')
    const one = await seal.rootGeneration.update(keys[1] ?? '', begun.nonce)
    t.match(one, { started: true, progress: 1, required: 2, complete: false, encodedToken: '' })
    const done = await seal.rootGeneration.update(keys[2] ?? '', begun.nonce)
    t.match(done, { started: true, progress: 2, required: 2, complete: true, nonce: begun.nonce })
    t.notMatch(done.encodedToken, /=/, 'Vault’s CLI decodes base64 without padding')
    const token = decoded(done.encodedToken, begun.otp)
    t.match(token, /^hvs\.[0-9A-Za-z]{24}$/)
    t.ok(await tokenExists(store, seal, token))
    t.ok(await tokenExists(store, seal, rootToken), 'the others stay')
    t.match(seal.rootGeneration.status(), { started: false, progress: 0, nonce: '' })
    const logged = JSON.stringify(log.lines)
    for (const secret of [token, begun.otp, ...keys]) t.notOk(logged.includes(secret))
  })
}

t.test('a password of the caller’s own is used and not shown', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, keys } = await unsealedShamir(t, store)
  const otp = randomBytes(14).toString('hex')
  const begun = await seal.rootGeneration.begin({ otp, pgpKey: '' })
  t.equal(begun.otp, '')
  await seal.rootGeneration.update(keys[0] ?? '', begun.nonce)
  const done = await seal.rootGeneration.update(keys[1] ?? '', begun.nonce)
  t.ok(await tokenExists(store, seal, decoded(done.encodedToken, otp)))
})

t.test('wrong and impossible steps are refused in Vault’s words', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, keys } = await unsealedShamir(t, store)
  const { rootGeneration } = seal
  const [key = ''] = keys
  const wrong = randomBytes(33).toString('base64')
  await t.rejects(rootGeneration.update(key, ''), { message: 'no root generation in progress' })
  await t.rejects(rootGeneration.begin({ otp: 'short', pgpKey: '' }), { message: 'OTP string has incorrect length' })
  await t.rejects(rootGeneration.begin({ otp: '', pgpKey: 'a key' }), { message: /^pgp_key is not supported/ })
  const { nonce } = await rootGeneration.begin({ otp: '', pgpKey: '' })
  await t.rejects(rootGeneration.begin({ otp: '', pgpKey: '' }), { message: 'root generation already in progress' })
  await t.rejects(rootGeneration.update('', nonce), { message: "'key' must be specified in request body as JSON" })
  await t.rejects(rootGeneration.update('YWJj', nonce), { message: 'key is shorter than minimum 16 bytes' })
  await t.rejects(rootGeneration.update(key, 'other'), {
    message: `incorrect nonce supplied; nonce for this root generation operation is "${nonce}"`,
  })
  await rootGeneration.update(key, nonce)
  await t.rejects(rootGeneration.update(key, nonce), {
    message: 'given key has already been provided during this generation operation',
  })
  await t.rejects(rootGeneration.update(wrong, nonce), {
    message: 'root generation aborted: incorrect key shares supplied',
  })
  t.match(rootGeneration.status(), { started: true, progress: 0, nonce })
  await rootGeneration.cancel()
  t.match(rootGeneration.status(), { started: false })
  t.equal((await store.db.selectFrom('tokens').select('hash').execute()).length, 1, 'the first root token alone')
})

t.test('a token of another length than the password is not made', async (t) => {
  const store = await storeKinds.postgres(t)
  const { seal, keys } = await unsealedShamir(t, store, { createRootToken: () => Promise.resolve('short') })
  const { nonce } = await seal.rootGeneration.begin({ otp: '', pgpKey: '' })
  await seal.rootGeneration.update(keys[0] ?? '', nonce)
  await t.rejects(seal.rootGeneration.update(keys[1] ?? '', nonce), {
    message: 'a root token of unexpected length',
  })
})

t.test('with the file seal the one share is the key file’s content', async (t) => {
  const store = await storeKinds.postgres(t)
  const folder = freshFolder(t)
  const { seal } = newSeal(t, store, { type: 'file', folder })
  await seal.start()
  const begun = await seal.rootGeneration.begin({ otp: '', pgpKey: '' })
  t.equal(begun.required, 1)
  await t.rejects(seal.rootGeneration.update(randomBytes(32).toString('base64'), begun.nonce), {
    message: 'root generation aborted: incorrect key shares supplied',
  })
  const done = await seal.rootGeneration.update(readFileSync(join(folder, 'seal.key'), 'utf8').trim(), begun.nonce)
  t.ok(await tokenExists(store, seal, decoded(done.encodedToken, begun.otp)))
})
