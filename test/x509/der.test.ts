import fc from 'fast-check'
import t from 'tap'
import {
  directoryString,
  element,
  integer,
  isOid,
  namedBits,
  nullValue,
  oid,
  sequenceOf,
  setOf,
  tag,
  time,
  unsignedInteger,
} from '../../src/x509/der.ts'
import {
  children,
  readElement,
  readNamedBits,
  readOid,
  readSmallInteger,
  readString,
  readTime,
  readUnsigned,
} from '../../src/x509/der-reader.ts'
import { opensslText } from '../support/openssl.ts'

const refused = { kind: 'invalid request', message: /./ }

const arc = fc.bigInt({ min: 0n, max: 2n ** 128n })
const dotted = fc
  .oneof(fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n })), fc.tuple(fc.constant(2n), arc))
  .chain((top) => fc.array(arc, { maxLength: 8 }).map((rest) => [...top, ...rest].join('.')))

/** What openssl finds in a SEQUENCE, one line for each element. */
const readByOpenssl = async (parts: readonly Buffer[]): Promise<string[]> => {
  const text = await opensslText(['asn1parse', '-inform', 'DER'], { input: sequenceOf(parts) })
  return text.trimEnd().split('\n').slice(1)
}

t.test('openssl reads the integers that were written', async (t) => {
  const numbers = fc.sample(fc.bigInt({ min: 0n, max: 2n ** 200n }), 200)
  const edges = [0n, 1n, 127n, 128n, 255n, 256n, 32767n, 32768n]
  const all = [...edges, ...numbers]
  const lines = await readByOpenssl(all.map(integer))
  t.same(
    lines.map((line) => BigInt(`0x${line.split(':').at(-1)}`)),
    all,
  )
})

t.test('openssl reads the object identifiers that were written', async (t) => {
  // openssl prints names for those that it knows: these are none.
  const all = fc.sample(dotted, 200).map((text) => `${text}.999999`)
  const lines = await readByOpenssl(all.map(oid))
  t.same(
    lines.map((line) => line.split(':').at(-1)),
    all,
  )
})

t.test('an object identifier comes back as it went in', async (t) => {
  fc.assert(fc.property(dotted, (text) => isOid(text) && readOid(readElement(oid(text))) === text))
  t.pass('holds for every example')
})

t.test('refuses what is no object identifier', async (t) => {
  for (const text of ['', '1', '3.1', '1.40', '1.2.', '.1.2', '1.02', '1.2.-3', '1.2.x', '1. 2']) {
    t.notOk(isOid(text), text)
    t.throws(() => oid(text), refused, text)
  }
})

t.test('an integer comes back as it went in, whatever zeros led it', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(3), (octets, zeros) => {
      const magnitude = Buffer.concat([Buffer.alloc(zeros), octets])
      return readUnsigned(readElement(unsignedInteger(magnitude))).equals(unsignedOf(octets))
    }),
  )
  fc.assert(fc.property(fc.nat(), (number) => readSmallInteger(readElement(integer(number))) === number))
  t.pass('holds for every example')
})

const unsignedOf = (octets: Uint8Array): Buffer => {
  const first = octets.findIndex((octet) => octet !== 0)
  return first < 0 ? Buffer.of(0) : Buffer.from(octets.subarray(first))
}

t.test('lengths take the fewest octets that hold them', async (t) => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_215, 16_777_216]) {
    const der = element(tag.octetString, [Buffer.alloc(length)])
    t.equal(readElement(der).contents.length, length, `${length}`)
  }
  t.equal(element(tag.octetString, [Buffer.alloc(127)]).length, 2 + 127)
  t.equal(element(tag.octetString, [Buffer.alloc(128)]).length, 3 + 128)
  t.equal(element(tag.octetString, [Buffer.alloc(256)]).length, 4 + 256)
})

t.test('the elements of a SET OF stand in the order of their encodings', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 6 }), (texts) => {
      const encodings = children(readElement(setOf(texts.map(directoryString)))).map(({ raw }) => raw)
      return encodings.every((one, at) => at === 0 || Buffer.compare(encodings[at - 1] ?? one, one) <= 0)
    }),
  )
  t.pass('holds for every example')
})

