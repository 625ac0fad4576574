/** Damages bytes the way that parsers fear: flipped bits, wrong lengths, cut ends, parts twice or of another. */
import type { Random } from './random.ts'

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer

const part = (bytes: Buffer, random: Random): Buffer => {
  const from = random.int(bytes.length)
  return bytes.subarray(from, from + 1 + random.int(Math.min(40, bytes.length - from)))
}

const inserted = (bytes: Buffer, at: number, more: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])

const replaced = (bytes: Buffer, at: number, octet: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at] = octet
  return copy
}

/** Tags, lengths and values at the ends of their ranges. */
const awkward = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff,
]

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    const at = random.int(bytes.length)
    return replaced(bytes, at, (bytes[at] ?? 0) ^ (1 << random.int(8)))
  },
  (bytes, random) => replaced(bytes, random.int(bytes.length), random.pick(awkward)),
  (bytes, random) => replaced(bytes, random.int(bytes.length), random.int(256)),
  (bytes, random) => bytes.subarray(0, random.int(bytes.length)),
  (bytes, random) => inserted(bytes, random.int(bytes.length), random.bytes(1 + random.int(8))),
  (bytes, random) => inserted(bytes, random.int(bytes.length), part(bytes, random)),
  (bytes, random, other) => inserted(bytes, random.int(bytes.length), part(other, random)),
  (bytes, random) => {
    const from = random.int(bytes.length)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random.int(8))])
  },
]

/** One to three of them, one after the other. */
export const mutate = (bytes: Buffer, random: Random, other: Buffer): Buffer => {
  let mutated = bytes
  for (let left = 1 + random.int(3); left > 0 && mutated.length > 0; left--) {
    mutated = random.pick(mutations)(mutated, random, other.length > 0 ? other : bytes)
  }
  return mutated
}
