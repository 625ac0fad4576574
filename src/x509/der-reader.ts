/**
 * Reads DER, strictly: X.690 leaves one encoding for each value, and whatever is signed or compared as bytes must not
 * have two. An element is a view into the bytes it came from; nothing is copied.
 */
import { type ChanceryError, invalidRequest } from '../errors.ts'
import { tag } from './der.ts'

export interface Element {
  /** The identifier octet. */
  readonly tag: number
  /** Header and contents. */
  readonly raw: Buffer
  readonly contents: Buffer
}

export const malformed = (what: string): ChanceryError => invalidRequest(`asn1: ${what}`)

const isAscii = (bytes: Buffer): boolean => bytes.every((octet) => octet < 0x80)

const elementAt = (bytes: Buffer, start: number): Element => {
  const identifier = bytes[start]
  const first = bytes[start + 1]
  if (identifier === undefined || first === undefined) throw malformed('data truncated')
  // No standard structure that we read has a tag number over 30.
  if ((identifier & 0x1f) === 0x1f) throw malformed('unexpected high tag number')
  let length = first
  let from = start + 2
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0) throw malformed('indefinite length found (not DER)')
    if (octets > 4) throw malformed('length too large')
    if (from + octets > bytes.length) throw malformed('data truncated')
    length = bytes.readUIntBE(from, octets)
    from += octets
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw malformed('non-minimal length')
  }
  if (from + length > bytes.length) throw malformed('data truncated')
  return {
    tag: identifier,
    raw: bytes.subarray(start, from + length),
    contents: bytes.subarray(from, from + length),
  }
}

/** The one element that the bytes are. @throws invalid request when they are none, or more follows */
export const readElement = (bytes: Buffer, expected?: number): Element => {
  const found = elementAt(bytes, 0)
  if (found.raw.length !== bytes.length) throw malformed('trailing data')
  return expected === undefined ? found : expectTag(found, expected)
}

/** What a constructed element holds. @throws invalid request */
export const children = (parent: Element): Element[] => {
  const found: Element[] = []
  for (let at = 0; at < parent.contents.length;) {
    const child = elementAt(parent.contents, at)
    found.push(child)
    at += child.raw.length
  }
  return found
}

/** @throws invalid request when the element is missing or another */
export const expectTag = (found: Element | undefined, expected: number): Element => {
  if (found === undefined) throw malformed('sequence truncated')
  if (found.tag !== expected)
    throw malformed(`tags don't match (0x${expected.toString(16)} vs 0x${found.tag.toString(16)})`)
  return found
}

/** The children of a SEQUENCE. */
export const readSequence = (found: Element | undefined): Element[] => children(expectTag(found, tag.sequence))

/** Big-endian octets of an INTEGER that is not negative, without the sign octet. */
export const readUnsigned = (found: Element | undefined): Buffer => {
  const { contents } = expectTag(found, tag.integer)
  const [first, second] = contents
  if (first === undefined) throw malformed('empty integer')
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw malformed('integer not minimally-encoded')
  }
  if (first >= 0x80) throw malformed('negative integer')
  return first === 0 && contents.length > 1 ? contents.subarray(1) : contents
}

export const readSmallInteger = (found: Element | undefined): number => {
  const magnitude = readUnsigned(found)
  if (magnitude.length > 6) throw malformed('integer too large')
  return magnitude.readUIntBE(0, magnitude.length)
}

export const readBoolean = (found: Element | undefined): boolean => {
  const { contents } = expectTag(found, tag.boolean)
  // X.690 11.1: TRUE is all ones.
  if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff)) throw malformed('invalid boolean')
  return contents[0] === 0xff
}

/** The octets of a BIT STRING that holds whole octets. */
export const readBitString = (found: Element | undefined): Buffer => {
  const { contents } = expectTag(found, tag.bitString)
  if (contents[0] !== 0) throw malformed('invalid padding bits in BIT STRING')
  return contents.subarray(1)
}

