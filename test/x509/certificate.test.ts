import 'reflect-metadata'
import { X509Certificate as LibraryCertificate } from '@peculiar/x509'
import fc from 'fast-check'
import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { generateKey } from '../../src/keys/generate.ts'
import { type SignatureAlgorithm, signatureAlgorithms } from '../../src/x509/algorithms.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { explicit, sequence } from '../../src/x509/der.ts'
import { readElement, readSequence } from '../../src/x509/der-reader.ts'
import * as extensions from '../../src/x509/extensions.ts'
import { type GeneralName, generalNameText } from '../../src/x509/general-names.ts'
import { keyIdentifier } from '../../src/x509/key-identifier.ts'
import { nameText, parseName } from '../../src/x509/name.ts'
import { randomSerial, serialText } from '../../src/x509/serial.ts'
import { type Authority, certificatePem, makeLeaf, makeRoot } from '../support/authority.ts'
import { opensslText, opensslVerify } from '../support/openssl.ts'

const refused = { kind: 'invalid request', message: /./ }
const root = await makeRoot()
const { spki } = await generateKey('ec', 256)

const show = (der: Buffer): Promise<string> =>
  opensslText(['x509', '-inform', 'DER', '-noout', '-text', '-nameopt', 'RFC2253'], { input: der })

