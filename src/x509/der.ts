/**
 * Writes DER (X.690). Every function returns one whole element; composing them builds the tree from the leaves up, so
 * that each length is known when its header is written. The hot path puts elements together that were encoded once.
 */
import { invalidRequest } from '../errors.ts'

/** Identifier octets (X.690 8.1.2), the constructed bit included where it is fixed. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** Context-specific and primitive: `[number] IMPLICIT` of a primitive type. */
export const contextTag = (number: number): number => 0x80 | number
/** Context-specific and constructed: `[number] EXPLICIT`, or `[number] IMPLICIT` of a SEQUENCE or SET. */
export const constructedContextTag = (number: number): number => 0xa0 | number

/** One element: identifier octet, shortest definite length, the parts one after the other. */
export const element = (identifier: number, parts: readonly Uint8Array[]): Buffer => {
  let length = 0
  for (const part of parts) length += part.length
  const lengthOctets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4
  const out = Buffer.allocUnsafe(2 + lengthOctets + length)
  out[0] = identifier
  if (lengthOctets === 0) {
    out[1] = length
  } else {
    out[1] = 0x80 | lengthOctets
    out.writeUIntBE(length, 2, lengthOctets)
  }
  let at = 2 + lengthOctets
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(tag.sequence, parts)

/** For lists that may be long: arguments of a call are limited, an array is not. */
export const sequenceOf = (parts: readonly Uint8Array[]): Buffer => element(tag.sequence, parts)

/** X.690 11.6: the elements of a SET OF stand in ascending order of their encodings. */
export const setOf = (parts: readonly Uint8Array[]): Buffer =>
  element(tag.set, parts.length < 2 ? parts : parts.toSorted(Buffer.compare))

/** `[number] EXPLICIT`. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]): Buffer =>
  element(constructedContextTag(number), parts)

export const octetString = (bytes: Uint8Array): Buffer => element(tag.octetString, [bytes])

const noUnusedBits = Buffer.of(0)

/** Whole octets: keys and signatures. */
export const bitString = (bytes: Uint8Array): Buffer => element(tag.bitString, [noUnusedBits, bytes])

/** A BIT STRING whose bits have names: trailing zero bits are left out (X.690 11.2.2). `bits` are the numbers of those set. */
export const namedBits = (bits: readonly number[]): Buffer => {
  if (bits.length === 0) return element(tag.bitString, [noUnusedBits])
  const last = Math.max(...bits)
  const out = Buffer.alloc(2 + (last >> 3))
  out[0] = 7 - (last & 7)
  for (const bit of bits) out[1 + (bit >> 3)] = (out[1 + (bit >> 3)] ?? 0) | (0x80 >> (bit & 7))
  return element(tag.bitString, [out])
}

export const boolean = (value: boolean): Buffer => Buffer.of(tag.boolean, 1, value ? 0xff : 0)

export const nullValue = Buffer.of(tag.null, 0)

const zero = Buffer.of(0)

/** INTEGER from the big-endian octets of a number that is not negative. Leading zero octets do not matter. */
export const unsignedInteger = (magnitude: Uint8Array): Buffer => {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const shortest = start === 0 ? magnitude : magnitude.subarray(start)
  if (shortest.length === 0) return element(tag.integer, [zero])
  // The leading bit is the sign (X.690 8.3.3): a number that has it set gets a zero octet in front.
  return (shortest[0] ?? 0) >= 0x80 ? element(tag.integer, [zero, shortest]) : element(tag.integer, [shortest])
}

/** INTEGER from a number that is not negative. */
export const integer = (value: number | bigint): Buffer => {
  if (typeof value === 'number' && value >= 0 && value < 0x80) return Buffer.of(tag.integer, 1, value)
  const hex = value.toString(16)
  return unsignedInteger(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

/**
 * Is it an object identifier in dotted form? X.660: the first arc is 0 to 2; below 0 and 1 the second is at most 39.
 * Arcs have up to 39 digits, which holds those made of a UUID (X.667): longer ones only cost time.
 */
export const isOid = (dotted: string): boolean =>
  /^(?:[01]\.(?:\d|[1-3]\d)|2\.(?:0|[1-9]\d{0,38}))(?:\.(?:0|[1-9]\d{0,38}))*$/.test(dotted)

const base128 = (arc: bigint): number[] => {
  const octets = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80)
  return octets
}

/** OBJECT IDENTIFIER from its dotted form. @throws invalid request */
export const oid = (dotted: string): Buffer => {
  if (!isOid(dotted)) throw invalidRequest(`${JSON.stringify(dotted)} is not an object identifier`)
  const [first = 0n, second = 0n, ...arcs] = dotted.split('.').map(BigInt)
  return element(tag.oid, [Buffer.from([first * 40n + second, ...arcs].flatMap(base128))])
}

export const utf8String = (text: string): Buffer => element(tag.utf8String, [Buffer.from(text, 'utf8')])

const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/

/** PrintableString when its alphabet has every character, else UTF8String: RFC 5280 4.1.2.4, and what Go does. */
export const directoryString = (text: string): Buffer =>
  printable.test(text) ? element(tag.printableString, [Buffer.from(text, 'latin1')]) : utf8String(text)

const ascii = /^[\0-\x7f]*$/

/** ASCII octets, for IA5String and what is one implicitly. @throws invalid request */
export const ia5 = (text: string): Buffer => {
  if (!ascii.test(text)) throw invalidRequest(`${JSON.stringify(text)} cannot be encoded as an IA5String`)
  return Buffer.from(text, 'latin1')
}

/**
 * UTCTime for the years 1950 to 2049, GeneralizedTime for others (RFC 5280 4.1.2.5); parts of a second are cut off.
 * @throws invalid request for a year that has no four digits
 */
export const time = (date: Date): Buffer => {
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw invalidRequest('cannot represent time as GeneralizedTime')
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, '')
  return year >= 1950 && year < 2050
    ? element(tag.utcTime, [Buffer.from(digits.slice(2), 'latin1')])
    : element(tag.generalizedTime, [Buffer.from(digits, 'latin1')])
}
