/**
 * Certificate signing requests (RFC 2986), as clients send them. Reading one proves nothing: that the sender has the
 * private key is known only once `verifyCsr` has checked the signature, and only that function makes a `VerifiedCsr`.
 */
import { BasicConstraints } from '@peculiar/asn1-x509'
import { createPublicKey, type KeyObject, verify, type VerifyKeyObjectInput } from 'node:crypto'
import { ChanceryError, invalidRequest } from '../errors.ts'
import { type PublicKey, type SignatureAlgorithm, signatureAlgorithmIn } from './algorithms.ts'
import { constructedContextTag, tag } from './der.ts'
import {
  children,
  type Element,
  expectTag,
  malformed,
  readBitString,
  readElement,
  readOid,
  readSequence,
} from './der-reader.ts'
import { type ParsedExtension, parseExtensions, readAs, valueOf } from './extension-reader.ts'
import { type GeneralName, parseGeneralNames } from './general-names.ts'
import { commonNameOf, type NameAttribute, parseName, valuesOf } from './name.ts'
import { attributeOids, extensionOids, extensionRequestOid } from './oids.ts'
import { decodePem } from './pem.ts'
import { parsePublicKey } from './public-key.ts'

export interface ParsedCsr {
  readonly der: Buffer
  /** Name, DER. */
  readonly subject: Buffer
  readonly subjectAttributes: readonly (readonly NameAttribute[])[]
  /** `''` when the subject has none. */
  readonly commonName: string
  /** The subject's serialNumber attribute, `''` when it has none. */
  readonly serialNumber: string
  readonly userIds: readonly string[]
  readonly publicKey: PublicKey
  readonly sans: readonly GeneralName[]
  /** Everything that the CSR asks for. */
  readonly extensions: readonly ParsedExtension[]
  readonly hasBasicConstraints: boolean
  /** Does it ask for a certificate of a CA? */
  readonly asksForCa: boolean
  /** Dotted OIDs of its attributes (RFC 2986 4.1) besides the request for extensions. */
  readonly otherAttributes: readonly string[]
}

declare const verified: unique symbol

/** A CSR whose signature its own key has made. */
export type VerifiedCsr = ParsedCsr & { readonly [verified]: true }

/** What checking the signature needs. */
interface Proof {
  readonly key: KeyObject
  readonly signed: Buffer
  readonly algorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
}

/** Beside the CSR and not in it, so that nobody builds a CSR with a proof of his own. */
const proofs = new WeakMap<ParsedCsr, Proof>()

/** The key as OpenSSL reads it, which refuses a point that is not on its curve. */
const loadPublicKey = (spki: Buffer): KeyObject => {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch {
    throw malformed('invalid public key')
  }
}

interface Attribute {
  readonly oid: string
  readonly values: readonly Element[]
}

/** RFC 2986 wants the attributes even when there are none; some clients leave them out. */
const readAttributes = (attributes: Element | undefined): Attribute[] =>
  attributes === undefined
    ? []
    : children(expectTag(attributes, constructedContextTag(0))).map((attribute) => {
        const [type, values] = readSequence(attribute)
        return { oid: readOid(type), values: children(expectTag(values, tag.set)) }
      })

const requestedExtensions = (attributes: readonly Attribute[]): ParsedExtension[] => {
  const requests = attributes.flatMap(({ oid, values }) => (oid === extensionRequestOid ? values : []))
  // RFC 2985 5.4.2: single-valued. Two would let two readers see two different requests.
  if (requests.length > 1) throw malformed('more than one extension request')
  return requests.flatMap(parseExtensions)
}

const parse = (der: Buffer): ParsedCsr => {
  const [info, signatureAlgorithm, signature, extra] = readSequence(readElement(der, tag.sequence))
  const [version, subject, spki, attributes] = readSequence(info)
  expectTag(version, tag.integer)
  if (!info || !signatureAlgorithm || !subject || !spki) throw malformed('sequence truncated')
  if (extra) throw malformed('trailing data')
  const subjectAttributes = parseName(subject.raw)
  const publicKey = parsePublicKey(spki.raw)
  if (!publicKey) {
    throw invalidRequest(
      'Refusing to sign CSR with empty PublicKey. This usually means the SubjectPublicKeyInfo field has an OID not recognized by Go, such as 1.2.840.113549.1.1.10 for rsaPSS.',
    )
  }
  const read = readAttributes(attributes)
  const extensions = requestedExtensions(read)
  const constraints = valueOf(extensions, extensionOids.basicConstraints)
  const names = valueOf(extensions, extensionOids.subjectAltName)
  const csr: ParsedCsr = {
    der,
    subject: subject.raw,
    subjectAttributes,
    commonName: commonNameOf(subjectAttributes),
    serialNumber: valuesOf(subjectAttributes, attributeOids.serialNumber).at(-1) ?? '',
    userIds: valuesOf(subjectAttributes, attributeOids.userId),
    publicKey,
    sans: names ? parseGeneralNames(names) : [],
    extensions,
    hasBasicConstraints: constraints !== undefined,
    asksForCa: readAs(BasicConstraints, constraints)?.cA ?? false,
    otherAttributes: read.map(({ oid }) => oid).filter((oid) => oid !== extensionRequestOid),
  }
  proofs.set(csr, {
    key: loadPublicKey(spki.raw),
    signed: info.raw,
    algorithm: signatureAlgorithmIn(signatureAlgorithm),
    signature: readBitString(signature),
  })
  return csr
}

/**
 * Reads the first PEM block, whatever its label says: Vault looks at the contents only.
 * @throws invalid request in Vault's words
 */
export const parseCsr = (pem: string): ParsedCsr => {
  if (pem === '') throw invalidRequest('"csr" is empty')
  const [block] = decodePem(pem)
  if (!block) throw invalidRequest('csr contains no data')
  try {
    return parse(block.der)
  } catch (error) {
    if (error instanceof ChanceryError && error.message.startsWith('asn1: ')) {
      throw invalidRequest(`certificate request could not be parsed: ${error.message}`)
    }
    throw error
  }
}

const isSignedByItsKey = ({ key, signed, algorithm, signature }: Proof, type: PublicKey['type']): boolean => {
  if (!algorithm || algorithm.keyType !== type) return false
  const input: VerifyKeyObjectInput = { key }
  if (algorithm.padding !== undefined) input.padding = algorithm.padding
  if (algorithm.saltLength !== undefined) input.saltLength = algorithm.saltLength
  try {
    return verify(algorithm.digest, signed, input, signature)
  } catch {
    // OpenSSL throws where the key and the scheme do not fit, such as a modulus too short for the hash.
    return false
  }
}

/** Checks the CSR's signature with its own key. @throws invalid request when it is another's, or of an unknown kind */
export const verifyCsr = (csr: ParsedCsr): VerifiedCsr => {
  const proof = proofs.get(csr)
  if (!proof || !isSignedByItsKey(proof, csr.publicKey.type)) throw invalidRequest('request signature invalid')
  return csr as VerifiedCsr
}
