import { createPrivateKey, X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import 'reflect-metadata'
import * as peculiar from '@peculiar/x509'
import t from 'tap'
import { checkMount } from '../../support/check-mount.ts'
import { engineOn, freshEngine, newMount, openBarrier, type TestEngine } from '../../support/engine.ts'
import { opensslText, opensslVerify, withFiles } from '../../support/openssl.ts'
import { storeKinds } from '../../support/stores.ts'

const text = (pem: unknown) => opensslText(['x509', '-noout', '-text', '-nameopt', 'RFC2253'], { input: String(pem) })

const withRoot = async (engine: TestEngine, root: Record<string, unknown> = {}) => {
  await engine.write('root/generate/internal', { common_name: 'Root CA', key_type: 'ec', ttl: '43800h', ...root })
  return engine
}

const web = { allowed_domains: 'example.com', allow_subdomains: true, key_type: 'ec', max_ttl: '720h' }

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`a certificate is issued, and what is stored is found again (${kind})`, async (t) => {
    const engine = await withRoot(await freshEngine(t, kind))
    await engine.write('roles/web', web)
    const { data, warnings } = await engine.write('issue/web', {
      common_name: 'app.example.com',
      alt_names: 'b.example.com',
      ttl: '24h',
    })
    t.same(warnings, [])
    const pem = String(data['certificate'])
    t.same(data['ca_chain'], [data['issuing_ca']])
    t.match(await opensslVerify(String(data['issuing_ca']), pem), /: OK/)

    const certificate = new X509Certificate(pem)
    t.ok(certificate.checkPrivateKey(createPrivateKey(String(data['private_key']))))
    t.match(String(data['private_key']), /^-----BEGIN EC PRIVATE KEY-----\n[^]*\n-----END EC PRIVATE KEY-----$/)
    t.equal(data['private_key_type'], 'ec')
    t.equal(data['expiration'], certificate.validToDate.getTime() / 1000)
    t.equal(data['not_before'], certificate.validFromDate.getTime() / 1000)
    t.equal(Number(data['expiration']) - Number(data['not_before']), 86_400 + 30)
    t.equal(String(data['serial_number']).replaceAll(':', ''), certificate.serialNumber.toLowerCase())
    t.notMatch(pem, /\n$/)

    t.ok((await engine.list('certs')).includes(String(data['serial_number'])))
    t.equal((await engine.read(`cert/${String(data['serial_number'])}`)).data['certificate'], pem)
    await checkMount(t, engine.store.db, engine.mount.uuid)
  })
}

t.test('openssl and peculiar read in the certificate what the role says', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', {
    ...web,
    organization: 'HashiCorp',
    ou: 'A,B',
    country: 'DE',
    client_flag: false,
    basic_constraints_valid_for_non_ca: true,
    allowed_user_ids: '*',
  })
  const { data } = await engine.write('issue/web', {
    common_name: 'app.example.com',
    alt_names: 'mail@a.example.com',
    ip_sans: '192.0.2.7,2001:db8::1',
    user_ids: 'joe',
  })
  const read = await text(data['certificate'])
  t.match(read, 'Subject: UID=joe,CN=app.example.com,OU=B+OU=A,O=HashiCorp,C=DE')
  t.match(read, /Issuer: CN=Root CA\n/)
  t.match(read, /X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment, Key Agreement\n/)
  t.match(read, /X509v3 Extended Key Usage: \s+TLS Web Server Authentication\n/)
  t.match(read, /X509v3 Basic Constraints: critical\s+CA:FALSE\n/)
  t.match(read, 'DNS:app.example.com, email:mail@a.example.com, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:1')
  t.match(read, 'Signature Algorithm: ecdsa-with-SHA256')
  const other = new peculiar.X509Certificate(String(data['certificate']))
  const ca = new peculiar.X509Certificate(String(data['issuing_ca']))
  t.ok(await other.verify({ publicKey: ca.publicKey, signatureOnly: true }))
  t.same(
    other.extensions.map(({ type }) => type),
    ['2.5.29.15', '2.5.29.37', '2.5.29.19', '2.5.29.14', '2.5.29.35', '2.5.29.17'],
  )
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('every type of key signs and is signed', async (t) => {
  const { store } = await freshEngine(t)
  const types = [
    { key_type: 'ec', key_bits: 224 },
    { key_type: 'ec', key_bits: 384 },
    { key_type: 'ec', key_bits: 521 },
    { key_type: 'ed25519', key_bits: 0 },
    { key_type: 'rsa', key_bits: 2048 },
  ]
  for (const issuer of types) {
    const engine = await withRoot(engineOn(store), issuer)
    await engine.write('roles/any', { ...web, key_type: 'any', no_store: false })
    for (const leaf of types.filter(({ key_type }) => key_type !== 'rsa' || issuer.key_type === 'ec')) {
      await engine.write('issue/any', { common_name: 'app.example.com', ...leaf })
    }
    await checkMount(t, store.db, engine.mount.uuid)
  }
})

