/** Reads public keys, strictly: a certificate carries the bytes that are read here. */
import { curves, type PublicKey, rsaKeyIdentifier } from './algorithms.ts'
import { malformed, readBitString, readElement, readOid, readSequence, readUnsigned } from './der-reader.ts'
import { curveOids, keyOids } from './oids.ts'

const startsWith = (bytes: Buffer, prefix: Buffer): boolean =>
  bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0

const bitLength = (magnitude: Buffer): number => magnitude.length * 8 - Math.clz32(magnitude[0] ?? 0) + 24

const isEven = (magnitude: Buffer): boolean => ((magnitude.at(-1) ?? 0) & 1) === 0

/** In bits. OpenSSL checks no signature of a longer one, and what it costs grows with the square. */
const largestModulus = 16_384

const readRsaKey = (spki: Buffer, subjectPublicKey: Buffer): PublicKey => {
  const [modulus, exponent, extra] = readSequence(readElement(subjectPublicKey))
  if (extra) throw malformed('trailing data after RSA public key')
  const product = readUnsigned(modulus)
  const bits = bitLength(product)
  if (bits > largestModulus) throw malformed('RSA modulus is too large')
  if (isEven(product)) throw malformed('RSA modulus is even')
  // Go keeps exponents in an int and refuses those over 31 bits; a long one makes checking signatures slow.
  const octets = readUnsigned(exponent)
  const value = octets.length > 4 ? Infinity : octets.readUIntBE(0, octets.length)
  if (value > 0x7fff_ffff) throw malformed('RSA public exponent is too large')
  // RFC 8017 3.1: odd and at least 3. With 1 a message is its own signature, and a CSR proves nothing.
  if (value < 3 || value % 2 === 0) throw malformed('RSA public exponent is too small or even')
  return { type: 'rsa', bits, spki }
}

/**
 * What key a SubjectPublicKeyInfo holds; `undefined` for an algorithm that we do not know (RSASSA-PSS keys among them).
 * That a point lies on its curve is not looked at here.
 * @throws invalid request for malformed DER or a curve that we do not know
 */
export const parsePublicKey = (spki: Buffer): PublicKey | undefined => {
  for (const row of curves.values()) {
    const pointAt = row.spkiPrefix.length
    // 4: uncompressed. OpenSSL also reads the hybrid forms of X9.62, which RFC 5480 2.2 leaves out.
    if (spki.length === pointAt + 1 + 2 * row.octets && spki[pointAt] === 4 && startsWith(spki, row.spkiPrefix)) {
      return { type: 'ec', bits: row.bits, spki }
    }
  }
  const [algorithm, subjectPublicKey, extra] = readSequence(readElement(spki))
  if (extra) throw malformed('trailing data after public key')
  const [type, parameters] = readSequence(algorithm)
  const bytes = readBitString(subjectPublicKey)
  switch (readOid(type)) {
    case keyOids.rsaEncryption:
      if (!algorithm?.raw.equals(rsaKeyIdentifier)) throw malformed('RSA key missing NULL parameters')
      return readRsaKey(spki, bytes)
    case keyOids.ecPublicKey:
      // Known curves went by above, unless the point has another form or length.
      throw Object.values<string>(curveOids).includes(readOid(parameters))
        ? malformed('failed to unmarshal elliptic curve point')
        : malformed('unsupported elliptic curve')
    case keyOids.ed25519:
      if (bytes.length !== 32 || parameters) throw malformed('wrong Ed25519 public key')
      return { type: 'ed25519', bits: 0, spki }
    default:
      return undefined
  }
}