t.test('named bits come back, and no zero bit trails them', async (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(20), { maxLength: 21 }), (bits) => {
      const der = namedBits(bits)
      const last = der.at(-1) ?? 0
      const unused = der[2] ?? 0
      const trimmed = bits.length === 0 ? der.length === 3 : ((last >> unused) & 1) === 1
      return trimmed && readNamedBits(readElement(der)).join() === bits.toSorted((a, b) => a - b).join()
    }),
  )
  t.pass('holds for every example')
})

t.test('text is a PrintableString where its alphabet allows, else UTF8String', async (t) => {
  t.equal(directoryString("Az 09 '()+,-./:=?")[0], tag.printableString)
  for (const text of ['*.example.com', 'a@b', 'a_b', 'Zürich', '東京', 'a&b', 'a\0b']) {
    t.equal(directoryString(text)[0], tag.utf8String, JSON.stringify(text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => readString(readElement(directoryString(text))) === text),
  )
})

t.test('times are UTCTime from 1950 to 2049 and GeneralizedTime otherwise', async (t) => {
  const cases = [
    ['1949-12-31T23:59:59Z', tag.generalizedTime],
    ['1950-01-01T00:00:00Z', tag.utcTime],
    ['2049-12-31T23:59:59Z', tag.utcTime],
    ['2050-01-01T00:00:00Z', tag.generalizedTime],
    ['9999-12-31T23:59:59Z', tag.generalizedTime],
  ] as const
  for (const [text, expected] of cases) {
    const der = time(new Date(text))
    t.equal(der[0], expected, text)
    t.same(readTime(readElement(der)), new Date(text))
  }
  t.throws(() => time(new Date('+010000-01-01T00:00:00Z')), refused)
  t.throws(() => time(new Date(Number.NaN)), refused)
  const dates = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(
      dates,
      (date) => readTime(readElement(time(date))).getTime() === Math.floor(date.getTime() / 1000) * 1000,
    ),
  )
})

t.test('refuses DER that says the same as other DER, or is cut short', async (t) => {
  const malformed: Record<string, string> = {
    'an empty input': '',
    'no length': '30',
    'an indefinite length': '3080',
    'a long length where a short one does': '04810100',
    'a length with a leading zero': `04820080${'00'.repeat(128)}`,
    'fewer octets than the length says': '0402ff',
    'a length field that is cut': '0482ff',
    'a length of five octets': '04850000000001ff',
    'trailing data': '050000',
    'a high tag number': '1f810100',
  }
  for (const [title, hex] of Object.entries(malformed)) {
    t.throws(() => readElement(Buffer.from(hex, 'hex')), refused, title)
  }
  for (const hex of ['0200', '02020001', '0202ff80', '0201ff']) {
    t.throws(() => readUnsigned(readElement(Buffer.from(hex, 'hex'))), refused, hex)
  }
  for (const hex of ['0600', '06028001', '060181']) {
    t.throws(() => readOid(readElement(Buffer.from(hex, 'hex'))), refused, hex)
  }
  t.throws(() => readOid(readElement(element(tag.oid, [Buffer.alloc(100_000, 0xff), Buffer.of(1)]))), refused)
  for (const text of ['260230000000Z', '2602300000000', '261301000000Z', '26010100000Z', '260101000000+0100']) {
    const der = element(tag.utcTime, [Buffer.from(text)])
    t.throws(() => readTime(readElement(der)), refused, text)
  }
  t.throws(() => readString(readElement(element(tag.utf8String, [Buffer.of(0xff)]))), refused)
  t.throws(() => readString(readElement(nullValue)), refused)
})

t.test('reading any octets at all either works or is refused', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
      try {
        children(readElement(Buffer.from(octets)))
      } catch (error) {
        return (error as { kind?: string }).kind === 'invalid request'
      }
      return true
    }),
    { numRuns: 2000 },
  )
  t.pass('holds for every example')
})
