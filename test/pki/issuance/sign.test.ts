import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { checkMount } from '../../support/check-mount.ts'
import { freshEngine } from '../../support/engine.ts'
import { opensslText, opensslVerify } from '../../support/openssl.ts'

const web = { allowed_domains: 'example.com', allow_subdomains: true, key_type: 'ec', ttl: '24h', max_ttl: '720h' }

/** A real request, and its key thrown away. */
const request = (key: string, subject: string, ...extensions: string[]): Promise<string> =>
  opensslText([
    ...['req', '-new', '-nodes', '-subj', subject, '-keyout', '/dev/null', '-newkey'],
    ...key.split(' '),
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ])

const p256 = 'ec -pkeyopt ec_paramgen_curve:P-256'

const freshMount = async (t: Parameters<typeof freshEngine>[0], kind: 'postgres' | 'embedded' = 'postgres') => {
  const engine = await freshEngine(t, kind)
  await engine.write('root/generate/internal', { common_name: 'Root CA', key_type: 'ec', ttl: '43800h' })
  await engine.write('roles/web', web)
  return engine
}

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`a request of openssl is signed under the role (${kind})`, async (t) => {
    const engine = await freshMount(t, kind)
    const csr = await request(p256, '/O=Ignored/CN=app.example.com', 'subjectAltName=DNS:b.example.com,IP:192.0.2.1')
    const { data, warnings } = await engine.write('sign/web', { csr })
    t.same(warnings, [
      'specified CSR contained subject attributes that were ignored or altered during issuance: organization',
    ])
    t.notOk('private_key' in data)
    const pem = String(data['certificate'])
    t.match(await opensslVerify(String(data['issuing_ca']), pem), /: OK/)
    const certificate = new X509Certificate(pem)
    t.equal(certificate.subject, 'CN=app.example.com')
    t.equal(certificate.subjectAltName, 'DNS:b.example.com, DNS:app.example.com, IP Address:192.0.2.1')
    const key = await opensslText(['req', '-noout', '-pubkey'], { input: csr })
    t.equal(certificate.publicKey.export({ format: 'pem', type: 'spki' }), key)
    await checkMount(t, engine.store.db, engine.mount.uuid)
  })
}

t.test('a bundle has the certificate and its chain', async (t) => {
  const engine = await freshMount(t)
  const { data } = await engine.write('sign/web', {
    csr: await request(p256, '/CN=a.example.com'),
    format: 'pem_bundle',
  })
  t.equal(String(data['certificate']).match(/BEGIN CERTIFICATE/g)?.length, 2)
})

