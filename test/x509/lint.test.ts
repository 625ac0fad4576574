import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generateKey } from '../../src/keys/generate.ts'
import { bitString, boolean, element, explicit, integer, oid, octetString, sequence, tag } from '../../src/x509/der.ts'
import {
  authorityInfoAccess,
  authorityKeyIdentifier,
  basicConstraints,
  certificatePolicies,
  crlDistributionPoints,
  extension,
  extKeyUsage,
  freshestCrl,
  keyUsage,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.ts'
import type { GeneralName } from '../../src/x509/general-names.ts'
import { keyIdentifier } from '../../src/x509/key-identifier.ts'
import { lintCertificate, lintRules, lintVariableParts, type LintContext } from '../../src/x509/lint.ts'
import { emptyName, encodeName } from '../../src/x509/name.ts'
import { extensionOids as oids } from '../../src/x509/oids.ts'

const { spki } = await generateKey('ec', 256)
const keyId = keyIdentifier(spki)
const issuerKeyId = Buffer.alloc(20, 7)
const leaf: LintContext = { issuerKeyId, subjectKeyId: keyId, isCa: false }
const ca: LintContext = { ...leaf, isCa: true }
const text = (identifier: number, value: string) => element(identifier, [Buffer.from(value, 'latin1')])
const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
const dns = (...values: string[]) => values.map((value) => ({ kind: 'dns', value }) as const)

/** A good leaf, part by part; nothing here is signed. */
const parts = {
  version: explicit(0, integer(2)),
  serial: integer(1n << 150n),
  algorithm,
  outerAlgorithm: algorithm,
  issuer: encodeName({ commonName: 'CA' }),
  notBefore: text(tag.utcTime, '260101000000Z'),
  notAfter: text(tag.utcTime, '270101000000Z'),
  subject: encodeName({ commonName: 'a.example.com' }),
  spki,
}

const extensions = {
  keyUsage: keyUsage(['DigitalSignature']),
  extKeyUsage: extKeyUsage(['1.3.6.1.5.5.7.3.1']),
  basicConstraints: basicConstraints(false),
  subjectKeyIdentifier: subjectKeyIdentifier(keyId),
  authorityKeyIdentifier: authorityKeyIdentifier(issuerKeyId),
  authorityInfoAccess: authorityInfoAccess(['http://ocsp.example.com'], ['http://ca.example.com/ca.crt']),
  subjectAltName: subjectAltName(dns('a.example.com', '*.b.example.com'), false),
  certificatePolicies: certificatePolicies([
    { oid: '1.2.3', cps: 'https://example.com', notice: 'n' },
    { oid: '1.2.4' },
  ]),
  crlDistributionPoints: crlDistributionPoints(['http://ca.example.com/crl']),
  freshestCrl: freshestCrl(['http://ca.example.com/delta']),
}

type Extensions = { [K in keyof typeof extensions]?: Buffer | undefined } & { more?: Buffer }

const certificate = (changes: Partial<typeof parts> = {}, extended: Extensions = {}): Buffer => {
  const p = { ...parts, ...changes }
  const list = Object.values({ ...extensions, ...extended }).filter((found) => found !== undefined)
  const tbs = sequence(
    ...[p.version, p.serial, p.algorithm, p.issuer, sequence(p.notBefore, p.notAfter), p.subject, p.spki],
    explicit(3, sequence(...list)),
  )
  return sequence(tbs, p.outerAlgorithm, bitString(Buffer.of(1)))
}

const asCa = (extended: Extensions = {}) => ({
  keyUsage: keyUsage(['CertSign', 'CRLSign']),
  basicConstraints: basicConstraints(true, 0),
  extKeyUsage: undefined,
  subjectAltName: undefined,
  more: nameConstraints(dns('example.com'), []),
  ...extended,
})

t.test('a good leaf and a good CA break no rule', async (t) => {
  t.same(lintCertificate(certificate(), leaf), [])
  t.same(lintVariableParts(certificate(), leaf), [])
  t.same(lintCertificate(certificate({}, asCa()), ca), [])
  const unnamed = { subject: emptyName }
  t.same(lintCertificate(certificate(unnamed, { subjectAltName: subjectAltName(dns('a.b'), true) }), leaf), [])
  t.same(lintCertificate(certificate({ notAfter: text(tag.generalizedTime, '20500101000000Z') }), leaf), [])
})

const names = (...list: GeneralName[]) => ({ subjectAltName: subjectAltName(list, false) })
const broken: Record<string, (readonly [certificate: Buffer, context?: LintContext])[]> = {
  'version is 3': [[certificate({ version: explicit(0, integer(1)) })], [certificate({ version: Buffer.of() })]],
  'serial number is positive and has at most 20 octets': [
    [certificate({ serial: integer(0) })],
    [certificate({ serial: Buffer.of(tag.integer, 1, 0x80) })],
    [certificate({ serial: integer(1n << 160n) })],
  ],
  'both signature algorithms are the same': [[certificate({ outerAlgorithm: sequence(oid('1.2.3')) })]],
  'issuer is not empty': [[certificate({ issuer: emptyName })]],
  'validity is not empty': [
    [certificate({ notAfter: parts.notBefore })],
    [certificate({ notAfter: text(tag.utcTime, '250101000000Z') })],
    [certificate({ notAfter: text(tag.utcTime, '270230000000Z') })],
  ],
  'times are UTCTime until 2049, GeneralizedTime after': [
    [certificate({ notAfter: text(tag.generalizedTime, '20270101000000Z') })],
    [certificate({ notBefore: text(tag.utcTime, '2601010000Z') })],
  ],
  'public key is a whole number of octets': [[certificate({ spki: sequence(algorithm, Buffer.of(3, 2, 4, 0xf0)) })]],
  'no extension stands there twice': [[certificate({}, { more: extensions.keyUsage })]],
  'subject or critical alternative names say whose it is': [
    [certificate({ subject: emptyName })],
    [certificate({ subject: emptyName }, { subjectAltName: undefined })],
    [certificate({ subject: emptyName }, asCa()), ca],
  ],
  'alternative names are there and well-formed': [
    [certificate({}, names())],
    [certificate({}, names({ kind: 'dns', value: 'a b' }))],
    [certificate({}, names({ kind: 'dns', value: '' }))],
    [certificate({}, names({ kind: 'dns', value: 'x'.repeat(64) }))],
    [certificate({}, names({ kind: 'email', value: 'a@b@c' }))],
    [certificate({}, names({ kind: 'uri', value: '/relative' }))],
    [certificate({}, { subjectAltName: extension(oids.subjectAltName, false, sequence(text(0x87, '123'))) })],
  ],
  'basic constraints say CA as it is meant, critical in a CA': [
    [certificate({}, { basicConstraints: basicConstraints(true) })],
    [certificate({}, asCa({ basicConstraints: basicConstraints(false) })), ca],
    [certificate({}, asCa({ basicConstraints: undefined })), ca],
    [certificate({}, asCa({ basicConstraints: extension(oids.basicConstraints, false, sequence(boolean(true))) })), ca],
  ],
  'path length only with CA and keyCertSign': [
    [certificate({}, { basicConstraints: extension(oids.basicConstraints, true, sequence(integer(0))) })],
    [certificate({}, asCa({ keyUsage: keyUsage(['CRLSign']) })), ca],
  ],
  'key usage has a bit set': [[certificate({}, { keyUsage: keyUsage([]) })]],
  'keyCertSign only with CA, and in every CA': [
    [certificate({}, { keyUsage: keyUsage(['CertSign']) })],
    [certificate({}, asCa({ keyUsage: undefined })), ca],
  ],
  'extended key usages are there and well-formed': [
    [certificate({}, { extKeyUsage: extKeyUsage([]) })],
    [certificate({}, { extKeyUsage: extKeyUsage(['1.2.3', '1.2.3']) })],
    [certificate({}, { extKeyUsage: extension(oids.extKeyUsage, false, sequence(Buffer.of(6, 1, 0x80))) })],
  ],
  'subject key identifier is that of the key and not critical': [
    [certificate({}, { subjectKeyIdentifier: undefined })],
    [certificate({}, { subjectKeyIdentifier: subjectKeyIdentifier(issuerKeyId) })],
    [certificate({}, { subjectKeyIdentifier: extension(oids.subjectKeyIdentifier, true, octetString(keyId)) })],
  ],
  'authority key identifier is that of the issuer and not critical': [
    [certificate({}, { authorityKeyIdentifier: undefined })],
    [certificate({}, { authorityKeyIdentifier: authorityKeyIdentifier(keyId) })],
    [certificate({}, { authorityKeyIdentifier: extension(oids.authorityKeyIdentifier, false, sequence()) })],
  ],
  'policies are there once each, with qualifiers that are known': [
    [certificate({}, { certificatePolicies: certificatePolicies([]) })],
    [certificate({}, { certificatePolicies: certificatePolicies([{ oid: '1.2.3' }, { oid: '1.2.3' }]) })],
    [
      certificate(
        {},
        {
          certificatePolicies: extension(
            oids.certificatePolicies,
            false,
            sequence(sequence(oid('1.2.3'), sequence(sequence(oid('1.2.5'), integer(1))))),
          ),
        },
      ),
    ],
  ],
  'name constraints only in a CA, and critical': [
    [certificate({}, { more: nameConstraints(dns('example.com'), []) })],
    [certificate({}, asCa({ more: extension(oids.nameConstraints, false, sequence()) })), ca],
  ],
  'authority information access is not critical and has absolute URIs': [
    [certificate({}, { authorityInfoAccess: authorityInfoAccess([], []) })],
    [certificate({}, { authorityInfoAccess: authorityInfoAccess(['ocsp'], []) })],
    [certificate({}, { authorityInfoAccess: extension(oids.authorityInfoAccess, true, sequence()) })],
  ],
  'CRL distribution points are there and have absolute URIs': [
    [certificate({}, { crlDistributionPoints: crlDistributionPoints([]) })],
    [certificate({}, { crlDistributionPoints: crlDistributionPoints(['//ca/crl']) })],
  ],
  'freshest CRL is not critical and has absolute URIs': [
    [certificate({}, { freshestCrl: freshestCrl(['crl']) })],
    [certificate({}, { freshestCrl: extension(oids.freshestCrl, true, sequence()) })],
  ],
}

t.test('each rule finds what breaks it', async (t) => {
  t.same(
    Object.keys(broken),
    lintRules.map(({ id }) => id),
  )
  for (const [id, examples] of Object.entries(broken)) {
    for (const [der, context = leaf] of examples) {
      t.ok(
        lintCertificate(der, context).some((finding) => finding.id === id),
        id,
      )
    }
  }
})

t.test('what cannot be read is a finding, too', async (t) => {
  const der = certificate()
  for (const bytes of [Buffer.of(), Buffer.of(1, 2, 3), der.subarray(0, -1), Buffer.concat([der, Buffer.of(0)])]) {
    t.same(lintCertificate(bytes, leaf), [{ id: 'certificate is DER', section: '4.1' }])
  }
})

t.test('what every certificate has of its own is looked at in every certificate', async (t) => {
  const moulded = lintRules.filter((rule) => rule.moulded).map(({ id }) => id)
  for (const [id, examples] of Object.entries(broken)) {
    const found = examples.every(([der, context = leaf]) =>
      lintVariableParts(der, context).some((finding) => finding.id === id),
    )
    t.equal(found, !moulded.includes(id), id)
  }
})

t.test('README has every rule', async (t) => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const listed = [...readme.matchAll(/^- (4\.[\d.]+): (.*)$/gm)].map(([, section, id]) => ({ id, section }))
  t.same(
    listed,
    lintRules.map(({ id, section }) => ({ id, section })),
  )
})
