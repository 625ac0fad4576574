import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { generateKey } from '../../src/keys/generate.ts'
import { softwareSigner } from '../../src/keys/software.ts'
import { signatureAlgorithms } from '../../src/x509/algorithms.ts'
import { bitString, constructedContextTag, element, integer, oid, sequence, setOf } from '../../src/x509/der.ts'
import { parseCsr, type ParsedCsr, verifyCsr } from '../../src/x509/csr.ts'
import { basicConstraints } from '../../src/x509/extensions.ts'
import { generalNameText } from '../../src/x509/general-names.ts'
import { encodeName } from '../../src/x509/name.ts'
import { extensionRequestOid, signatureOids } from '../../src/x509/oids.ts'
import { decodePem, encodePem } from '../../src/x509/pem.ts'
import { opensslText } from '../support/openssl.ts'

const unparsable = { kind: 'invalid request', message: /^certificate request could not be parsed: asn1: / }
const forged = { kind: 'invalid request', message: 'request signature invalid' }

/** A CSR as openssl makes it with a new key. */
const request = (newkey: readonly string[], extra: readonly string[] = []): Promise<string> =>
  opensslText(['req', '-new', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=a.example.com', ...newkey, ...extra])

const ec = (curve: string): string[] => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`]
const san =
  'subjectAltName=DNS:a.example.com,DNS:*.b.example.com,email:a@example.com,URI:spiffe://a/b,IP:10.0.0.1,IP:2001:db8::1,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:upn'

const pemOf = (der: Uint8Array, label = 'CERTIFICATE REQUEST'): string => encodePem(label, der)
const derOf = (pem: string): Buffer => decodePem(pem)[0]?.der ?? Buffer.alloc(0)

/** A CSR put together by hand, signed with a new P-256 key. */
const handMade = async (parts: { spki?: Buffer; attributes?: Buffer[]; algorithm?: Buffer } = {}): Promise<string> => {
  const key = await generateKey('ec', 256)
  const { ECDSAWithSHA256 } = signatureAlgorithms
  const info = sequence(
    integer(0),
    encodeName({ commonName: 'a.example.com' }),
    parts.spki ?? key.spki,
    element(constructedContextTag(0), parts.attributes ?? []),
  )
  const signature = await softwareSigner(key.pkcs8).sign(info, ECDSAWithSHA256)
  return pemOf(sequence(info, parts.algorithm ?? ECDSAWithSHA256.identifier, bitString(signature)))
}

const extensionRequest = (...extensions: Buffer[]): Buffer =>
  sequence(oid(extensionRequestOid), setOf([sequence(...extensions)]))

t.test('reads and verifies what openssl makes with each kind of key', async (t) => {
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
  const requests: [string, string[], string[], object][] = [
    ['RSA', ['-newkey', 'rsa:2048'], [], { type: 'rsa', bits: 2048 }],
    ['RSA with SHA-512', ['-newkey', 'rsa:2048'], ['-sha512'], { type: 'rsa', bits: 2048 }],
    ['RSA with PSS', ['-newkey', 'rsa:2048'], ['-sha384', ...pss], { type: 'rsa', bits: 2048 }],
    ['RSA with SHA-1', ['-newkey', 'rsa:2048'], ['-sha1'], { type: 'rsa', bits: 2048 }],
    ['P-224', ec('secp224r1'), [], { type: 'ec', bits: 224 }],
    ['P-256', ec('P-256'), [], { type: 'ec', bits: 256 }],
    ['P-384', ec('P-384'), ['-sha384'], { type: 'ec', bits: 384 }],
    ['P-521', ec('P-521'), ['-sha512'], { type: 'ec', bits: 521 }],
    ['Ed25519', ['-newkey', 'ed25519'], [], { type: 'ed25519', bits: 0 }],
  ]
  for (const [title, newkey, extra, publicKey] of requests) {
    const csr = parseCsr(await request(newkey, extra))
    t.match(csr.publicKey, publicKey, title)
    t.equal(csr.commonName, 'a.example.com')
    t.same(csr.sans, [])
    t.equal(verifyCsr(csr), csr, title)
  }
})

t.test('finds the names and the extensions that a CSR asks for', async (t) => {
  const subject = ['-subj', '/CN=first/CN=last/serialNumber=42/UID=u1/UID=u2/O=Acme']
  const csr = parseCsr(await request(ec('P-256'), [...subject, '-addext', san, '-addext', 'basicConstraints=CA:TRUE']))
  t.same(csr.sans.map(generalNameText), [
    'DNS:a.example.com',
    'DNS:*.b.example.com',
    'email:a@example.com',
    'URI:spiffe://a/b',
    'IP:10.0.0.1',
    'IP:2001:db8::1',
    'other:1.3.6.1.4.1.311.20.2.3;UTF8:upn',
  ])
  t.equal(csr.commonName, 'last')
  t.equal(csr.serialNumber, '42')
  t.same(csr.userIds, ['u1', 'u2'])
  t.equal(csr.hasBasicConstraints, true)
  t.equal(parseCsr(await request(ec('P-256'))).hasBasicConstraints, false)
})

t.test('takes any label, text around the block, and CRLF', async (t) => {
  const pem = await request(ec('P-256'))
  const variants = {
    'the label of a certificate': pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    'the old label': pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'),
    'text before and after': `Certificate Request:\n  Data\n${pem}\nmore`,
    CRLF: pem.replaceAll('\n', '\r\n'),
    'no newline at the end': pem.trimEnd(),
  }
  for (const [title, text] of Object.entries(variants)) t.ok(verifyCsr(parseCsr(text)), title)
})

t.test('refuses what is no PEM, in the words of Vault', async (t) => {
  t.throws(() => parseCsr(''), { message: '"csr" is empty' })
  const pem = await request(ec('P-256'))
  const noData = ['x', ' ', derOf(pem).toString('base64'), pem.slice(0, -40), pem.replace('-----BEGIN', '----BEGIN')]
  for (const text of noData)
    t.throws(() => parseCsr(text), { kind: 'invalid request', message: 'csr contains no data' })
})

t.test('refuses a key of an algorithm that nobody here knows', async (t) => {
  const message = /^Refusing to sign CSR with empty PublicKey\./
  const ed448 = await request(['-newkey', 'ed448'])
  t.throws(() => parseCsr(ed448), { kind: 'invalid request', message })
  const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
  const pss = await handMade({ spki: publicKey.export({ format: 'der', type: 'spki' }) })
  t.throws(() => parseCsr(pss), { kind: 'invalid request', message })
})

t.test('refuses a curve that nobody here knows', async (t) => {
  const secp256k1 = await request(ec('secp256k1'))
  t.throws(() => parseCsr(secp256k1), unparsable)
})

t.test('refuses points that are not on the curve', async (t) => {
  for (const bits of [224, 256, 384, 521]) {
    const { spki } = await generateKey('ec', bits)
    const off = Buffer.from(spki)
    off[off.length - 1] = (off.at(-1) ?? 0) ^ 1
    const pem = await handMade({ spki: off })
    t.throws(() => parseCsr(pem), unparsable, `P-${bits}, off the curve`)
    const zero = Buffer.from(spki).fill(0, spki.length - 2 * Math.ceil(bits / 8))
    const infinity = await handMade({ spki: zero })
    t.throws(() => parseCsr(infinity), unparsable, `P-${bits}, coordinates of zero`)
  }
})

t.test('refuses a signature of another key, by another scheme, or of an unknown kind', async (t) => {
  const other = await generateKey('ec', 256)
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const requests = {
    'another key': await handMade({ spki: other.spki }),
    'a key of another type': await handMade({ spki: publicKey.export({ format: 'der', type: 'spki' }) }),
    'another hash': await handMade({ algorithm: signatureAlgorithms.ECDSAWithSHA384.identifier }),
    'an algorithm for another type of key': await handMade({ algorithm: signatureAlgorithms.SHA256WithRSA.identifier }),
    'an unknown algorithm': await handMade({ algorithm: sequence(oid('1.2.3.4')) }),
    'PSS with parameters that are none': await handMade({ algorithm: sequence(oid(signatureOids.rsassaPss)) }),
  }
  for (const [title, pem] of Object.entries(requests)) t.throws(() => verifyCsr(parseCsr(pem)), forged, title)
})

t.test('a copy of a CSR that was read has no proof', async (t) => {
  const csr = parseCsr(await request(ec('P-256')))
  const copy: ParsedCsr = { ...csr, commonName: 'other.example.com' }
  t.throws(() => verifyCsr(copy), forged)
})

t.test('refuses extensions that stand there twice', async (t) => {
  const twice = await handMade({ attributes: [extensionRequest(basicConstraints(false), basicConstraints(true))] })
  t.throws(() => parseCsr(twice), unparsable)
  const two = await handMade({
    attributes: [extensionRequest(basicConstraints(false)), extensionRequest(basicConstraints(true))],
  })
  t.throws(() => parseCsr(two), unparsable)
})

t.test('refuses anything after the CSR', async (t) => {
  const der = derOf(await request(ec('P-256')))
  t.throws(() => parseCsr(pemOf(Buffer.concat([der, Buffer.of(0)]))), unparsable)
  t.throws(() => parseCsr(pemOf(Buffer.concat([der, der]))), unparsable)
})

t.test('a CSR that is cut or damaged at any byte is refused', async (t) => {
  const requests = [
    await request(ec('P-256'), ['-addext', san]),
    await request(ec('P-384')),
    await request(['-newkey', 'rsa:2048']),
    await request(['-newkey', 'ed25519'], ['-addext', san]),
  ]
  for (const pem of requests) {
    const der = derOf(pem)
    const name = createHash('sha256').update(der).digest('hex').slice(0, 8)
    const outcomes = new Map<string, number>()
    const attempt = (bytes: Buffer): void => {
      let outcome = 'verified'
      try {
        verifyCsr(parseCsr(pemOf(bytes)))
      } catch (error) {
        outcome = String((error as { kind?: string }).kind ?? error)
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    for (let at = 0; at < der.length; at++) {
      attempt(der.subarray(0, at))
      const flipped = Buffer.from(der)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      attempt(flipped)
    }
    t.same(outcomes, new Map([['invalid request', 2 * der.length]]), name)
  }
})

t.test('the parameters beside a PSS signature decide how it is checked', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const info = sequence(integer(0), encodeName({ commonName: 'x' }), spki, element(constructedContextTag(0), []))
  for (const row of Object.values(signatureAlgorithms).filter(({ keyType }) => keyType === 'rsa')) {
    const options = 'saltLength' in row ? { padding: row.padding, saltLength: row.saltLength } : {}
    const signature = sign(row.digest, info, { key: privateKey, ...options })
    const signed = (identifier: Buffer): string => pemOf(sequence(info, identifier, bitString(signature)))
    t.ok(verifyCsr(parseCsr(signed(row.identifier))), row.name)
    for (const other of Object.values(signatureAlgorithms).filter((candidate) => candidate !== row)) {
      t.throws(() => verifyCsr(parseCsr(signed(other.identifier))), forged, `${row.name} called ${other.name}`)
    }
  }
})
