/** Certificate revocation lists (RFC 5280 section 5.1): template → bytes to sign → CRL, and back. */
import { type SignatureAlgorithm, signatureAlgorithmIn } from './algorithms.ts'
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
  children,
  type Element,
  malformed,
  readBitString,
  readElement,
  readSequence,
  readSmallInteger,
  readTime,
  readUnsigned,
} from './der-reader.ts'
import { authorityKeyIdentifierIn, type ParsedExtension, parseExtensions, valueOf } from './extension-reader.ts'
import { nameText, parseName } from './name.ts'
import { extensionOids } from './oids.ts'

export interface RevokedEntry {
  /** Octets of a positive number. */
  readonly serial: Uint8Array
  readonly revokedAt: Date
}

export interface CrlTemplate {
  readonly signature: SignatureAlgorithm
  /** Name, DER: the issuer's subject as it is in its certificate. */
  readonly issuer: Uint8Array
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly entries: readonly RevokedEntry[]
  /** Whole Extensions, DER. RFC 5280 5.2 wants an authority key identifier and a CRL number. */
  readonly extensions: readonly Uint8Array[]
}

const version2 = integer(1)

/** Serial and date, without entry extensions, as Vault writes them. */
const encodeEntry = ({ serial, revokedAt }: RevokedEntry): Buffer => sequence(unsignedInteger(serial), time(revokedAt))

/** TBSCertList, DER: what the issuer signs. */
export const toBeSigned = (template: CrlTemplate): Buffer =>
  sequence(
    version2,
    template.signature.identifier,
    template.issuer,
    time(template.thisUpdate),
    time(template.nextUpdate),
    // RFC 5280 5.1.2.6: no revoked certificates, no list.
    ...(template.entries.length === 0 ? [] : [sequenceOf(template.entries.map(encodeEntry))]),
    explicit(0, sequenceOf(template.extensions)),
  )

/** The CRL, DER, from what `toBeSigned` made and its signature. */
export const assemble = (bytes: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Buffer =>
  sequence(bytes, algorithm.identifier, bitString(signature))

export interface ParsedCrl {
  readonly der: Buffer
  readonly tbs: Buffer
  readonly signatureAlgorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
  /** Name, DER. */
  readonly issuer: Buffer
  /** RFC 4514. */
  readonly issuerText: string
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
  readonly entries: readonly { readonly serial: Buffer; readonly revokedAt: Date }[]
  readonly extensions: readonly ParsedExtension[]
  readonly number: number | undefined
  readonly authorityKeyIdentifier: Buffer | undefined
}

const isTime = (found: Element | undefined): boolean => found?.tag === tag.utcTime || found?.tag === tag.generalizedTime

/** @throws invalid request when the bytes are no CRL */
export const parseCrl = (der: Buffer): ParsedCrl => {
  const [tbs, signatureAlgorithm, signature, extra] = readSequence(readElement(der))
  const fields = readSequence(tbs)
  // Version 1 leaves the version out.
  const [innerAlgorithm, issuer, thisUpdate, ...rest] = fields[0]?.tag === tag.integer ? fields.slice(1) : fields
  if (!tbs || !signatureAlgorithm || !innerAlgorithm || !issuer) throw malformed('sequence truncated')
  if (extra) throw malformed('trailing data')
  if (!signatureAlgorithm.raw.equals(innerAlgorithm.raw)) {
    throw malformed('inner and outer signature algorithm identifiers differ')
  }
  const revoked = rest.find((field) => field.tag === tag.sequence)
  const extensions = rest
    .filter((field) => field.tag === constructedContextTag(0))
    .flatMap(({ contents }) => parseExtensions(readElement(contents, tag.sequence)))
  const number = valueOf(extensions, extensionOids.crlNumber)
  return {
    der,
    tbs: tbs.raw,
    signatureAlgorithm: signatureAlgorithmIn(signatureAlgorithm),
    signature: readBitString(signature),
    issuer: issuer.raw,
    issuerText: nameText(parseName(issuer.raw)),
    thisUpdate: readTime(thisUpdate),
    nextUpdate: isTime(rest[0]) ? readTime(rest[0]) : undefined,
    entries: revoked
      ? children(revoked).map((entry) => {
          const [serial, revokedAt] = readSequence(entry)
          return { serial: readUnsigned(serial), revokedAt: readTime(revokedAt) }
        })
      : [],
    extensions,
    number: number && readSmallInteger(readElement(number)),
    authorityKeyIdentifier: authorityKeyIdentifierIn(extensions),
  }
}
