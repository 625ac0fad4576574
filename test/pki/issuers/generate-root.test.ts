import { createPrivateKey, X509Certificate } from 'node:crypto'
import t from 'tap'
import { checkMount } from '../../support/check-mount.ts'
import { engineOn, freshEngine, newMount } from '../../support/engine.ts'
import { opensslText, opensslVerify } from '../../support/openssl.ts'

const aia =
  "This mount hasn't configured any authority information access (AIA) fields; this may make it harder for systems to find missing certificates in the chain or to validate revocation status of certificates. Consider updating /config/urls or the newly generated issuer with this information."

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`a root becomes the default issuer of an empty mount (${kind})`, async (t) => {
    const engine = await freshEngine(t, kind)
    const { data, warnings } = await engine.write('root/generate/internal', {
      common_name: 'Root CA',
      organization: 'Acme',
      issuer_name: 'first',
      key_name: 'key-1',
      key_type: 'ec',
      ttl: '8760h',
    })
    t.same(warnings, [aia])
    t.match(data, { issuer_name: 'first', key_name: 'key-1', issuing_ca: data['certificate'] })
    t.match(data['issuer_id'], /^[0-9a-f-]{36}$/)
    t.notOk('private_key' in data)
    const pem = String(data['certificate'])
    t.match(await opensslVerify(pem, pem), /: OK/)
    const text = await opensslText(['x509', '-noout', '-text', '-nameopt', 'RFC2253'], { input: pem })
    t.match(text, 'Subject: CN=Root CA,O=Acme')
    t.match(text, /X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
    t.match(text, /X509v3 Basic Constraints: critical\s+CA:TRUE\n/)
    t.equal((await engine.read('cert/ca')).data['certificate'], pem)
    t.same(await engine.list('certs'), [data['serial_number']])

    await engine.write('root/generate/internal', { common_name: 'Second', key_type: 'ec' })
    t.equal((await engine.read('cert/ca')).data['certificate'], pem, 'the default stays')
    await checkMount(t, engine.store.db, engine.mount.uuid)
  })
}

t.test('an exported root comes with its key, once', async (t) => {
  const engine = await freshEngine(t)
  const { data } = await engine.write('issuers/generate/root/exported', {
    common_name: 'Root CA',
    key_type: 'ec',
    format: 'pem_bundle',
    private_key_format: 'pkcs8',
  })
  const key = createPrivateKey(String(data['private_key']))
  t.ok(new X509Certificate(String(data['issuing_ca'])).checkPrivateKey(key))
  t.equal(data['private_key_type'], 'ec')
  t.match(String(data['certificate']), /^-----BEGIN EC PRIVATE KEY-----[^]*KEY-----\n-----BEGIN CERTIFICATE-----/)
})

