import { createPrivateKey, createPublicKey } from 'node:crypto'
import t from 'tap'
import { checkMount } from '../../support/check-mount.ts'
import { freshEngine } from '../../support/engine.ts'
import { makeCa, makeKey } from '../../support/openssl-ca.ts'

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`keys are made, listed, read, renamed and deleted (${kind})`, async (t) => {
    const engine = await freshEngine(t, kind)
    t.ok((await engine.call('list', 'keys')).nothing)
    const { data: first } = await engine.write('keys/generate/internal', { key_type: 'ec', key_name: 'one' })
    t.match(first, { key_name: 'one', key_type: 'ec' })
    t.notOk('private_key' in first)
    const { data: second } = await engine.write('keys/generate/exported', { key_type: 'ed25519' })
    t.equal(createPrivateKey(String(second['private_key'])).asymmetricKeyType, 'ed25519')
    t.same((await engine.call('list', 'keys')).data, {
      keys: [first['key_id'], second['key_id']].sort(),
      key_info: {
        [String(first['key_id'])]: { key_name: 'one', is_default: true },
        [String(second['key_id'])]: { key_name: '', is_default: false },
      },
    })
    const { data } = await engine.read('key/default')
    t.match(data, { key_id: first['key_id'], key_name: 'one', key_type: 'ec', subject_key_id: /^(..:){19}..$/ })
    t.same(Object.keys(data).sort(), ['key_id', 'key_name', 'key_type', 'subject_key_id'])

    t.same((await engine.write('key/one', { key_name: 'uno' })).data, { ...first, key_name: 'uno' })
    const cleared = await engine.write('key/uno')
    t.equal(cleared.data['key_name'], '')
    t.same(cleared.warnings, [
      `Name successfully deleted, you will now need to reference this key by it's Id: ${String(first['key_id'])}`,
    ])
    t.ok((await engine.call('delete', `key/${String(second['key_id'])}`)).nothing)
    t.ok((await engine.call('delete', 'key/x')).nothing)
    t.same((await engine.call('delete', 'key/default')).warnings, [
      `Deleted key ${String(first['key_id'])} (via key_ref default); this was configured as the default key. Operations without an explicit key will not work until a new default is configured.`,
    ])
    t.same((await engine.read('config/keys')).data, { default: '' })
  })
}

t.test('what cannot be is refused in the words of Vault', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('keys/generate/internal', { key_type: 'ec', key_name: 'k' })
  const short =
    'provided data for import was too short; perhaps a path was passed to the API rather than the contents of a PEM file'
  const table: readonly (readonly [path: string, parameters: Record<string, unknown>, message: string | RegExp])[] = [
    ['keys/generate/internal', { key_type: 'x' }, 'Validation for key_type, key_bits failed: unknown key type x'],
    ['keys/generate/internal', { key_name: 'k', key_type: 'ec' }, 'key name already in use'],
    ['keys/generate/internal', { key_name: 'default' }, "reserved keyword 'default' can not be used as key name"],
    ['keys/generate/kms', {}, 'managed keys are not available: there is no HSM'],
    ['keys/import', { pem_bundle: '/etc/key.pem' }, short],
    ['keys/import', { pem_bundle: 'x'.repeat(80) }, 'error when parsing block 1: invalid PEM data'],
    [
      'keys/import',
      { pem_bundle: ' '.repeat(80) },
      'only a single key can be present within the pem_bundle for importing',
    ],
    ['key/x', { key_name: 'y' }, 'unable to find PKI key for reference: x'],
    ['key/k', { key_name: 'a b' }, 'new key name outside of valid character limits'],
    ['key/k', { key_name: 'default' }, "reserved keyword 'default' can not be used as key name"],
  ]
  for (const [path, parameters, message] of table) {
    await t.rejects(engine.write(path, parameters), { kind: 'invalid request', message }, path)
  }
  await t.rejects(engine.read('key/x'), { message: 'unable to find PKI key for reference: x' })
  const two = `${await makeKey('P-256')}${await makeKey('P-256')}`
  await t.rejects(engine.write('keys/import', { pem_bundle: two }), {
    message: 'only a single key can be present within the pem_bundle for importing',
  })
  const { certificate } = await makeCa('CA')
  await t.rejects(engine.write('keys/import', { pem_bundle: certificate }), { message: /^failed to parse PEM block/ })
})

t.test('a key that is imported is what it was, and is imported once', async (t) => {
  const engine = await freshEngine(t)
  for (const kind of ['rsa:2048', 'P-384', 'ed25519']) {
    const pem = await makeKey(kind)
    const { data, warnings } = await engine.write('keys/import', { pem_bundle: `a text before\n${pem}` })
    t.same(warnings, [])
    const again = await engine.write('keys/import', { pem_bundle: pem, key_name: `again-${data['key_type']}` })
    t.same(again.data, data)
    t.same(again.warnings, ['Key already imported, use key/ endpoint to update name.'])
    const root = await engine.write('root/generate/existing', { common_name: kind, key_ref: data['key_id'] })
    const spki = (of: string) => createPublicKey(of).export({ format: 'der', type: 'spki' })
    t.same(spki(String(root.data['certificate'])), spki(pem))
  }
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('a key finds the certificates that wait for it', async (t) => {
  const engine = await freshEngine(t)
  const key = await makeKey('P-256')
  const [a, b] = [await makeCa('A', { key }), await makeCa('B', { key })]
  await engine.write('issuers/import/cert', { pem_bundle: a.certificate + b.certificate })
  t.equal((await engine.read('config/issuers')).data['default'], '')
  await t.rejects(engine.read('cert/ca'), { message: 'no default issuer currently configured' })
  const { data } = await engine.write('keys/import', { pem_bundle: key, key_name: 'k' })
  const issuers = (await engine.call('list', 'issuers')).data
  const info = Object.values(issuers['key_info'] as Record<string, { key_id: string; is_default: boolean }>)
  t.same(
    info.map((issuer) => issuer.key_id),
    [data['key_id'], data['key_id']],
  )
  t.equal(info.filter((issuer) => issuer.is_default).length, 1)
  const { default: inUse } = (await engine.read('config/issuers')).data
  await t.rejects(engine.call('delete', 'key/k'), { message: /^Failed to Delete Key\. {2}Key in Use by Issuer: / })
  await engine.write('roles/any', { allow_any_name: true, key_type: 'ec', issuer_ref: String(inUse) })
  await engine.write('issue/any', { common_name: 'app.example.com' })
  await checkMount(t, engine.store.db, engine.mount.uuid)
})
