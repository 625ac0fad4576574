import t from 'tap'
import { checkMount } from '../../support/check-mount.ts'
import { freshEngine, type TestEngine } from '../../support/engine.ts'
import { opensslVerify } from '../../support/openssl.ts'
import { makeCa, makeKey } from '../../support/openssl-ca.ts'

const aia = /^This mount hasn't configured any authority information access/

const idsOf = (value: unknown): string[] => value as string[]

const counts = async ({ store, mount }: TestEngine) => {
  const count = async (table: 'pki_issuers' | 'pki_keys') =>
    (await store.db.selectFrom(table).select('id').where('mount', '=', mount.uuid).execute()).length
  return [await count('pki_issuers'), await count('pki_keys')]
}

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`a CA with its key is imported and issues, with the chain that is known (${kind})`, async (t) => {
    const engine = await freshEngine(t, kind)
    const root = await makeCa('Root')
    const intermediate = await makeCa('Intermediate', { parent: root })
    const { data, warnings } = await engine.write('config/ca', {
      pem_bundle: `subject=Intermediate\n${intermediate.certificate}\n${root.certificate}${intermediate.key}`,
    })
    t.match(warnings, [aia])
    const [intermediateId = '', rootId = ''] = idsOf(data['imported_issuers'])
    const [keyId = ''] = idsOf(data['imported_keys'])
    t.same(data, {
      mapping: { [intermediateId]: keyId, [rootId]: '' },
      imported_issuers: [intermediateId, rootId],
      imported_keys: [keyId],
      existing_issuers: null,
      existing_keys: null,
    })
    t.same((await engine.read('config/issuers')).data['default'], intermediateId)
    t.same((await engine.read(`issuer/${intermediateId}`)).data['ca_chain'], [
      intermediate.certificate,
      root.certificate,
    ])
    t.same((await engine.read(`issuer/${rootId}`)).data['ca_chain'], [root.certificate])
    t.same(await engine.list('certs'), [])

    await engine.write('roles/any', { allow_any_name: true, key_type: 'ec' })
    const issued = (await engine.write('issue/any', { common_name: 'app.example.com' })).data
    const chain = idsOf(issued['ca_chain'])
    t.same(
      chain.map((pem) => `${pem}\n`),
      [intermediate.certificate, root.certificate],
    )
    t.match(
      await opensslVerify(root.certificate, String(issued['certificate']), []).catch(() => 'no chain'),
      'no chain',
      'the root alone is not enough',
    )
    t.match(await opensslVerify(chain.join('\n'), String(issued['certificate'])), ': OK')

    const again = await engine.write('issuers/import/bundle', {
      pem_bundle: intermediate.certificate + root.certificate + intermediate.key,
    })
    t.same(again.data, {
      mapping: data['mapping'],
      imported_issuers: null,
      imported_keys: null,
      existing_issuers: [intermediateId, rootId],
      existing_keys: [keyId],
    })
    await checkMount(t, engine.store.db, engine.mount.uuid)
  })
}