t.test('an existing key makes another root', async (t) => {
  const engine = await freshEngine(t)
  await t.rejects(engine.write('root/generate/existing', { common_name: 'B' }), {
    message: 'failed to lookup public key from existing key: no default key currently configured',
  })
  const first = await engine.write('root/generate/internal', { common_name: 'A', key_type: 'ec', key_name: 'k' })
  for (const reference of [undefined, 'default', 'k', first.data['key_id']]) {
    const again = await engine.write('root/generate/existing', { common_name: 'B', key_ref: reference })
    t.equal(again.data['key_id'], first.data['key_id'])
    const keyOf = (pem: unknown) => new X509Certificate(String(pem)).publicKey
    t.ok(keyOf(again.data['certificate']).equals(keyOf(first.data['certificate'])))
  }
  await t.rejects(engine.write('root/generate/existing', { key_ref: 'x' }), {
    message: 'failed to lookup public key from existing key: unable to find PKI key for reference: x',
  })
  await t.rejects(engine.write('root/generate/existing', { key_type: 'ec' }), {
    message: /^invalid parameter for the kms\/existing path parameter/,
  })
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('constraints, usages and names are as asked', async (t) => {
  const engine = await freshEngine(t)
  const { data, warnings } = await engine.write('root/generate/internal', {
    common_name: 'Root CA',
    key_type: 'ec',
    alt_names: 'root.example.com',
    exclude_cn_from_sans: true,
    max_path_length: 0,
    permitted_dns_domains: 'example.com',
    key_usage: 'DigitalSignature,KeyAgreement',
    serial_number: '42',
    not_before_duration: 3600,
  })
  t.match(warnings, [aia, /^Max path length of the generated certificate is zero\./])
  const text = await opensslText(['x509', '-noout', '-text', '-nameopt', 'RFC2253'], {
    input: String(data['certificate']),
  })
  t.match(text, /CA:TRUE, pathlen:0\n/)
  t.match(text, /Digital Signature, Certificate Sign, CRL Sign\n/)
  t.match(text, /Name Constraints: critical\s+Permitted:\s+DNS:example.com\n/)
  t.match(text, /Alternative Name: \s+DNS:root.example.com\n/)
  t.match(text, 'Subject: serialNumber=42,CN=Root CA')
})

t.test('a root lives as long as the mount lets it, or until the day that is asked for', async (t) => {
  const engine = await freshEngine(t)
  const capped = engineOn(engine.store, newMount({ defaultLeaseTtl: 3600, maxLeaseTtl: 7200 }))
  const { data, warnings } = await capped.write('root/generate/internal', {
    common_name: 'A',
    key_type: 'ec',
    ttl: '3h',
  })
  t.same(warnings, ['TTL "3h0m0s" is longer than permitted maxTTL "2h0m0s", so maxTTL is being used', aia])
  const certificate = new X509Certificate(String(data['certificate']))
  t.equal(certificate.validToDate.getTime() - certificate.validFromDate.getTime(), 7_230_000)
  const dated = await capped.write('root/generate/internal', {
    common_name: 'B',
    key_type: 'ec',
    not_after: '9999-12-31T23:59:59Z',
  })
  t.equal(dated.data['expiration'], Date.parse('9999-12-31T23:59:59Z') / 1000)
  await t.rejects(
    capped.write('root/generate/internal', { key_type: 'ec', ttl: 1, not_after: '9999-12-31T23:59:59Z' }),
    {
      message: 'Either ttl or not_after should be provided. Both should not be provided in the same request.',
    },
  )
})

t.test('what cannot be is refused in the words of Vault, and leaves nothing behind', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'A', key_type: 'ec', issuer_name: 'i', key_name: 'k' })
  const table: readonly (readonly [exported: string, parameters: Record<string, unknown>, message: string])[] = [
    ['neither', {}, 'the "exported" path parameter must be "internal", "existing", exported" or "kms"'],
    ['kms', {}, 'managed keys are not available: there is no HSM'],
    ['internal', { format: 'x' }, 'the "format" path parameter must be "pem", "der", or "pem_bundle"'],
    ['internal', { key_type: 'dsa' }, 'unknown key type dsa'],
    ['internal', { key_type: 'any' }, 'unknown key type any'],
    ['internal', { key_bits: 512 }, 'RSA keys < 2048 bits are unsafe and not supported: got 512'],
    ['internal', { issuer_name: ' ' }, 'expected non-empty issuer name'],
    ['internal', { issuer_name: 'Default' }, "reserved keyword 'default' can not be used as issuer name"],
    ['internal', { key_name: 'default' }, "reserved keyword 'default' can not be used as key name"],
    ['internal', { issuer_name: 'a/b' }, 'issuer name contained invalid characters'],
    ['internal', { key_name: 'a b' }, 'key name contained invalid characters'],
    ['internal', { issuer_name: 'i' }, 'issuer name already in use'],
    ['internal', { key_name: 'k' }, 'key name already in use'],
    ['internal', { ip_sans: 'x' }, 'the value "x" is not a valid IP address'],
  ]
  for (const [exported, parameters, message] of table) {
    await t.rejects(engine.write(`root/generate/${exported}`, parameters), { kind: 'invalid request', message })
  }
  t.equal((await engine.list('certs')).length, 1)
})

