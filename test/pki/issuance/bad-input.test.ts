/** Input that is wrong in one way each: refused as the client's fault, in Vault's words where it has some, nothing stored. */
import { createPrivateKey, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import t from 'tap'
import { generateKey } from '../../../src/keys/generate.ts'
import { rsaKeyIdentifier } from '../../../src/x509/algorithms.ts'
import {
  bitString,
  element,
  explicit,
  integer,
  oid,
  sequence,
  setOf,
  tag,
  unsignedInteger,
} from '../../../src/x509/der.ts'
import { extension } from '../../../src/x509/extensions.ts'
import { encodeName } from '../../../src/x509/name.ts'
import { extensionRequestOid } from '../../../src/x509/oids.ts'
import { encodePem } from '../../../src/x509/pem.ts'
import { checkMount } from '../../support/check-mount.ts'
import { freshEngine } from '../../support/engine.ts'

const key = await generateKey('ec', 256)
const privateKey = createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' })

const csrWith = (extensions: readonly Buffer[], spki: Buffer = key.spki, commonName = 'a.example.com'): string => {
  const request = sequence(oid(extensionRequestOid), setOf([sequence(...extensions)]))
  const info = sequence(integer(0), encodeName({ commonName }), spki, explicit(0, request))
  const signature = signBytes('sha256', info, privateKey)
  return encodePem('CERTIFICATE REQUEST', sequence(info, sequence(oid('1.2.840.10045.4.3.2')), bitString(signature)))
}

const rsaKey = (bits: number, exponent: number): Buffer => {
  const { n = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
  const modulus = unsignedInteger(Buffer.from(n, 'base64url'))
  return sequence(rsaKeyIdentifier, bitString(sequence(modulus, integer(exponent))))
}

const sanWith = (...names: readonly (readonly [identifier: number, value: string | Buffer])[]): Buffer =>
  extension('2.5.29.17', false, sequence(...names.map(([id, value]) => element(id, [Buffer.from(value)]))))

const web = { allowed_domains: 'example.com', allow_subdomains: true, allow_bare_domains: true, key_type: 'ec' }
const unparsed = /^certificate request could not be parsed: asn1: /

const csrs: readonly (readonly [title: string, csr: string, message: RegExp | string, role?: string])[] = [
  ['a key of 1024 bits', csrWith([], rsaKey(1024, 65537)), 'RSA keys < 2048 bits are unsafe and not supported', 'any'],
  ['exponent 1', csrWith([], rsaKey(2048, 1)), unparsed, 'any'],
  ['an even exponent', csrWith([], rsaKey(2048, 65538)), unparsed, 'any'],
  ['a key of another type', csrWith([], rsaKey(2048, 65537)), 'role requires keys of type ec'],
  ['an extension twice', csrWith([sanWith([0x82, 'a.example.com']), sanWith([0x82, 'b.example.com'])]), unparsed],
  [
    'NUL in a name',
    csrWith([sanWith([0x82, 'a\0.example.com'])]),
    /^certificate request could not be parsed: asn1: string contains NUL$/,
  ],
  ['a control character', csrWith([sanWith([0x82, 'a\x07.example.com'])]), /^subject alternate name /],
  ['a name beyond ASCII', csrWith([sanWith([0x82, 'bücher.example.com'])]), unparsed],
  ['an address of three octets', csrWith([sanWith([0x87, Buffer.of(1, 2, 3)])]), unparsed],
  [
    'two at-signs',
    csrWith([sanWith([0x81, 'a@b@example.com'])]),
    'email address a@b@example.com not allowed by this role',
  ],
  ['no name in a list of names', csrWith([sanWith([0x82, ''])]), 'subject alternate name  not allowed by this role'],
  ['names that are no list', csrWith([extension('2.5.29.17', false, element(tag.null, []))]), unparsed],
  ['basic constraints that are none', csrWith([extension('2.5.29.19', true, integer(1))]), unparsed],
]

t.test('CSRs', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '43800h' })
  await engine.write('roles/web', web)
  await engine.write('roles/any', { ...web, key_type: 'any' })
  for (const [title, csr, message, role = 'web'] of csrs) {
    await t.rejects(engine.write(`sign/${role}`, { csr }), { kind: 'invalid request', message }, title)
  }
  t.equal((await engine.list('certs')).length, 1, 'the root only')
  const unknown = await engine.write('sign/web', { csr: csrWith([extension('1.2.3', true, integer(1))]) })
  t.match(unknown.warnings, [/extensions that were ignored or altered during issuance: 1\.2\.3$/], 'never copied')
  await checkMount(t, engine.store.db, engine.mount.uuid)
})