const label = fc.stringMatching(/^[a-z0-9]{1,12}$/)
const sans: fc.Arbitrary<GeneralName> = fc.oneof(
  fc.record({ kind: fc.constant('dns' as const), value: fc.tuple(label, label).map((labels) => labels.join('.')) }),
  fc.record({ kind: fc.constant('email' as const), value: label.map((user) => `${user}@example.com`) }),
  fc.record({ kind: fc.constant('uri' as const), value: label.map((path) => `spiffe://example.com/${path}`) }),
  fc.record({ kind: fc.constant('ip' as const), value: fc.constantFrom('10.0.0.1', '2001:db8::1', '::1') }),
  fc.record({ kind: fc.constant('other' as const), oid: fc.constant('1.3.6.1.4.1.311.20.2.3'), value: label }),
)
const dates = fc.date({
  min: new Date('1950-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
})
const wholeSeconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000)
const leaves = fc.record({
  serial: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((octets) => {
    octets[0] = ((octets[0] ?? 0) & 0x7f) | 1
    return Buffer.from(octets)
  }),
  notBefore: dates,
  notAfter: dates,
  subject: fc.record(
    {
      commonName: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
      organization: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  ),
  sans: fc.array(sans, { minLength: 1, maxLength: 5 }),
})

t.test('our reader, Node and the library find in a certificate what was put there', async (t) => {
  await fc.assert(
    fc.asyncProperty(leaves, async (parts) => {
      const der = await makeLeaf(root, { spki, ...parts })
      const ours = parseCertificate(der)
      t.same(ours.serial, parts.serial)
      t.same(ours.notBefore, wholeSeconds(parts.notBefore))
      t.same(ours.notAfter, wholeSeconds(parts.notAfter))
      t.equal(ours.commonName, parts.subject.commonName ?? '')
      t.same(ours.sans, parts.sans)
      t.same(ours.spki, spki)
      t.same(ours.subjectKeyIdentifier, keyIdentifier(spki))
      t.same(ours.authorityKeyIdentifier, root.keyId)
      t.same(ours.issuer, root.name)

      const node = new X509Certificate(der)
      t.equal(BigInt(`0x${node.serialNumber}`), BigInt(`0x${parts.serial.toString('hex')}`))
      t.ok(node.checkIssued(new X509Certificate(root.der)))
      t.ok(node.verify(new X509Certificate(root.der).publicKey))
      for (const { kind, value } of parts.sans.filter(({ kind }) => kind === 'dns') as {
        kind: 'dns'
        value: string
      }[]) {
        t.equal(node.checkHost(value), value, kind)
      }

      const library = new LibraryCertificate(new Uint8Array(der))
      t.same(library.notBefore, wholeSeconds(parts.notBefore))
      t.same(library.notAfter, wholeSeconds(parts.notAfter))
      t.same(Buffer.from(library.publicKey.rawData), spki)
      t.same(
        library.extensions.map(({ type }) => type),
        ours.extensions.map(({ oid }) => oid),
      )
    }),
    { numRuns: 40 },
  )
})

t.test('openssl builds a strict chain of root and leaf for every key and signature algorithm', async (t) => {
  const rsa: SignatureAlgorithm[] = Object.values(signatureAlgorithms).filter(({ keyType }) => keyType === 'rsa')
  const roots: [string, Promise<Authority>][] = [
    ...[224, 256, 384, 521].map((bits): [string, Promise<Authority>] => [`P-${bits}`, makeRoot('ec', bits)]),
    ['Ed25519', makeRoot('ed25519')],
    ...rsa.map((algorithm): [string, Promise<Authority>] => [algorithm.name, makeRoot('rsa', 2048, algorithm)]),
  ]
  for (const [title, made] of roots) {
    const authority = await made
    const signature = parseCertificate(authority.der).signatureAlgorithm ?? authority.signer.defaultAlgorithm
    const key = await generateKey(authority.signer.publicKey.type, authority.signer.publicKey.bits)
    const leaf = await makeLeaf(authority, {
      signature,
      spki: key.spki,
      subject: { commonName: 'leaf.example.com' },
      sans: [{ kind: 'dns', value: 'leaf.example.com' }],
    })
    const verified = await opensslVerify(authority.pem, certificatePem(leaf), ['-verify_hostname', 'leaf.example.com'])
    t.match(verified, /: OK$/m, title)
  }
})

t.test('openssl finds each extension, and they stand in the order of Go', async (t) => {
  const der = await makeLeaf(root, {
    spki,
    extensions: extensions.inOrder({
      freshestCrl: extensions.freshestCrl(['http://crl.example/delta']),
      crlDistributionPoints: extensions.crlDistributionPoints(['http://crl.example/a', 'http://crl.example/b']),
      nameConstraints: extensions.nameConstraints(
        [{ kind: 'dns', value: '.example.com' }],
        [{ kind: 'dns', value: 'not.example.com' }],
      ),
      certificatePolicies: extensions.certificatePolicies([
        { oid: '1.2.3.4' },
        { oid: '1.2.3.5', cps: 'https://cps.example', notice: 'Grüezi' },
      ]),
      subjectAltName: extensions.subjectAltName([{ kind: 'dns', value: 'a.example.com' }], true),
      authorityInfoAccess: extensions.authorityInfoAccess(['http://ocsp.example'], ['http://ca.example']),
      authorityKeyIdentifier: extensions.authorityKeyIdentifier(root.keyId),
      subjectKeyIdentifier: extensions.subjectKeyIdentifier(keyIdentifier(spki)),
      basicConstraints: extensions.basicConstraints(true, 3),
      extKeyUsage: extensions.extKeyUsage([extensions.extKeyUsages.ServerAuth, '1.2.3.4.5']),
      keyUsage: extensions.keyUsage(['DecipherOnly', 'DigitalSignature', 'CertSign']),
    }),
  })
  const text = (await show(der)).replace(/\s+/g, ' ')
  const hex = (bytes: Buffer): string => serialText(bytes).toUpperCase()
  const expected = [
    'X509v3 Key Usage: critical Digital Signature, Certificate Sign, Decipher Only',
    'X509v3 Extended Key Usage: TLS Web Server Authentication, 1.2.3.4.5',
    'X509v3 Basic Constraints: critical CA:TRUE, pathlen:3',
    `X509v3 Subject Key Identifier: ${hex(keyIdentifier(spki))}`,
    `X509v3 Authority Key Identifier: ${hex(root.keyId)}`,
    'Authority Information Access: OCSP - URI:http://ocsp.example CA Issuers - URI:http://ca.example',
    'X509v3 Subject Alternative Name: critical DNS:a.example.com',
    'X509v3 Certificate Policies: Policy: 1.2.3.4 Policy: 1.2.3.5 CPS: https://cps.example User Notice: Explicit Text:',
    'X509v3 Name Constraints: critical Permitted: DNS:.example.com Excluded: DNS:not.example.com',
    'X509v3 CRL Distribution Points: Full Name: URI:http://crl.example/a',
    'Full Name: URI:http://crl.example/b',
    'X509v3 Freshest CRL: Full Name: URI:http://crl.example/delta',
  ]
  let from = 0
  for (const line of expected) {
    const at = text.indexOf(line, from)
    t.ok(at >= from, `${line}\n${at < 0 ? text : ''}`)
    from = at
  }
  const parsed = parseCertificate(der)
  t.same(parsed.keyUsage, ['DigitalSignature', 'CertSign', 'DecipherOnly'])
  t.same(parsed.extKeyUsage, ['1.3.6.1.5.5.7.3.1', '1.2.3.4.5'])
  t.equal(parsed.isCa, true)
  t.equal(parsed.pathLength, 3)
})

t.test('openssl shows dates on both sides of 2050, the serial and every kind of SAN', async (t) => {
  const serial = randomSerial()
  const text = await show(
    await makeLeaf(root, {
      spki,
      serial,
      notBefore: new Date('2049-12-31T23:59:59Z'),
      notAfter: new Date('2050-01-01T00:00:00Z'),
      subject: { commonName: 'Zürich' },
      sans: [
        { kind: 'dns', value: '*.example.com' },
        { kind: 'email', value: 'a@example.com' },
        { kind: 'uri', value: 'spiffe://example.com/a' },
        { kind: 'ip', value: '10.0.0.1' },
        { kind: 'ip', value: '2001:db8::1' },
        { kind: 'other', oid: '1.3.6.1.4.1.311.20.2.3', value: 'upn@example.com' },
      ],
    }),
  )
  t.match(text, 'Not Before: Dec 31 23:59:59 2049 GMT')
  t.match(text, 'Not After : Jan  1 00:00:00 2050 GMT')
  t.match(text.replace(/\s/g, ''), serialText(serial))
  t.match(
    text,
    'DNS:*.example.com, email:a@example.com, URI:spiffe://example.com/a, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, othername: UPN::upn@example.com',
  )
})

t.test('a leaf without a subject has a critical subjectAltName and is valid', async (t) => {
  const leaf = await makeLeaf(root, { spki, sans: [{ kind: 'dns', value: 'a.example.com' }] })
  t.match(await opensslVerify(root.pem, certificatePem(leaf)), /OK/)
  t.match(await show(leaf), /Subject Alternative Name: critical/)
})

t.test('a constraint that says no CA is an empty sequence', async (t) => {
  const leaf = await makeLeaf(root, { spki, extensions: [extensions.basicConstraints(false)] })
  t.match(await show(leaf), /CA:FALSE/)
  t.same([parseCertificate(leaf).isCa, parseCertificate(leaf).pathLength], [false, undefined])
})

t.test('reads the root that openssl makes', async (t) => {
  const pem = await opensslText([
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-days', '10'],
    ...['-subj', '/C=CH/O=Acme/OU=a/OU=b/CN=root', '-addext', 'subjectAltName=DNS:r.example'],
  ])
  const parsed = parseCertificate(new X509Certificate(pem).raw)
  t.equal(parsed.subjectText, 'CN=root,OU=b,OU=a,O=Acme,C=CH')
  t.equal(parsed.issuerText, nameText(parseName(parsed.subject)))
  t.equal(parsed.isCa, true)
  t.equal(parsed.signatureAlgorithm, signatureAlgorithms.SHA256WithRSA)
  t.match(parsed.publicKey, { type: 'rsa', bits: 2048 })
  t.same(parsed.sans.map(generalNameText), ['DNS:r.example'])
  t.same(parsed.subjectKeyIdentifier, keyIdentifier(parsed.spki))
})

t.test('refuses a second list of extensions', async (t) => {
  const [tbs, algorithm, signature] = readSequence(readElement(await makeLeaf(root, { spki })))
  const list = explicit(3, sequence(extensions.basicConstraints(true)))
  const twice = sequence(...readSequence(tbs).map(({ raw }) => raw), list)
  const der = sequence(twice, ...[algorithm, signature].map((part) => part?.raw ?? Buffer.alloc(0)))
  t.throws(() => parseCertificate(der), { ...refused, message: /duplicate extensions/ })
})

t.test('a certificate that is cut or damaged anywhere is read or refused, and nothing else', async (t) => {
  const der = await makeLeaf(root, { spki, subject: { commonName: 'x' }, sans: [{ kind: 'dns', value: 'x.example' }] })
  const outcome = (bytes: Buffer): string => {
    try {
      parseCertificate(bytes)
      return 'read'
    } catch (error) {
      return String((error as { kind?: string }).kind)
    }
  }
  for (let at = 0; at < der.length; at++) {
    if (outcome(der.subarray(0, at)) !== 'invalid request') t.fail(`cut at ${at}`)
    const flipped = Buffer.from(der)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    if (!['read', 'invalid request'].includes(outcome(flipped))) t.fail(`flipped at ${at}`)
  }
  t.throws(() => parseCertificate(Buffer.concat([der, Buffer.of(0)])), refused)
})