t.test('keys come in every form, of every type', async (t) => {
  const engine = await freshEngine(t)
  for (const type of ['rsa:2048', 'P-224', 'P-521', 'ed25519']) {
    const ca = await makeCa(type, { key: await makeKey(type) })
    const { data } = await engine.write('issuers/import/bundle', { pem_bundle: ca.key + ca.certificate })
    const [id = ''] = idsOf(data['imported_issuers'])
    t.equal((data['mapping'] as Record<string, string>)[id], idsOf(data['imported_keys'])[0])
    await engine.write('roles/any', { allow_any_name: true, key_type: 'ec', issuer_ref: id })
    const issued = (await engine.write('issue/any', { common_name: 'app.example.com' })).data
    t.match(await opensslVerify(ca.certificate, String(issued['certificate'])), ': OK')
  }
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('a certificate finds the key that is there', async (t) => {
  const engine = await freshEngine(t)
  const ca = await makeCa('CA')
  const { data: key } = await engine.write('issuers/import/bundle', { pem_bundle: ca.key })
  t.same(key['mapping'], {})
  const { data } = await engine.write('issuers/import/cert', { certificate: ca.certificate })
  t.same(Object.values(data['mapping'] as object), key['imported_keys'])
  t.equal((await engine.read('config/issuers')).data['default'], idsOf(data['imported_issuers'])[0])
})

t.test('a parent that comes later is in the chain from then on, and gone with its deletion', async (t) => {
  const engine = await freshEngine(t)
  const root = await makeCa('Root')
  const intermediate = await makeCa('Intermediate', { parent: root })
  const stranger = await makeCa('Root')
  await engine.write('config/ca', { pem_bundle: intermediate.key + intermediate.certificate })
  const chain = async () => (await engine.read('issuer/default')).data['ca_chain']
  await engine.write('issuers/import/cert', { pem_bundle: stranger.certificate })
  t.same(await chain(), [intermediate.certificate], 'the name of the root is not enough')
  const { data } = await engine.write('issuers/import/cert', { pem_bundle: root.certificate })
  t.same(await chain(), [intermediate.certificate, root.certificate])
  await engine.call('delete', `issuer/${idsOf(data['imported_issuers'])[0] ?? ''}`)
  t.same(await chain(), [intermediate.certificate])
})

t.test('what cannot be imported is refused in the words of Vault, and nothing of it stays', async (t) => {
  const engine = await freshEngine(t)
  const ca = await makeCa('CA')
  const leaf = await makeCa('Leaf', { extensions: ['basicConstraints=critical,CA:FALSE'] })
  const damaged = ca.certificate.replace(/[A-Za-z0-9+/]{40}\n-----END/, `${'A'.repeat(40)}\n-----END`)
  const path = 'issuers/import/bundle'
  const short =
    'provided data for import was too short; perhaps a path was passed to the API rather than the contents of a PEM file'
  const notHere = 'private keys found in the PEM bundle but not allowed by the path; use /issuers/import/bundle'
  const table: readonly (readonly [path: string, parameters: Record<string, unknown>, message: string | RegExp])[] = [
    [path, {}, "'pem_bundle' and 'certificate' parameters were empty"],
    [path, { pem_bundle: 'a', certificate: 'b' }, "'pem_bundle' and 'certificate' parameters were both provided"],
    [path, { pem_bundle: '/etc/ca.pem' }, short],
    [path, { pem_bundle: 'x'.repeat(75) }, 'error when parsing block 1: invalid PEM data'],
    [path, { pem_bundle: `${ca.certificate}trailing` }, 'error when parsing block 2: invalid PEM data'],
    ['issuers/import/cert', { pem_bundle: ca.key + ca.certificate }, notHere],
    [path, { certificate: ca.key + ca.certificate }, notHere],
    [
      path,
      { pem_bundle: ca.certificate + leaf.certificate },
      `Error parsing issuer 1: Refusing to import non-CA certificate\n${leaf.certificate}`,
    ],
    [path, { pem_bundle: ca.certificate + damaged.replaceAll('CERTIFICATE', 'PRIVATE KEY') }, /^Error parsing key 0: /],
  ]
  for (const [at, parameters, message] of table) {
    await t.rejects(engine.write(at, parameters), { kind: 'invalid request', message })
  }
  const mislabelled = ca.key.replaceAll('PRIVATE KEY', 'CERTIFICATE')
  await t.rejects(engine.write(path, { pem_bundle: mislabelled }), { message: /^Error parsing issuer 0: [^\n]*$/ })
  t.same(await counts(engine), [0, 0])
  const { data } = await engine.write(path, {
    pem_bundle: `${ca.certificate}-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${ca.key}`,
  })
  t.equal(idsOf(data['imported_keys']).length, 1, 'curve parameters are passed over')
})

t.test('a CA that may not sign CRLs is not to, and cannot be made to', async (t) => {
  const engine = await freshEngine(t)
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
  const ca = await makeCa('CA', { extensions })
  await engine.write('config/ca', { pem_bundle: ca.key + ca.certificate })
  t.equal((await engine.read('issuer/default')).data['usage'], 'issuing-certificates,ocsp-signing,read-only')
  t.equal((await engine.read('crl')).raw?.body.length, 0)
  await t.rejects(engine.write('issuer/default'), {
    message: /^This issuer's underlying certificate lacks the CRLSign/,
  })
})

t.test('the default follows a new issuer where that is asked for and clear', async (t) => {
  const engine = await freshEngine(t)
  const [a, b, c, d] = [await makeCa('A'), await makeCa('B'), await makeCa('C'), await makeCa('D')]
  const first = (await engine.write('config/ca', { pem_bundle: a.key + a.certificate })).data
  const [firstId = ''] = idsOf(first['imported_issuers'])
  const second = await engine.write('config/ca', { pem_bundle: b.key + b.certificate })
  t.equal((await engine.read('config/issuers')).data['default'], firstId)
  t.match(second.warnings, [aia])
  await engine.write('config/issuers', { default: firstId, default_follows_latest_issuer: true })
  const both = await engine.write('config/ca', { pem_bundle: c.key + c.certificate + d.key + d.certificate })
  t.match(both.warnings, [/^Default issuer left unchanged: could not select new issuer automatically/, aia])
  const e = await makeCa('E')
  const last = (await engine.write('config/ca', { pem_bundle: e.key + e.certificate })).data
  t.equal((await engine.read('config/issuers')).data['default'], idsOf(last['imported_issuers'])[0])
})

t.test('several CAs with keys in an empty mount: the choice is to be looked at', async (t) => {
  const engine = await freshEngine(t)
  const [a, b] = [await makeCa('A'), await makeCa('B')]
  await engine.write('config/urls', { ocsp_servers: 'http://o.example' })
  const { warnings } = await engine.write('config/ca', { pem_bundle: a.key + b.key + a.certificate + b.certificate })
  t.match(warnings, [/^The imported bundle contained multiple certs matching keys/])
  t.equal(warnings.length, 1)
})

t.test('a default issuer without a key is warned of', async (t) => {
  const engine = await freshEngine(t)
  const ca = await makeCa('A')
  await engine.write('config/urls', { ocsp_servers: 'http://o.example' })
  const { data } = await engine.write('issuers/import/cert', { pem_bundle: ca.certificate })
  const [id = ''] = idsOf(data['imported_issuers'])
  t.match((await engine.write('config/issuers', { default: id })).warnings, [
    /^This selected default issuer has no key/,
  ])
  const again = await engine.write('issuers/import/cert', { pem_bundle: ca.certificate })
  t.match(again.warnings, [/^The default issuer has no key associated with it\./])
  for (const path of ['ca', 'ca/pem', 'ca_chain']) t.equal((await engine.read(path)).raw?.body.length, 0, path)
  t.equal((await engine.read('issuer/default/pem')).raw?.body, ca.certificate)
  await t.rejects(engine.read('cert/ca'), { message: /^unable to fetch corresponding key for issuer/ })
})

t.test('of many imports of one bundle at one time one imports', async (t) => {
  const engine = await freshEngine(t)
  const ca = await makeCa('A')
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => engine.write('config/ca', { pem_bundle: ca.key + ca.certificate })),
  )
  t.equal(answers.filter(({ data }) => data['imported_issuers'] !== null).length, 1)
  t.same(await counts(engine), [1, 1])
  await checkMount(t, engine.store.db, engine.mount.uuid)
})
