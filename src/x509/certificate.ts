/**
 * Certificates (RFC 5280 section 4.1): template → bytes to sign → certificate, and back. What was signed is never
 * encoded again.
 */
import { BasicConstraints, ExtendedKeyUsage, SubjectKeyIdentifier } from '@peculiar/asn1-x509'
import { type PublicKey, type SignatureAlgorithm, signatureAlgorithmIn } from './algorithms.ts'
import {
  bitString,
  constructedContextTag,
  explicit,
  integer,
  sequence,
  sequenceOf,
  tag,
  time,
  unsignedInteger,
} from './der.ts'
import {
  malformed,
  readBitString,
  readElement,
  readNamedBits,
  readSequence,
  readTime,
  readUnsigned,
} from './der-reader.ts'
import { authorityKeyIdentifierIn, type ParsedExtension, parseExtensions, readAs, valueOf } from './extension-reader.ts'
import { type KeyUsage, keyUsages } from './extensions.ts'
import { type GeneralName, parseGeneralNames } from './general-names.ts'
import { commonNameOf, nameText, parseName } from './name.ts'
import { extensionOids } from './oids.ts'
import { parsePublicKey } from './public-key.ts'

export interface CertificateTemplate {
  /** Octets of a positive number. */
  readonly serial: Uint8Array
  /** The issuer's algorithm: the same that `assemble` is given. */
  readonly signature: SignatureAlgorithm
  /** Name, DER: the issuer's subject as it is in its certificate, never another encoding of it (RFC 5280 4.1.2.4). */
  readonly issuer: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  /** Name, DER. */
  readonly subject: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** Whole Extensions, DER, in the order in which they are to stand. */
  readonly extensions: readonly Uint8Array[]
}

const version3 = explicit(0, integer(2))

/** TBSCertificate, DER: what the issuer signs. @throws invalid request for a date without four digits of year */
export const toBeSigned = (template: CertificateTemplate): Buffer =>
  sequence(
    version3,
    unsignedInteger(template.serial),
    template.signature.identifier,
    template.issuer,
    sequence(time(template.notBefore), time(template.notAfter)),
    template.subject,
    template.spki,
    ...(template.extensions.length === 0 ? [] : [explicit(3, sequenceOf(template.extensions))]),
  )

/** The certificate, DER, from what `toBeSigned` made and its signature. */
export const assemble = (bytes: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Buffer =>
  sequence(bytes, algorithm.identifier, bitString(signature))

export interface ParsedCertificate {
  readonly der: Buffer
  readonly tbs: Buffer
  /** `undefined` for an algorithm that we do not know. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
  /** Octets without a sign octet. */
  readonly serial: Buffer
  /** Name, DER. */
  readonly issuer: Buffer
  /** RFC 4514. */
  readonly issuerText: string
  readonly subject: Buffer
  readonly subjectText: string
  readonly commonName: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly spki: Buffer
  /** `undefined` for a key of an unknown kind. */
  readonly publicKey: PublicKey | undefined
  readonly extensions: readonly ParsedExtension[]
  readonly isCa: boolean
  /** `undefined`: no limit. */
  readonly pathLength: number | undefined
  /** `undefined`: no such extension, every usage is allowed. */
  readonly keyUsage: readonly KeyUsage[] | undefined
  /** Dotted OIDs. */
  readonly extKeyUsage: readonly string[]
  readonly sans: readonly GeneralName[]
  readonly subjectKeyIdentifier: Buffer | undefined
  readonly authorityKeyIdentifier: Buffer | undefined
}

/** @throws invalid request when the bytes are no certificate */
export const parseCertificate = (der: Buffer): ParsedCertificate => {
  const [tbs, signatureAlgorithm, signature, extra] = readSequence(readElement(der))
  const fields = readSequence(tbs)
  // Version 1 leaves the version out.
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...optional] =
    fields[0]?.tag === constructedContextTag(0) ? fields.slice(1) : fields
  if (!tbs || !signatureAlgorithm || !innerAlgorithm || !issuer || !subject || !spki) {
    throw malformed('sequence truncated')
  }
  if (extra) throw malformed('trailing data')
  // RFC 5280 4.1.1.2: both say the same, or the signature says nothing about the outer one.
  if (!signatureAlgorithm.raw.equals(innerAlgorithm.raw)) {
    throw malformed('inner and outer signature algorithm identifiers differ')
  }
  const [notBefore, notAfter] = readSequence(validity)
  const lists = optional.filter(({ tag: found }) => found === constructedContextTag(3))
  // Each would be free of duplicates, and one reader would see the first, another the last.
  if (lists.length > 1) throw malformed('duplicate extensions')
  const extensions = lists.flatMap(({ contents }) => parseExtensions(readElement(contents, tag.sequence)))

  const issuerName = parseName(issuer.raw)
  const subjectName = parseName(subject.raw)
  const constraints = readAs(BasicConstraints, valueOf(extensions, extensionOids.basicConstraints))
  const usage = valueOf(extensions, extensionOids.keyUsage)
  const names = valueOf(extensions, extensionOids.subjectAltName)
  const keyId = readAs(SubjectKeyIdentifier, valueOf(extensions, extensionOids.subjectKeyIdentifier))
  return {
    der,
    tbs: tbs.raw,
    signatureAlgorithm: signatureAlgorithmIn(signatureAlgorithm),
    signature: readBitString(signature),
    serial: readUnsigned(serial),
    issuer: issuer.raw,
    issuerText: nameText(issuerName),
    subject: subject.raw,
    subjectText: nameText(subjectName),
    commonName: commonNameOf(subjectName),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    spki: spki.raw,
    publicKey: parsePublicKey(spki.raw),
    extensions,
    isCa: constraints?.cA ?? false,
    pathLength: constraints?.pathLenConstraint,
    keyUsage:
      usage &&
      readNamedBits(readElement(usage)).flatMap((bit) => {
        const named = keyUsages[bit]
        return named === undefined ? [] : [named]
      }),
    extKeyUsage: [...(readAs(ExtendedKeyUsage, valueOf(extensions, extensionOids.extKeyUsage)) ?? [])],
    sans: names ? parseGeneralNames(names) : [],
    subjectKeyIdentifier: keyId && Buffer.from(keyId.buffer),
    authorityKeyIdentifier: authorityKeyIdentifierIn(extensions),
  }
}
