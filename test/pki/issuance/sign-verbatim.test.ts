import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { parseCsr } from '../../../src/x509/csr.ts'
import { decodePem } from '../../../src/x509/pem.ts'
import { checkMount } from '../../support/check-mount.ts'
import { freshEngine } from '../../support/engine.ts'
import { opensslText, opensslVerify } from '../../support/openssl.ts'

const request = (subject: string, ...extensions: string[]): Promise<string> =>
  opensslText([
    ...['req', '-new', '-nodes', '-subj', subject, '-keyout', '/dev/null', '-newkey', 'ec'],
    ...['-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ])

const freshMount = async (t: Parameters<typeof freshEngine>[0]) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root CA', key_type: 'ec', ttl: '43800h' })
  return engine
}

const parsed = (pem: unknown) => parseCertificate(decodePem(String(pem))[0]?.der ?? Buffer.of())

t.test('subject and extensions are the CSR’s, byte for byte', async (t) => {
  const engine = await freshMount(t)
  const csr = await request(
    '/O=Any/CN=a.example.org+OU=Two/emailAddress=x@y',
    'subjectAltName=DNS:b.example.org,RID:1.2.3',
    'keyUsage=critical,digitalSignature',
    '1.2.3.4=ASN1:NULL',
    'basicConstraints=CA:FALSE',
  )
  const { data, warnings } = await engine.write('sign-verbatim', { csr, common_name: 'z', alt_names: 'q' })
  t.same(warnings, [
    'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    'the alt_names field was provided but the role is set with "use_csr_sans" set to true',
    'specified CSR contained a Basic Constraints extension that was ignored during issuance',
  ])
  const [asked, made] = [parseCsr(csr), parsed(data['certificate'])]
  t.ok(made.subject.equals(asked.subject))
  t.same(
    made.extensions.map(({ oid }) => oid),
    ['2.5.29.14', '2.5.29.35', '2.5.29.17', '2.5.29.15', '1.2.3.4'],
  )
  for (const { oid, der } of asked.extensions.filter((extension) => extension.oid !== '2.5.29.19')) {
    t.ok(made.extensions.find((extension) => extension.oid === oid)?.der.equals(der), oid)
  }
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('the request says what the CSR leaves open', async (t) => {
  const engine = await freshMount(t)
  const csr = await request('/CN=a.example.org')
  const sign = async (more: object) =>
    parsed((await engine.write('sign-verbatim', { csr, ...more })).data['certificate'])
  t.match(await sign({}), {
    keyUsage: ['DigitalSignature', 'KeyEncipherment', 'KeyAgreement'],
    extKeyUsage: [],
    sans: [],
    isCa: false,
  })
  t.match(await sign({ key_usage: '', ext_key_usage: 'ServerAuth', ext_key_usage_oids: '1.2.3' }), {
    keyUsage: undefined,
    extKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.2.3'],
  })
  t.match(await sign({ other_sans: '1.2.3;utf8:x', ip_sans: '192.0.2.1', user_ids: 'joe', serial_number: '5' }), {
    sans: [{ kind: 'other', oid: '1.2.3', value: 'x' }],
    subjectText: 'CN=a.example.org',
  })
})

t.test('an empty subject makes the names critical', async (t) => {
  const engine = await freshMount(t)
  const { data } = await engine.write('sign-verbatim', { csr: await request('/', 'subjectAltName=DNS:a.example.org') })
  t.ok(parsed(data['certificate']).extensions.find(({ oid }) => oid === '2.5.29.17')?.critical)
  await opensslVerify(String(data['issuing_ca']), String(data['certificate']))
})

t.test('of the role only how long and whether to store', async (t) => {
  const engine = await freshMount(t)
  await engine.write('roles/short', { key_type: 'rsa', ttl: '1h', max_ttl: '2h', no_store: true, ou: 'No' })
  const csr = await request('/CN=a.example.org')
  const { data, warnings } = await engine.write('sign-verbatim/short', { csr, ttl: '3h' })
  t.same(warnings, ['TTL "3h0m0s" is longer than permitted maxTTL "2h0m0s", so maxTTL is being used'])
  t.equal(new X509Certificate(String(data['certificate'])).subject, 'CN=a.example.org')
  t.equal((await engine.list('certs')).length, 1, 'the root only')
  await t.rejects(engine.write('sign-verbatim/nobody', { csr }), { message: 'unknown role: nobody' })
  await t.rejects(engine.write('sign-verbatim/a/b', { csr }), { message: 'unknown role: a/b' })
})

t.test('no CSR makes a CA', async (t) => {
  const engine = await freshMount(t)
  const csr = await request('/CN=a.example.org', 'basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign')
  await t.rejects(engine.write('sign-verbatim', { csr, basic_constraints_valid_for_non_ca: true }), {
    kind: 'invalid request',
    message: 'specified CSR asks for a CA certificate, which sign-verbatim does not sign',
  })
  const hidden = await request('/CN=a.example.org', '2.5.29.19=DER:30030101ff')
  await t.rejects(engine.write('sign-verbatim', { csr: hidden }), { message: /asks for a CA certificate/ })
  t.equal((await engine.list('certs')).length, 1)
})

t.test('whose key the issuer has is not the CSR’s to say', async (t) => {
  const engine = await freshMount(t)
  const csr = await request('/CN=a.example.org', '2.5.29.35=DER:300480020102')
  const { data, warnings } = await engine.write('sign-verbatim', { csr })
  t.same(warnings, [
    'specified CSR contained extensions that were ignored or altered during issuance: authorityKeyIdentifier',
  ])
  await opensslVerify(String(data['issuing_ca']), String(data['certificate']))
})

t.test('extensions that break the profile are the CSR’s fault', async (t) => {
  const engine = await freshMount(t)
  const table: readonly (readonly [extension: string, message: RegExp])[] = [
    ['keyUsage=keyCertSign', /^specified CSR cannot be signed verbatim: RFC 5280 4\.2\.1\.3: keyCertSign only with CA/],
    ['nameConstraints=permitted;DNS:a', /RFC 5280 4\.2\.1\.10: name constraints only in a CA/],
    ['subjectAltName=DNS:a b', /RFC 5280 4\.2\.1\.6|not a valid DNS name/],
    ['2.5.29.17=DER:3000', /RFC 5280 4\.2\.1\.6: alternative names are there/],
    ['2.5.29.37=DER:3000', /RFC 5280 4\.2\.1\.12: extended key usages are there/],
  ]
  for (const [extension, message] of table) {
    const csr = await request('/CN=a.example.org', extension)
    await t.rejects(engine.write('sign-verbatim', { csr }), { kind: 'invalid request', message }, extension)
  }
  await t.rejects(engine.write('sign-verbatim', { csr: await request('/') }), {
    kind: 'invalid request',
    message: 'a certificate needs a subject or Subject Alternative Names',
  })
  t.equal((await engine.list('certs')).length, 1)
})
