/**
 * Writes `csrs.json`: the requests that the scenes sign. Each has a new key, which is thrown away; what is kept is
 * public. Run it only to add one: the recorded answers belong to these very requests.
 *
 *   node test/oracle/make-csrs.ts
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodePem, decodePem } from '../../src/x509/pem.ts'
import { opensslText } from '../support/openssl.ts'

const file = join(import.meta.dirname, 'csrs.json')

const ec = (curve: string): string => `ec -pkeyopt ec_paramgen_curve:${curve}`
const p256 = ec('P-256')
const upn = 'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:user@example.com'

/** Name → key, subject, and lines for `-addext`. */
const requests: Record<string, readonly [key: string, subject: string, ...extensions: string[]]> = {
  plain: [p256, '/CN=a.example.com'],
  p224: [ec('P-224'), '/CN=a.example.com'],
  p384: [ec('P-384'), '/CN=a.example.com'],
  p521: [ec('P-521'), '/CN=a.example.com'],
  secp256k1: [ec('secp256k1'), '/CN=a.example.com'],
  ed25519: ['ed25519', '/CN=a.example.com'],
  ed448: ['ed448', '/CN=a.example.com'],
  rsa1024: ['rsa:1024', '/CN=a.example.com'],
  rsa2048: ['rsa:2048', '/CN=a.example.com'],
  rsa3072: ['rsa:3072', '/CN=a.example.com'],
  rsaExponent3: ['rsa:2048 -pkeyopt rsa_keygen_pubexp:3', '/CN=a.example.com'],
  rsaPss: ['rsa-pss -pkeyopt rsa_keygen_bits:2048', '/CN=a.example.com'],
  noCommonName: [p256, '/O=Example', 'subjectAltName=DNS:b.example.com'],
  emptySubject: [p256, '/', 'subjectAltName=DNS:b.example.com'],
  nothing: [p256, '/'],
  dnsSans: [p256, '/CN=a.example.com', 'subjectAltName=DNS:b.example.com,DNS:c.example.com'],
  repeatedSans: [p256, '/CN=a.example.com', 'subjectAltName=DNS:b.example.com,DNS:b.example.com,DNS:a.example.com'],
  foreignSan: [p256, '/CN=a.example.com', 'subjectAltName=DNS:b.example.org'],
  foreignCommonName: [p256, '/CN=a.example.org'],
  wildcard: [p256, '/CN=*.example.com'],
  upperCase: [p256, '/CN=A.example.com', 'subjectAltName=DNS:B.example.com'],
  ipSan: [p256, '/CN=a.example.com', 'subjectAltName=IP:192.0.2.1'],
  ipv6San: [p256, '/CN=a.example.com', 'subjectAltName=IP:2001:db8::1'],
  uriSan: [p256, '/CN=a.example.com', 'subjectAltName=URI:spiffe://example.com/a'],
  emailSan: [p256, '/CN=a.example.com', 'subjectAltName=email:user@a.example.com'],
  otherSan: [p256, '/CN=a.example.com', `subjectAltName=${upn}`],
  ridSan: [p256, '/CN=a.example.com', 'subjectAltName=DNS:a.example.com,RID:1.2.3.4'],
  everySan: [
    p256,
    '/CN=a.example.com',
    `subjectAltName=DNS:b.example.com,IP:192.0.2.1,email:user@a.example.com,URI:spiffe://example.com/a,${upn}`,
  ],
  emailCommonName: [p256, '/CN=user@a.example.com'],
  ipCommonName: [p256, '/CN=192.0.2.1'],
  serialNumber: [p256, '/CN=a.example.com/serialNumber=SN-1'],
  userId: [p256, '/CN=a.example.com/UID=humphrey'],
  twoUserIds: [p256, '/CN=a.example.com/UID=humphrey/UID=hacker'],
  twoCommonNames: [p256, '/CN=a.example.com/CN=b.example.com'],
  fullSubject: [p256, '/C=GB/ST=Kent/L=Deal/O=Example/OU=One/OU=Two/CN=a.example.com/emailAddress=a@example.com'],
  multiValuedRdn: [p256, '/CN=a.example.com+OU=One'],
  unicodeSubject: [p256, '/O=Bücher AG/CN=a.example.com'],
  longCommonName: [p256, `/CN=${'x'.repeat(50)}.example.com`],
  caTrue: [p256, '/CN=a.example.com', 'basicConstraints=critical,CA:TRUE'],
  caTrueLength: [p256, '/CN=a.example.com', 'basicConstraints=critical,CA:TRUE,pathlen:3'],
  caFalse: [p256, '/CN=a.example.com', 'basicConstraints=CA:FALSE'],
  keyUsage: [p256, '/CN=a.example.com', 'keyUsage=critical,digitalSignature,dataEncipherment'],
  certSign: [p256, '/CN=a.example.com', 'keyUsage=critical,keyCertSign,cRLSign'],
  extKeyUsage: [p256, '/CN=a.example.com', 'extendedKeyUsage=codeSigning,timeStamping'],
  unknownExtension: [p256, '/CN=a.example.com', '1.2.3.4=ASN1:NULL'],
  criticalExtension: [p256, '/CN=a.example.com', '1.2.3.4=critical,ASN1:NULL'],
  policies: [p256, '/CN=a.example.com', 'certificatePolicies=1.3.6.1.4.1.99999.1'],
  mustStaple: [p256, '/CN=a.example.com', 'tlsfeature=status_request'],
  nameConstraints: [p256, '/CN=a.example.com', 'nameConstraints=permitted;DNS:example.com'],
  everything: [
    p256,
    '/C=GB/O=Example/CN=a.example.com',
    'subjectAltName=DNS:a.example.com,DNS:b.example.com',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=clientAuth',
    'certificatePolicies=1.3.6.1.4.1.99999.1',
    '1.2.3.4=ASN1:UTF8:hello',
  ],
}

const make = async (key: string, subject: string, extensions: readonly string[]): Promise<string> =>
  opensslText([
    ...['req', '-new', '-nodes', '-utf8', '-multivalue-rdn', '-subj', subject, '-keyout', '/dev/null', '-newkey'],
    ...key.split(' '),
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ])

/** The same request with one octet of its signature changed. */
const spoilt = (pem: string): string => {
  const [block] = decodePem(pem)
  if (!block) throw new Error('no PEM')
  const der = Buffer.from(block.der)
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  return `${encodePem('CERTIFICATE REQUEST', der)}\n`
}

const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {}
for (const [name, [key, subject, ...extensions]] of Object.entries(requests)) {
  kept[name] ??= await make(key, subject, extensions)
}
kept['badSignature'] ??= spoilt(kept['plain'] ?? '')
writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`)