t.test('an RSA issuer signs with the hash and the padding of the role', async (t) => {
  const engine = await withRoot(await freshEngine(t), { key_type: 'rsa', use_pss: true, signature_bits: 384 })
  await engine.write('roles/pss', { ...web, key_type: 'rsa', use_pss: true, signature_bits: 512 })
  const { data } = await engine.write('issue/pss', { common_name: 'app.example.com' })
  t.match(await text(data['certificate']), /Signature Algorithm: rsassaPss\s+Hash Algorithm: sha512/)
  t.match(await text(data['issuing_ca']), /Signature Algorithm: rsassaPss\s+Hash Algorithm: sha384/)
  t.match(String(data['private_key']), /^-----BEGIN RSA PRIVATE KEY-----/)
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('formats: DER in base64, and a bundle of key, certificate and chain', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', web)
  const ask = async (more: Record<string, unknown>) =>
    (await engine.write('issue/web', { common_name: 'app.example.com', ...more })).data

  const der = await ask({ format: 'der', private_key_format: 'pkcs8' })
  const bytes = (field: unknown) => Buffer.from(String(field), 'base64')
  const key = createPrivateKey({ key: bytes(der['private_key']), format: 'der', type: 'pkcs8' })
  t.ok(new X509Certificate(bytes(der['certificate'])).checkPrivateKey(key))
  t.ok(new X509Certificate(bytes(der['certificate'])).checkIssued(new X509Certificate(bytes(der['issuing_ca']))))
  t.same(der['ca_chain'], [der['issuing_ca']])

  const bundle = await ask({ format: 'pem_bundle', private_key_format: 'pkcs8' })
  t.match(String(bundle['private_key']), /^-----BEGIN PRIVATE KEY-----/)
  const labels = [...String(bundle['certificate']).matchAll(/^-----BEGIN (.*)-----$/gm)].map(([, label]) => label)
  t.same(labels, ['EC PRIVATE KEY', 'CERTIFICATE', 'CERTIFICATE'])
  t.notMatch(String(bundle['certificate']), /\n\n|\n$/)

  t.equal((await ask({ remove_roots_from_chain: true }))['ca_chain'], undefined)
  await t.rejects(ask({ format: 'yaml' }), {
    kind: 'invalid request',
    message: 'the "format" path parameter must be "pem", "der", or "pem_bundle"',
  })
})

t.test('what is missing or forbidden is refused, and nothing is stored', async (t) => {
  const engine = await freshEngine(t)
  const refused = (parameters: Record<string, unknown>, message: string, role = 'web') =>
    t.rejects(engine.write(`issue/${role}`, parameters), { kind: 'invalid request', message })
  await refused({ common_name: 'app.example.com' }, 'unknown role: web')
  await engine.write('roles/web', web)
  const noIssuer = 'could not fetch the CA certificate (was one set?): '
  await refused({ common_name: 'app.example.com' }, `${noIssuer}no default issuer currently configured`)
  await engine.write('roles/other', { ...web, issuer_ref: 'nobody' })
  await refused({}, `${noIssuer}unable to find PKI issuer for reference: nobody`, 'other')
  await withRoot(engine)
  await refused({ common_name: 'app.example.org' }, 'common name app.example.org not allowed by this role')
  await refused({ common_name: 'example.com' }, 'common name example.com not allowed by this role')
  await refused({ common_name: 'a.example.com', alt_names: 'b' }, 'subject alternate name b not allowed by this role')
  t.equal((await engine.list('certs')).length, 1, 'the root only')
})

t.test('a ttl over the maximum is capped, with a warning', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', web)
  const { data, warnings } = await engine.write('issue/web', { common_name: 'app.example.com', ttl: '8760h' })
  t.same(warnings, ['TTL "8760h0m0s" is longer than permitted maxTTL "720h0m0s", so maxTTL is being used'])
  t.equal(Number(data['expiration']) - Number(data['not_before']), 720 * 3600 + 30)
})

t.test('no_store leaves no trace, and with warm caches asks no database', async (t) => {
  const store = await storeKinds.postgres(t)
  const engine = await withRoot(engineOn(store))
  // A change is dropped from the caches twice: at once, and when its notification comes back.
  const settled = new Promise<void>((resolve) => {
    let drops = 0
    store.changes.subscribe('role', () => ++drops === 2 && resolve())
  })
  await engine.write('roles/web', { ...web, no_store: true })
  await settled
  await engine.write('issue/web', { common_name: 'app.example.com' })
  t.equal((await engine.list('certs')).length, 1, 'the root only')

  await store.db.destroy()
  while (!store.changes.fresh()) await setImmediate()
  const { data } = await engine.write('issue/web', { common_name: 'app.example.com' })
  t.match(await opensslVerify(String(data['issuing_ca']), String(data['certificate'])), /: OK/)
  await t.rejects(engine.list('certs'), 'there really is no database')
})