/** The numbers of the bits that are set in a BIT STRING with named bits. */
export const readNamedBits = (found: Element | undefined): number[] => {
  const { contents } = expectTag(found, tag.bitString)
  const unused = contents[0] ?? 8
  // The longest of RFC 5280 has nine.
  if (contents.length > 5) throw malformed('too many bits in BIT STRING')
  if (unused > 7 || (unused > 0 && contents.length === 1)) throw malformed('invalid padding bits in BIT STRING')
  const bits: number[] = []
  for (let bit = 0; bit < (contents.length - 1) * 8 - unused; bit++) {
    if (((contents[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit)
  }
  return bits
}

/** Dotted form of an OBJECT IDENTIFIER. */
export const readOid = (found: Element | undefined): string => oidText(expectTag(found, tag.oid).contents)

/** 19 octets of seven bits hold the widest arc in use, one made of a UUID (X.667). Wider ones only cost time. */
const widestArc = 19

/** Dotted form of an OBJECT IDENTIFIER's contents. */
export const oidText = (contents: Buffer): string => {
  const arcs: (number | bigint)[] = []
  let begin = 0
  for (let at = 0; at < contents.length; at++) {
    if ((contents[at] ?? 0) >= 0x80) continue
    arcs.push(readArc(contents.subarray(begin, at + 1)))
    begin = at + 1
  }
  const [first, ...rest] = arcs
  if (first === undefined || begin !== contents.length) throw malformed('invalid object identifier')
  // X.690 8.19.4: the first two arcs share one number.
  const top = first < 80 ? Math.floor(Number(first) / 40) : 2
  return [top, typeof first === 'bigint' ? first - 80n : first - top * 40, ...rest].join('.')
}

const readArc = (octets: Buffer): number | bigint => {
  if (octets[0] === 0x80) throw malformed('integer is not minimally encoded')
  if (octets.length > widestArc) throw malformed('object identifier too large')
  // Seven times seven bits fit into a number.
  if (octets.length <= 7) return octets.reduce((arc, octet) => arc * 128 + (octet & 0x7f), 0)
  return octets.reduce((arc, octet) => (arc << 7n) | BigInt(octet & 0x7f), 0n)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })

/** The text of any string type that occurs in names. @throws invalid request for another type or a wrong character */
export const readString = (found: Element | undefined): string => {
  if (found === undefined) throw malformed('sequence truncated')
  const { contents } = found
  try {
    switch (found.tag) {
      case tag.utf8String:
        return utf8.decode(contents)
      case tag.printableString:
      case tag.ia5String:
      case tag.numericString:
        if (!isAscii(contents)) throw malformed('string contains a character outside its alphabet')
        return contents.toString('latin1')
      case tag.t61String:
        // T.61 as everybody writes and reads it: ISO 8859-1.
        return contents.toString('latin1')
      case tag.bmpString:
        return utf16.decode(contents)
    }
  } catch (error) {
    if (error instanceof TypeError) throw malformed('invalid character encoding in string')
    throw error
  }
  throw malformed(`unsupported string type 0x${found.tag.toString(16)}`)
}

/** Text of IA5 octets, as in the general names. */
export const readIa5 = (contents: Buffer): string => {
  if (!isAscii(contents)) throw malformed('string contains a character outside IA5String')
  return contents.toString('latin1')
}

/** UTCTime or GeneralizedTime in the forms RFC 5280 4.1.2.5 allows. */
export const readTime = (found: Element | undefined): Date => {
  const text = found?.contents.toString('latin1') ?? ''
  const match =
    found?.tag === tag.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : found?.tag === tag.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null
  if (!match) throw malformed('invalid time')
  const [, digits = '', ...rest] = match
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number)
  // RFC 5280 4.1.2.5.1: two digits from 50 on are 19xx.
  const year = digits.length === 4 ? Number(digits) : Number(digits) + (Number(digits) >= 50 ? 1900 : 2000)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  // A day such as February 30 becomes one of March: whatever is out of range changes the month, or is checked here.
  const inRange = date.getUTCMonth() === month - 1 && day >= 1 && hour < 24 && minute < 60 && second < 60
  if (!inRange) throw malformed('invalid time')
  return date
}
