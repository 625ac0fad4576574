/**
 * Signature and key algorithms as rows. A row is looked up once, by the name in a request or by the identifier in a
 * certificate; below that point nobody asks which algorithm it is.
 */
import { constants } from 'node:crypto'
import { bitString, explicit, integer, nullValue, oid, sequence } from './der.ts'
import { type Element, readElement, readSequence } from './der-reader.ts'
import { curveOids, hashOids, keyOids, signatureOids } from './oids.ts'

export type KeyType = 'rsa' | 'ec' | 'ed25519'

export interface PublicKey {
  readonly type: KeyType
  /** The modulus of an RSA key, the field of a curve; 0 for Ed25519, which has one size (Vault says 0 as well). */
  readonly bits: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer
}

export interface SignatureAlgorithm {
  /** As Vault prints it. */
  readonly name: string
  /** The keys it works with. */
  readonly keyType: KeyType
  /** AlgorithmIdentifier, DER. */
  readonly identifier: Buffer
  /** OpenSSL's name of the hash, `null` where the scheme has its own. */
  readonly digest: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null
  /** RSA only: one of node:crypto's `RSA_…_PADDING`. */
  readonly padding?: number
  /** RSASSA-PSS only, in octets. */
  readonly saltLength?: number
}

const rsa = (name: string, digest: SignatureAlgorithm['digest'], dotted: string): SignatureAlgorithm => ({
  name,
  keyType: 'rsa',
  // RFC 4055 section 5: the parameters are NULL, not absent.
  identifier: sequence(oid(dotted), nullValue),
  digest,
  padding: constants.RSA_PKCS1_PADDING,
})

const pssIdentifier = (hash: Buffer, saltLength: number): Buffer =>
  sequence(
    oid(signatureOids.rsassaPss),
    sequence(explicit(0, hash), explicit(1, sequence(oid(signatureOids.mgf1), hash)), explicit(2, integer(saltLength))),
  )

/** RFC 4055 section 3.1: hash, mask generation with the same hash, a salt as long as the hash. */
const pss = (name: string, digest: keyof typeof hashOids, saltLength: number): SignatureAlgorithm => ({
  name,
  keyType: 'rsa',
  identifier: pssIdentifier(sequence(oid(hashOids[digest]), nullValue), saltLength),
  digest,
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength,
})

/** RFC 5758 section 3.2: no parameters. */
const ecdsa = (name: string, digest: SignatureAlgorithm['digest'], dotted: string): SignatureAlgorithm => ({
  name,
  keyType: 'ec',
  identifier: sequence(oid(dotted)),
  digest,
})

/** Everything that we sign with. */
export const signatureAlgorithms = {
  SHA256WithRSA: rsa('SHA256WithRSA', 'sha256', signatureOids.sha256WithRsa),
  SHA384WithRSA: rsa('SHA384WithRSA', 'sha384', signatureOids.sha384WithRsa),
  SHA512WithRSA: rsa('SHA512WithRSA', 'sha512', signatureOids.sha512WithRsa),
  SHA256WithRSAPSS: pss('SHA256WithRSAPSS', 'sha256', 32),
  SHA384WithRSAPSS: pss('SHA384WithRSAPSS', 'sha384', 48),
  SHA512WithRSAPSS: pss('SHA512WithRSAPSS', 'sha512', 64),
  ECDSAWithSHA256: ecdsa('ECDSAWithSHA256', 'sha256', signatureOids.ecdsaWithSha256),
  ECDSAWithSHA384: ecdsa('ECDSAWithSHA384', 'sha384', signatureOids.ecdsaWithSha384),
  ECDSAWithSHA512: ecdsa('ECDSAWithSHA512', 'sha512', signatureOids.ecdsaWithSha512),
  Ed25519: { name: 'Ed25519', keyType: 'ed25519', identifier: sequence(oid(signatureOids.ed25519)), digest: null },
} as const satisfies Record<string, SignatureAlgorithm>

/** SHA-1 proves that whoever sent a CSR has its key, and Vault takes it there. Nothing of ours is signed with it. */
const onlyVerified: readonly SignatureAlgorithm[] = [
  rsa('SHA1WithRSA', 'sha1', signatureOids.sha1WithRsa),
  ecdsa('ECDSAWithSHA1', 'sha1', signatureOids.ecdsaWithSha1),
]

const rows: readonly SignatureAlgorithm[] = [...Object.values(signatureAlgorithms), ...onlyVerified]