const requests: readonly (readonly [body: object, message: RegExp | string])[] = [
  [{ common_name: 'a\0.example.com' }, 'common name a\0.example.com not allowed by this role'],
  [{ common_name: `${'x'.repeat(64)}.example.com` }, /^idna: invalid label "x{64}"$/],
  [{ common_name: 'a..example.com' }, /^idna: invalid label|not allowed by this role/],
  [{ common_name: '192.0.2.1' }, 'common name 192.0.2.1 not allowed by this role'],
  [{ common_name: 'a@b@example.com' }, 'common name a@b@example.com not allowed by this role'],
  [{ common_name: 'example.com', ttl: '-1' }, /cannot provide negative value '-1'/],
  [{ common_name: 'example.com', ttl: 'NaN' }, /^Field validation failed: error converting input for field "ttl"/],
  [{ common_name: 'example.com', ttl: Number.NaN }, /^Field validation failed/],
  [{ common_name: 'example.com', ttl: '1e400' }, /^Field validation failed/],
  [{ common_name: 'example.com', ttl: 2 ** 40 }, /multiplication of durations resulted in overflow/],
  [{ common_name: 'example.com', ttl: '999999d' }, /multiplication of durations resulted in overflow/],
  [{ common_name: 'example.com', ttl: '99999999h' }, /time: invalid duration$/],
  [{ common_name: 'example.com', ttl: {} }, /^Field validation failed/],
  [{ common_name: 'example.com', not_after: 'tomorrow' }, /^parsing time "tomorrow" as /],
  [{ common_name: 'example.com', not_after: '2000-01-01T00:00:00Z' }, /Not Before .* is later than/],
  [{ common_name: 'example.com', alt_names: ['a'] }, /expected type 'string', got unconvertible type/],
  [{ common_name: 'example.com', ip_sans: '10.0.0.300' }, 'the value "10.0.0.300" is not a valid IP address'],
  [{ common_name: 'example.com', ip_sans: 'fe80::1%eth0' }, 'the value "fe80::1%eth0" is not a valid IP address'],
  [{ common_name: 'example.com', other_sans: 'x;utf8:y' }, 'other SAN OID x not allowed by this role'],
  [{ common_name: 'example.com', format: 'jks' }, 'the "format" path parameter must be "pem", "der", or "pem_bundle"'],
]

t.test('requests', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '43800h' })
  await engine.write('roles/web', web)
  for (const [body, message] of requests) {
    const title = JSON.stringify(body)
    await t.rejects(engine.write('issue/web', { ...body }), { kind: 'invalid request', message }, title)
  }
  await engine.write('roles/others', { ...web, allowed_other_sans: '*' })
  await t.rejects(engine.write('issue/others', { common_name: 'example.com', other_sans: '9.9;utf8:y' }), {
    kind: 'invalid request',
    message: '"9.9" is not an object identifier',
  })
  t.equal((await engine.list('certs')).length, 1, 'the root only')
  const { data } = await engine.write('issue/web', { common_name: 'example.com', ttl: '1.5h' })
  t.equal(Number(data['expiration']) - Number(data['not_before']), 5400 + 30)
  const capped = await engine
    .write('issue/web', { common_name: 'example.com', ttl: 9_000_000_000 })
    .catch((error: Error) => error)
  t.match(
    capped,
    { message: /beyond the expiration of the CA/ },
    'a huge ttl is capped, and then the issuer’s end counts',
  )
})

t.test('a role that asks for a CA makes none', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '43800h' })
  await engine.write('roles/web', { ...web, key_usage: 'CertSign,CRLSign' })
  await t.rejects(engine.write('issue/web', { common_name: 'example.com' }), {
    kind: 'invalid request',
    message: 'the key usage CertSign is for CA certificates only',
  })
})
