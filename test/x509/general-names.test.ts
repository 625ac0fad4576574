import { GeneralName as LibraryName } from '@peculiar/asn1-x509'
import { AsnConvert } from '@peculiar/asn1-schema'
import fc from 'fast-check'
import { isIPv6 } from 'node:net'
import t from 'tap'
import {
  encodeGeneralName,
  encodeGeneralNames,
  type GeneralName,
  generalNameText,
  parseGeneralNames,
} from '../../src/x509/general-names.ts'
import { formatIp, parseIp } from '../../src/x509/ip-address.ts'
import { encodeName } from '../../src/x509/name.ts'

const refused = { kind: 'invalid request', message: /./ }

const ascii = fc.string({ minLength: 1, maxLength: 30 })
const names: fc.Arbitrary<GeneralName> = fc.oneof(
  fc.record({ kind: fc.constantFrom('dns', 'email', 'uri'), value: ascii }),
  fc.record({ kind: fc.constant('ip' as const), value: fc.oneof(fc.ipV4(), fc.ipV6()) }),
  fc.record({
    kind: fc.constant('other' as const),
    oid: fc.constantFrom('1.3.6.1.4.1.311.20.2.3', '1.2.3'),
    value: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant('directory' as const),
    der: fc.string({ unit: 'grapheme', minLength: 1 }).map((commonName) => encodeName({ commonName })),
  }),
)

/** An address has many texts; only octets compare. */
const comparable = (name: GeneralName): unknown => (name.kind === 'ip' ? parseIp(name.value)?.toString('hex') : name)

t.test('every kind of name comes back as it went in', async (t) => {
  fc.assert(
    fc.property(fc.array(names, { maxLength: 5 }), (given) => {
      t.same(parseGeneralNames(encodeGeneralNames(given)).map(comparable), given.map(comparable))
    }),
    { numRuns: 60 },
  )
})

t.test('the library reads the same names', async (t) => {
  const read = (name: GeneralName): LibraryName => AsnConvert.parse(encodeGeneralName(name), LibraryName)
  t.equal(read({ kind: 'dns', value: 'a.example' }).dNSName, 'a.example')
  t.equal(read({ kind: 'email', value: 'a@b.example' }).rfc822Name, 'a@b.example')
  t.equal(read({ kind: 'uri', value: 'spiffe://a/b' }).uniformResourceIdentifier, 'spiffe://a/b')
  t.equal(read({ kind: 'ip', value: '10.1.2.3' }).iPAddress, '10.1.2.3')
  t.equal(read({ kind: 'other', oid: '1.2.3', value: 'ü' }).otherName?.typeId, '1.2.3')
  const name = encodeName({ commonName: 'x' })
  t.equal(read({ kind: 'directory', der: name }).directoryName?.[0]?.[0]?.value.toString(), 'x')
})

t.test('kinds that we do not know are kept as they came', async (t) => {
  const registeredId = Buffer.from('880403010203', 'hex')
  const [name] = parseGeneralNames(Buffer.from(`3006${registeredId.toString('hex')}`, 'hex'))
  t.same(name, { kind: 'unknown', der: registeredId })
  t.same(name && encodeGeneralName(name), registeredId)
})

t.test('an IPv6 address comes back in the form of RFC 5952', async (t) => {
  const cases = {
    '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
    '::': '::',
    '1::': '1::',
    '1:0:0:2:0:0:0:3': '1:0:0:2::3',
    '1:2:3:4:5:6:7:8': '1:2:3:4:5:6:7:8',
    '64:ff9b::192.0.2.1': '64:ff9b::c000:201',
    '::ffff:192.0.2.1': '192.0.2.1',
  }
  for (const [text, expected] of Object.entries(cases)) {
    t.equal(formatIp(parseIp(text) ?? Buffer.alloc(0)), expected, text)
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
      const text = formatIp(Buffer.from(octets)) ?? ''
      return isIPv6(text) && Boolean(parseIp(text)?.equals(octets))
    }),
  )
})

t.test('refuses what is no address', async (t) => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    'fe80::1%eth0',
    '10.0.0.0/8',
    '[::1]',
    ':::',
  ]) {
    t.equal(parseIp(text), undefined, text)
    t.throws(() => encodeGeneralName({ kind: 'ip', value: text }), refused, text)
  }
  t.equal(formatIp(Buffer.alloc(5)), undefined)
})

t.test('refuses a DNS name beyond ASCII', async (t) => {
  t.throws(() => encodeGeneralName({ kind: 'dns', value: 'zürich.example' }), refused)
})

t.test('refuses malformed names', async (t) => {
  const malformed = {
    'a DNS name beyond ASCII': '30038201ff',
    'a DNS name with NUL': '30058203610062',
    'an e-mail address with NUL': '30058103610062',
    'a URI with NUL': '30058603610062',
    'an otherName with NUL': '300da00b06022a03a0050c03610062',
    'an address of five octets': '300787050102030405',
    'an otherName without a type': '3002a000',
    'an otherName without a value': '3006a00406022a03',
    'cut short': '30038205',
  }
  for (const [title, hex] of Object.entries(malformed)) {
    t.throws(() => parseGeneralNames(Buffer.from(hex, 'hex')), refused, title)
  }
})

t.test('a name has a short text', async (t) => {
  const texts: [GeneralName, string][] = [
    [{ kind: 'dns', value: 'a.example' }, 'DNS:a.example'],
    [{ kind: 'email', value: 'a@b' }, 'email:a@b'],
    [{ kind: 'uri', value: 'https://a' }, 'URI:https://a'],
    [{ kind: 'ip', value: '::1' }, 'IP:::1'],
    [{ kind: 'other', oid: '1.2.3', value: 'x' }, 'other:1.2.3;UTF8:x'],
    [{ kind: 'directory', der: encodeName({ commonName: 'x' }) }, 'DirName:CN=x'],
  ]
  for (const [name, text] of texts) t.equal(generalNameText(name), text)
})
