import fc from 'fast-check'
import t from 'tap'
import { Name as LibraryName } from '@peculiar/asn1-x509'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  commonNameOf,
  emptyName,
  encodeName,
  isEmptyName,
  type Name,
  nameText,
  parseName,
  valuesOf,
} from '../../src/x509/name.ts'
import { generateKey } from '../../src/keys/generate.ts'
import { certificatePem, makeLeaf, makeRoot } from '../support/authority.ts'
import { opensslText } from '../support/openssl.ts'

const refused = { kind: 'invalid request', message: /./ }

/** Every sort of character: printable, the rest of ASCII, controls and NUL, umlauts, CJK, beyond the BMP. */
const value = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    '*.example.com',
    'a@b.example',
    'Zürich',
    '東京',
    '😀',
    ' lead',
    'trail ',
    '#hash',
    'a\0b',
    'a,b+c="d"',
  ),
)
const values = fc.array(value, { maxLength: 3 })
const names: fc.Arbitrary<Name> = fc.record(
  {
    country: values,
    organization: values,
    organizationalUnit: values,
    locality: values,
    province: values,
    streetAddress: values,
    postalCode: values,
    commonName: value,
    serialNumber: value,
    userIds: values,
  },
  { requiredKeys: [] },
)

const everyAttribute = [
  ['2.5.4.6', 'country'],
  ['2.5.4.10', 'organization'],
  ['2.5.4.11', 'organizationalUnit'],
  ['2.5.4.7', 'locality'],
  ['2.5.4.8', 'province'],
  ['2.5.4.9', 'streetAddress'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.3', 'commonName'],
  ['2.5.4.5', 'serialNumber'],
  ['0.9.2342.19200300.100.1.1', 'userIds'],
] as const

t.test("a name comes back with each value once, its attributes in Go's order", async (t) => {
  fc.assert(
    fc.property(names, (name) => {
      const parsed = parseName(encodeName(name))
      for (const [type, field] of everyAttribute) {
        const expected = new Set([name[field] ?? []].flat())
        t.same(new Set(valuesOf(parsed, type)), expected)
        t.equal(valuesOf(parsed, type).length, expected.size)
      }
      const order = parsed.map((rdn) => everyAttribute.findIndex(([type]) => type === rdn[0]?.oid))
      t.same(
        order,
        order.toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 30 },
  )
})

t.test('the library reads the same values', async (t) => {
  fc.assert(
    fc.property(names, (name) => {
      const der = encodeName(name)
      const theirs = AsnConvert.parse(der, LibraryName).map((rdn) =>
        rdn.map(({ type, value }) => ({ oid: type, value: value.toString() })),
      )
      t.same(theirs, parseName(der))
    }),
    { numRuns: 30 },
  )
})

t.test('all values of one attribute share one RDN, user ids do not', async (t) => {
  const name = parseName(encodeName({ organizationalUnit: ['b', 'a', 'b'], commonName: 'x', userIds: ['u', 'v', 'u'] }))
  t.same(
    name.map((rdn) => rdn.map(({ value }) => value)),
    [['a', 'b'], ['x'], ['u'], ['v']],
  )
})

t.test('a name of nothing is empty', async (t) => {
  t.ok(isEmptyName(encodeName({ country: [], commonName: '' })))
  t.notOk(isEmptyName(encodeName({ commonName: 'x' })))
  t.equal(commonNameOf(parseName(emptyName)), '')
  t.equal(nameText(parseName(emptyName)), '')
})

t.test('openssl reads the subject as RFC 4514 text, as we write it', async (t) => {
  const root = await makeRoot()
  const { spki } = await generateKey('ec', 256)
  const subjects: Name[] = [
    {
      country: ['CH'],
      organization: ['Acme, Inc.'],
      organizationalUnit: ['a+b'],
      commonName: '*.example.com',
    },
    { locality: ['Zürich'], province: ['<ZH>'], commonName: ' lead and trail ' },
    { commonName: '#hash', organization: ['quoted "x" \\ back; slash'] },
    { commonName: '東京😀', organizationalUnit: [' '] },
  ]
  for (const subject of subjects) {
    const pem = certificatePem(await makeLeaf(root, { spki, subject }))
    const text = await opensslText(['x509', '-noout', '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8'], { input: pem })
    t.equal(text, `subject=${nameText(parseName(encodeName(subject)))}\n`)
  }
})

t.test('an attribute type without a short name is shown by its number', async (t) => {
  const [rdn] = parseName(encodeName({ commonName: 'x' }))
  t.equal(nameText([[{ oid: '1.2.3', value: 'x' }, ...(rdn ?? [])]]), '1.2.3=#130178+CN=x')
})

t.test('refuses malformed names', async (t) => {
  for (const hex of ['3100', '30023100', '3004310230' + '00', '30083106300406020000']) {
    t.throws(() => parseName(Buffer.from(hex, 'hex')), refused, hex)
  }
})