t.test('of two roots that ask for one name at one time one is made', async (t) => {
  const engine = await freshEngine(t)
  const make = () => engine.write('root/generate/internal', { common_name: 'A', key_type: 'ec', issuer_name: 'same' })
  const results = await Promise.allSettled([make(), make(), make()])
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const result of results) {
    if (result.status === 'rejected') t.match(result.reason, { message: 'issuer name already in use' })
  }
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('a root without a subject is made, with a warning', async (t) => {
  const engine = await freshEngine(t)
  const { warnings } = await engine.write('root/generate/internal', { key_type: 'ec' })
  t.match(warnings[0], /^This issuer certificate was generated without a Subject;/)
})

t.test('names, ranges and addresses below a root are constrained both ways', async (t) => {
  const engine = await freshEngine(t)
  const { data } = await engine.write('root/generate/internal', {
    common_name: 'Root CA',
    key_type: 'ec',
    permitted_dns_domains: ['example.com', '.example.org'],
    excluded_dns_domains: 'bad.example.com',
    permitted_ip_ranges: '10.1.2.3/8,2001:db8::/32',
    excluded_ip_ranges: '10.9.0.0/20',
    permitted_email_addresses: 'example.com',
    excluded_email_addresses: 'root@example.com',
    permitted_uri_domains: '.example.com',
    excluded_uri_domains: 'bad.example.com',
    ext_key_usage: 'ClientAuth,ServerAuth',
    ext_key_usage_oids: '1.3.6.1.4.1.99999.1',
  })
  const text = await opensslText(['x509', '-noout', '-text'], { input: String(data['certificate']) })
  const [, permitted = '', excluded = ''] =
    /Name Constraints: critical\s+Permitted:([^]*?)Excluded:([^]*?)\n {4}Signature/.exec(text) ?? []
  const lines = (part: string) => part.trim().split(/\s*\n\s*/)
  t.same(lines(permitted), [
    'DNS:example.com',
    'DNS:.example.org',
    'IP:10.0.0.0/255.0.0.0',
    'IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0',
    'email:example.com',
    'URI:.example.com',
  ])
  t.same(lines(excluded).slice(0, 4), [
    'DNS:bad.example.com',
    'IP:10.9.0.0/255.255.240.0',
    'email:root@example.com',
    'URI:bad.example.com',
  ])
  t.match(text, 'TLS Web Server Authentication, TLS Web Client Authentication, 1.3.6.1.4.1.99999.1\n')
  for (const range of ['10.0.0.0', '10.0.0.0/33', 'x/8']) {
    await t.rejects(engine.write('root/generate/internal', { key_type: 'ec', permitted_ip_ranges: [range] }), {
      message: /^invalid permitted_ip_ranges value .*invalid CIDR address/,
    })
  }
})

t.test('an RSA root signs with the hash and the padding that are asked for', async (t) => {
  const engine = await freshEngine(t)
  const { data: key } = await engine.write('keys/generate/internal', { key_type: 'rsa' })
  for (const [parameters, algorithm] of [
    [{}, 'sha256WithRSAEncryption'],
    [{ signature_bits: 512 }, 'sha512WithRSAEncryption'],
    [{ signature_bits: 384, use_pss: true }, 'rsassaPss'],
  ] as const) {
    const { data } = await engine.write('root/generate/existing', {
      common_name: 'Root',
      key_ref: key['key_id'],
      ...parameters,
    })
    const text = await opensslText(['x509', '-noout', '-text'], { input: String(data['certificate']) })
    t.match(text, `Signature Algorithm: ${algorithm}\n`)
    t.match(await opensslVerify(String(data['certificate']), String(data['certificate'])), ': OK')
  }
  await t.rejects(engine.write('root/generate/existing', { key_ref: key['key_id'], signature_bits: 100 }), {
    message: 'unsupported hash signature algorithm: 100',
  })
})

t.test('names of every kind are in a root, which asks no role', async (t) => {
  const engine = await freshEngine(t)
  const { data } = await engine.write('root/generate/internal', {
    common_name: 'root.example.com',
    key_type: 'ec',
    alt_names: 'ca.example.com,ca@example.com',
    ip_sans: '10.0.0.1,::1',
    uri_sans: 'spiffe://example.com/ca',
    other_sans: '1.3.6.1.4.1.311.20.2.3;utf8:ca@example.com',
    format: 'der',
  })
  const text = await opensslText(['x509', '-inform', 'DER', '-noout', '-ext', 'subjectAltName'], {
    input: Buffer.from(String(data['certificate']), 'base64'),
  })
  for (const name of [
    'DNS:root.example.com',
    'DNS:ca.example.com',
    'email:ca@example.com',
    'IP Address:10.0.0.1',
    'IP Address:0:0:0:0:0:0:0:1',
    'URI:spiffe://example.com/ca',
    'othername: UPN:',
  ]) {
    t.match(text, name)
  }
})

t.test('a root of the same name and key is in the chain of its twin', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'A', key_type: 'ec', issuer_name: 'a' })
  await engine.write('root/generate/existing', { common_name: 'A', issuer_name: 'b' })
  t.equal(((await engine.read('issuer/a')).data['ca_chain'] as string[]).length, 2)
  await engine.call('delete', 'issuer/b')
  t.equal(((await engine.read('issuer/a')).data['ca_chain'] as string[]).length, 1)
})