const byName = new Map<string, SignatureAlgorithm>([
  ...Object.values(signatureAlgorithms).map((row) => [row.name.toLowerCase(), row] as const),
  ['pureed25519', signatureAlgorithms.Ed25519],
])

/** Vault's name in any case. */
export const signatureAlgorithmNamed = (name: string): SignatureAlgorithm | undefined => byName.get(name.toLowerCase())

const isPss = (row: SignatureAlgorithm): boolean => row.padding === constants.RSA_PKCS1_PSS_PADDING

/**
 * Every encoding by which a row goes. RFC 4055 2.1: a hash in PSS parameters may have NULL parameters of its own or none;
 * the other schemes are as often seen with one as with the other. RFC 8410 section 3: Ed25519 has none.
 */
const identifiersOf = (row: SignatureAlgorithm): Buffer[] => {
  if (row.keyType === 'ed25519') return [row.identifier]
  if (row.saltLength !== undefined) {
    return [row.identifier, pssIdentifier(sequence(oid(hashOids[row.digest as keyof typeof hashOids])), row.saltLength)]
  }
  const [type] = readSequence(readElement(row.identifier))
  return type ? [sequence(type.raw), sequence(type.raw, nullValue)] : []
}

const byIdentifier = new Map(
  rows.flatMap((row) => identifiersOf(row).map((der) => [der.toString('latin1'), row] as const)),
)

/** The row of an AlgorithmIdentifier, `undefined` for one that we do not know. */
export const signatureAlgorithmIn = (identifier: Element): SignatureAlgorithm | undefined =>
  byIdentifier.get(identifier.raw.toString('latin1'))

export interface Curve {
  readonly bits: number
  /** OpenSSL's name. */
  readonly name: keyof typeof curveOids
  /** Octets of a private key and of each coordinate. */
  readonly octets: number
  /** SubjectPublicKeyInfo up to the uncompressed point, which begins with 4. */
  readonly spkiPrefix: Buffer
  readonly defaultSignature: SignatureAlgorithm
}

const curve = (bits: number, name: keyof typeof curveOids, defaultSignature: SignatureAlgorithm): Curve => {
  const octets = Math.ceil(bits / 8)
  const point = Buffer.alloc(1 + 2 * octets)
  const spki = sequence(sequence(oid(keyOids.ecPublicKey), oid(curveOids[name])), bitString(point))
  return { bits, name, octets, spkiPrefix: spki.subarray(0, -point.length), defaultSignature }
}

/** By `key_bits`. The hash is at least as long as the order (RFC 5480 section 4). */
export const curves: ReadonlyMap<number, Curve> = new Map(
  [
    curve(224, 'secp224r1', signatureAlgorithms.ECDSAWithSHA256),
    curve(256, 'prime256v1', signatureAlgorithms.ECDSAWithSHA256),
    curve(384, 'secp384r1', signatureAlgorithms.ECDSAWithSHA384),
    curve(521, 'secp521r1', signatureAlgorithms.ECDSAWithSHA512),
  ].map((row) => [row.bits, row]),
)

/** AlgorithmIdentifier of RSA keys (RFC 3279 2.3.1). */
export const rsaKeyIdentifier = sequence(oid(keyOids.rsaEncryption), nullValue)

/** What a key signs with when nobody asks for anything else. */
export const defaultSignature = (publicKey: PublicKey): SignatureAlgorithm => {
  switch (publicKey.type) {
    case 'rsa':
      return signatureAlgorithms.SHA256WithRSA
    case 'ec':
      return curves.get(publicKey.bits)?.defaultSignature ?? signatureAlgorithms.ECDSAWithSHA256
    case 'ed25519':
      return signatureAlgorithms.Ed25519
  }
}

/**
 * What an issuer's key signs with when a role says how many bits the hash has and whether RSA is to use PSS.
 * @param signatureBits 256, 384 or 512; anything else leaves the choice to the key
 */
export const chooseSignature = (
  publicKey: PublicKey,
  { signatureBits, usePss }: { signatureBits: number; usePss: boolean },
): SignatureAlgorithm => {
  // A curve brings its own hash; RSA has none, and PSS without a hash asked for is SHA-256 as well.
  const digest = publicKey.type === 'rsa' && signatureBits === 0 ? 'sha256' : `sha${signatureBits}`
  return (
    Object.values<SignatureAlgorithm>(signatureAlgorithms).find(
      (row) =>
        row.keyType === publicKey.type && row.digest === digest && isPss(row) === (usePss && publicKey.type === 'rsa'),
    ) ?? defaultSignature(publicKey)
  )
}