t.test('the inventory knows who asked for what', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', { ...web, organization: ['Acme, Inc.'] })
  await engine.write('issue/web', { common_name: 'app.example.com', ip_sans: '192.0.2.1' })
  const row = await engine.store.db
    .selectFrom('certificates')
    .selectAll()
    .where('role', '=', 'web')
    .executeTakeFirstOrThrow()
  t.match(row, {
    mount: engine.mount.uuid,
    namespace: 'root',
    subject: 'CN=app.example.com,O=Acme\\, Inc.',
    common_name: 'app.example.com',
    sans: ['DNS:app.example.com', 'IP:192.0.2.1'],
    entity_id: 'entity-of-the-test',
    token_accessor: 'accessor-of-the-test',
    key_type: 'ec',
    key_bits: 256,
    lease_id: null,
  })
})

t.test('an issuer whose key was encrypted for another row does not load', async (t) => {
  const store = await storeKinds.postgres(t)
  const barrier = openBarrier()
  const one = await withRoot(engineOn(store, newMount(), barrier))
  const two = await withRoot(engineOn(store, newMount(), barrier))
  const stolen = store.db.selectFrom('pki_keys').select('private_key').where('mount', '=', one.mount.uuid)
  await store.db.updateTable('pki_keys').set({ private_key: stolen }).where('mount', '=', two.mount.uuid).execute()
  await two.write('roles/web', web)
  await t.rejects(two.write('issue/web', { common_name: 'app.example.com' }), {
    kind: 'internal',
    message: /does not open/,
  })
})

t.test('a sealed barrier and forgotten keys sign nothing', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', { ...web, no_store: true })
  await engine.write('issue/web', { common_name: 'app.example.com' })
  engine.barrier.clear()
  engine.engine.forgetKeys()
  await t.rejects(engine.write('issue/web', { common_name: 'app.example.com' }), {
    kind: 'sealed',
    message: 'Vault is sealed',
  })
})

t.test('policies stand in the certificate, with their qualifiers', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', {
    ...web,
    policy_identifiers:
      '[{"oid":"1.3.6.1.4.1.7.8","notice":"Mind, please","cps":"https://example.com/cps"},{"oid":"1.2.3"}]',
  })
  const { data } = await engine.write('issue/web', { common_name: 'app.example.com' })
  const read = await text(data['certificate'])
  t.match(read, 'Policy: 1.3.6.1.4.1.7.8')
  t.match(read, 'CPS: https://example.com/cps')
  t.match(read, 'Explicit Text: Mind, please')
  t.match(read, 'Policy: 1.2.3\n')
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('a lease comes with the certificate when the role says so', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', { ...web, generate_lease: true })
  const { data, lease } = await engine.write('issue/web', { common_name: 'app.example.com', ttl: '1h' })
  t.match(lease, { id: /^pki\/issue\/web\/[A-Za-z0-9]{24}$/, renewable: false })
  t.ok(Number(lease?.seconds) >= 3598 && Number(lease?.seconds) <= 3600)
  const row = await engine.store.db
    .selectFrom('certificates')
    .select(['lease_id', 'lease_expires_at'])
    .where('role', '=', 'web')
    .executeTakeFirstOrThrow()
  t.same(row, { lease_id: lease?.id, lease_expires_at: new Date(Number(data['expiration']) * 1000) })
})

t.test('a fixed begin of validity holds for what is issued, not for what is signed', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', { ...web, not_before: '2020-01-01T00:00:00Z' })
  const begin = async (path: string, more: object = {}) =>
    (await engine.write(path, { common_name: 'app.example.com', ...more })).data['not_before']
  t.equal(await begin('issue/web'), Date.parse('2020-01-01T00:00:00Z') / 1000)
  const csr = await opensslText([
    ...['req', '-new', '-nodes', '-subj', '/CN=app.example.com', '-keyout', '/dev/null', '-newkey', 'ec'],
    ...['-pkeyopt', 'ec_paramgen_curve:P-256'],
  ])
  t.ok(Number(await begin('sign/web', { csr })) > Date.now() / 1000 - 120)
})

t.test('a PKCS#12 file has key, certificate and chain, and a password', async (t) => {
  const engine = await withRoot(await freshEngine(t))
  await engine.write('roles/web', web)
  const ask = (more: object) => engine.write('issue/web', { common_name: 'app.example.com', ...more })
  for (const format of ['pkcs12', 'pkcs12_bundle']) {
    const { data } = await ask({ format, pkcs12_password: 'secret' })
    const file = Buffer.from(String(data['certificate']), 'base64')
    await withFiles({ file }, async (paths) => {
      const read = (...args: string[]) => opensslText(['pkcs12', '-in', paths.file, '-passin', 'pass:secret', ...args])
      const certificate = new X509Certificate(await read('-clcerts', '-nokeys'))
      t.ok(certificate.checkPrivateKey(createPrivateKey(await read('-nocerts', '-noenc'))))
      t.equal(certificate.serialNumber.toLowerCase(), String(data['serial_number']).replaceAll(':', ''))
      t.match(await read('-cacerts', '-nokeys'), 'CN = Root CA')
    })
    await t.rejects(ask({ format }), {
      kind: 'invalid request',
      message: `the format ${format} needs a pkcs12_password`,
    })
  }
  await t.rejects(engine.write('sign/web', { csr: 'x', format: 'pkcs12', pkcs12_password: 'secret' }), {
    message: 'the "format" path parameter must be "pem", "der", or "pem_bundle"',
  })
})