t.test('extensions other than names never leave the CSR', async (t) => {
  const engine = await freshMount(t)
  const csr = await request(
    p256,
    '/CN=a.example.com',
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign',
    'extendedKeyUsage=codeSigning',
    '1.2.3.4=critical,ASN1:NULL',
  )
  const { data, warnings } = await engine.write('sign/web', {
    csr,
    common_name: 'b.example.com',
    alt_names: 'c.example.com',
  })
  t.same(warnings, [
    'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    'the alt_names field was provided but the role is set with "use_csr_sans" set to true',
    'specified CSR contained a Basic Constraints extension that was ignored during issuance',
    'specified CSR contained extensions that were ignored or altered during issuance: keyUsage, extKeyUsage, 1.2.3.4',
  ])
  const certificate = new X509Certificate(String(data['certificate']))
  t.notOk(certificate.ca)
  t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  t.equal(certificate.subjectAltName, 'DNS:a.example.com')
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('whatever of a CSR is lost is named, and what is not lost is not', async (t) => {
  const engine = await freshMount(t)
  await engine.write('roles/own', { ...web, use_csr_sans: false, use_csr_common_name: false, ou: 'Kept' })
  const warnings = async (role: string, more: object, csr: string) =>
    (await engine.write(`sign/${role}`, { csr, ...more })).warnings
  const csr = await request(
    p256,
    '/OU=Kept/OU=Lost/CN=a.example.com/emailAddress=a@b.c',
    'subjectAltName=DNS:b.example.com,DNS:c.example.com,RID:1.2.3',
    'keyUsage=digitalSignature,keyEncipherment,keyAgreement',
  )
  const prefix = (what: string) => `specified CSR contained ${what} that were ignored or altered during issuance: `
  t.same(await warnings('own', { common_name: 'd.example.com', alt_names: 'b.example.com' }, csr), [
    `${prefix('subject attributes')}organizationalUnit, commonName, emailAddress`,
    `${prefix('Subject Alternative Names')}DNS:c.example.com, unknown:#88022a03`,
  ])
  t.same(await warnings('web', {}, await request(p256, '/CN=a.example.com', 'subjectAltName=DNS:b.example.com')), [])
})

t.test('an issuer in the path signs, whatever the role says; one in the body does not', async (t) => {
  const engine = await freshMount(t)
  const other = await engine.write('root/generate/internal', {
    common_name: 'Other',
    key_type: 'ec',
    ttl: '43800h',
    issuer_name: 'other',
  })
  const csr = await request(p256, '/CN=a.example.com')
  const issuing = async (path: string, more: object = {}) =>
    (await engine.write(path, { csr, common_name: 'a.example.com', ...more })).data['issuing_ca'] ===
    other.data['certificate']
  t.notOk(await issuing('sign/web', { issuer_ref: 'other' }))
  t.notOk(await issuing('issue/web', { issuer_ref: 'other' }))
  t.notOk(await issuing('sign-verbatim/web', { issuer_ref: 'other' }))
  t.ok(await issuing('sign-verbatim', { issuer_ref: 'other' }))
  for (const path of ['sign/web', 'issue/web', 'sign-verbatim', 'sign-verbatim/web']) {
    t.ok(await issuing(`issuer/other/${path}`), path)
  }
  await t.rejects(engine.write('issuer/nobody/sign/web', { csr }), {
    message: 'could not fetch the CA certificate (was one set?): unable to find PKI issuer for reference: nobody',
  })
  // sign-verbatim owes nothing to the role that it names.
  await checkMount(t, engine.store.db, engine.mount.uuid, { rolesChanged: true })
})

t.test('keys are held against the role', async (t) => {
  const engine = await freshMount(t)
  await engine.write('roles/any', { ...web, key_type: 'any' })
  await engine.write('roles/p384', { ...web, key_bits: 384 })
  const sign = async (role: string, key: string) =>
    engine.write(`sign/${role}`, { csr: await request(key, '/CN=a.example.com') })
  for (const key of [p256, 'ec -pkeyopt ec_paramgen_curve:P-521', 'ed25519', 'rsa:2048']) await sign('any', key)
  await t.rejects(sign('web', 'rsa:2048'), { message: 'role requires keys of type ec' })
  await t.rejects(sign('p384', p256), {
    message: "role requires a minimum of a 384-bit key, but CSR's key is 256 bits",
  })
  await t.rejects(sign('any', 'rsa:1024'), { message: 'RSA keys < 2048 bits are unsafe and not supported' })
  await t.rejects(sign('any', 'ec -pkeyopt ec_paramgen_curve:secp256k1'), {
    kind: 'invalid request',
    message: /^certificate request could not be parsed: /,
  })
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

t.test('a CSR that cannot be read or trusted is refused in the words of Vault', async (t) => {
  const engine = await freshMount(t)
  const csr = await request(p256, '/CN=a.example.com')
  const der = await opensslText(['req', '-outform', 'DER'], { input: csr }).then(() =>
    Buffer.from(csr.replace(/-----.*-----|\n/g, ''), 'base64'),
  )
  const pem = (bytes: Buffer, label = 'CERTIFICATE REQUEST') =>
    `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`
  const changed = (at: number): Buffer => {
    const copy = Buffer.from(der)
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
  const table: readonly (readonly [title: string, csr: unknown, message: string | RegExp])[] = [
    ['nothing', undefined, '"csr" is empty'],
    ['empty', '', '"csr" is empty'],
    ['no PEM', 'hello', 'csr contains no data'],
    ['truncated', pem(der.subarray(0, -20)), /^certificate request could not be parsed: /],
    ['more than it should be', pem(Buffer.concat([der, Buffer.of(0)])), /^certificate request could not be parsed: /],
    ['a certificate', (await engine.read('cert/ca')).data['certificate'], /^certificate request could not be parsed: /],
    ['a signature that is another’s', pem(changed(der.length - 1)), 'request signature invalid'],
    // The point begins after the header of the bit string: its last octet no longer lies on the curve.
    ['a point off the curve', pem(changed(der.indexOf(Buffer.from('03420004', 'hex')) + 40)), /could not be parsed/],
  ]
  for (const [title, csr, message] of table) {
    await t.rejects(engine.write('sign/web', { csr }), { kind: 'invalid request', message }, title)
  }
  await engine.write('sign/web', { csr: pem(der, 'NEW CERTIFICATE REQUEST') })
  t.equal((await engine.list('certs')).length, 2, 'the root, and the one whose label did not matter')
})

t.test('names are looked at before the signature', async (t) => {
  const engine = await freshMount(t)
  const csr = await request(p256, '/CN=evil.org')
  const body = csr.replace(/-----.*-----|\n/g, '')
  const der = Buffer.from(body, 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  await t.rejects(engine.write('sign/web', { csr: `-----BEGIN X-----\n${der.toString('base64')}\n-----END X-----` }), {
    message: 'common name evil.org not allowed by this role',
  })
})

t.test('a P-384 issuer signs CSRs with the hash that the role asks for, and by its curve else', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'R', key_type: 'ec', key_bits: 384, ttl: '43800h' })
  await engine.write('roles/curve', web)
  await engine.write('roles/sha256', { ...web, signature_bits: 256 })
  const csr = await request(p256, '/CN=a.example.com')
  const algorithm = async (role: string) => {
    const { data } = await engine.write(`sign/${role}`, { csr })
    const text = await opensslText(['x509', '-noout', '-text'], { input: String(data['certificate']) })
    return /Signature Algorithm: (\S+)/.exec(text)?.[1]
  }
  t.equal(await algorithm('curve'), 'ecdsa-with-SHA384')
  t.equal(await algorithm('sha256'), 'ecdsa-with-SHA256')
})
