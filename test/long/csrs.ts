/**
 * Requests for certificates: those of `test/oracle` damaged, and new ones that say anything at all but are signed
 * rightly, so that what they say is looked at.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { mutate } from './mutate.ts'
import type { Random } from './random.ts'
import { hostileText } from './values.ts'
import csrTexts from '../oracle/csrs.json' with { type: 'json' }
import { bitString, element, explicit, octetString, oid, sequence, tag } from '../../src/x509/der.ts'
import { decodePem, encodePem } from '../../src/x509/pem.ts'

const seeds: readonly Buffer[] = Object.values(csrTexts).flatMap((pem) => decodePem(pem).map(({ der }) => der))

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = publicKey.export({ type: 'spki', format: 'der' })
const tagged = (identifier: number, ...parts: readonly Buffer[]): Buffer => element(identifier, parts)
/** Not sorted: DER would. */
const set = (...parts: readonly Buffer[]): Buffer => element(tag.set, parts)

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

const attributes = ['2.5.4.3', '2.5.4.5', '2.5.4.10', '2.5.4.11', '0.9.2342.19200300.100.1.1', '2.5.4.6', '1.2.3.4']
/** UTF8String, PrintableString, IA5String, T61String, BMPString, and some that are none. */
const stringTags = [0x0c, 0x13, 0x16, 0x14, 0x1e, 0x1c, 0x04, 0x05, 0x30]

const names = ['a.fuzz.example.com', 'fuzz.example.com', '*.fuzz.example.com', 'evil.org', 'A.FUZZ.example.com']

const anyText = (random: Random): string => (random.chance(0.7) ? random.pick(names) : hostileText(random))

const anyString = (random: Random): Buffer =>
  tagged(random.chance(0.8) ? tag.utf8String : random.pick(stringTags), Buffer.from(anyText(random), 'utf8'))

const anySubject = (random: Random): Buffer =>
  sequence(
    ...Array.from({ length: random.int(4) }, (_, index) =>
      set(
        ...Array.from({ length: random.chance(0.9) ? 1 : random.int(3) }, () =>
          sequence(oid(index === 0 ? '2.5.4.3' : random.pick(attributes)), anyString(random)),
        ),
      ),
    ),
  )

/** GeneralName, kind by kind, sometimes with the octets of another. */
const anyGeneralName = (random: Random): Buffer => {
  const kind = random.int(9)
  const ascii = (): Buffer => Buffer.from(anyText(random), 'utf8')
  switch (kind) {
    case 0:
      return tagged(0xa0, oid('1.3.6.1.4.1.311.20.2.3'), explicit(0, anyString(random)))
    case 4:
      return tagged(0xa4, anySubject(random))
    case 7:
      return tagged(0x87, random.bytes(random.pick([4, 16, 4, 16, 0, 3, 8, 32])))
    default:
      return tagged(0x80 + kind, ascii())
  }
}

const extensionKinds: readonly (readonly [id: string, value: (random: Random) => Buffer])[] = [
  ['2.5.29.17', (random) => sequence(...Array.from({ length: random.int(5) }, () => anyGeneralName(random)))],
  // BasicConstraints CA:TRUE, with and without a path length.
  ['2.5.29.19', () => sequence(Buffer.from([1, 1, 0xff]))],
  ['2.5.29.19', () => sequence(Buffer.from([1, 1, 0xff]), Buffer.from([2, 1, 0]))],
  // keyCertSign and cRLSign.
  ['2.5.29.15', () => Buffer.from([3, 2, 1, 6])],
  ['2.5.29.37', (random) => sequence(oid(random.pick(['2.5.29.37.0', '1.3.6.1.5.5.7.3.3'])))],
  ['2.5.29.14', (random) => octetString(random.bytes(20))],
  ['2.5.29.35', (random) => sequence(tagged(0x80, random.bytes(20)))],
  ['2.5.29.30', () => sequence()],
  ['2.5.29.32', () => sequence(sequence(oid('2.5.29.32.0')))],
  ['1.2.3.4', (random) => random.bytes(random.int(20))],
]

const anyExtension = (random: Random): Buffer => {
  const [id, value] = random.pick(extensionKinds)
  const critical = random.pick([[], [Buffer.from([1, 1, 0xff])], [Buffer.from([1, 1, 0])]])
  return sequence(oid(id), ...critical, octetString(value(random)))
}

const anyAttributes = (random: Random): Buffer => {
  const extensions = sequence(...Array.from({ length: random.int(5) }, () => anyExtension(random)))
  const request = sequence(oid('1.2.840.113549.1.9.14'), set(extensions))
  const challenge = sequence(oid('1.2.840.113549.1.9.7'), set(anyString(random)))
  return tagged(0xa0, ...random.pick([[], [request], [request], [request], [request, challenge], [request, request]]))
}

const signed = (info: Buffer): Buffer => sequence(info, ecdsaWithSha256, bitString(sign('sha256', info, privateKey)))

const version = Buffer.from([2, 1, 0])

const madeUp = (random: Random): Buffer => sequence(version, anySubject(random), spki, anyAttributes(random))

/** PEM, mostly. */
export const anyCsr = (random: Random): string => {
  const kind = random.int(10)
  const seed = random.pick(seeds)
  const der =
    kind < 3
      ? mutate(seed, random, random.pick(seeds))
      : kind < 5
        ? signed(mutate(madeUp(random), random, seed))
        : kind < 6
          ? seed
          : signed(madeUp(random))
  const pem = encodePem(random.chance(0.95) ? 'CERTIFICATE REQUEST' : 'ANYTHING', der)
  return random.chance(0.95) ? pem : mutate(Buffer.from(pem), random, Buffer.from('-----BEGIN')).toString('latin1')
}
