/** Extensions as they stand in certificates, CSRs and CRLs. */
import { AsnConvert } from '@peculiar/asn1-schema'
import { AuthorityKeyIdentifier } from '@peculiar/asn1-x509'
import { tag } from './der.ts'
import {
  children,
  type Element,
  expectTag,
  malformed,
  readBoolean,
  readElement,
  readOid,
  readSequence,
} from './der-reader.ts'
import { extensionOids } from './oids.ts'

export interface ParsedExtension {
  /** Dotted. */
  readonly oid: string
  readonly critical: boolean
  /** DER of the value, without the OCTET STRING around it. */
  readonly value: Buffer
  /** The whole Extension, DER. */
  readonly der: Buffer
}

export const parseExtension = (found: Element): ParsedExtension => {
  const parts = readSequence(found)
  const critical = parts.length === 3
  const value = expectTag(parts[critical ? 2 : 1], tag.octetString).contents
  if (parts.length > 3) throw malformed('trailing data in extension')
  return { oid: readOid(parts[0]), critical: critical && readBoolean(parts[1]), value, der: found.raw }
}

/** @throws invalid request when one is malformed or stands there twice (RFC 5280 4.2) */
export const parseExtensions = (list: Element): ParsedExtension[] => {
  const extensions = children(expectTag(list, tag.sequence)).map(parseExtension)
  if (new Set(extensions.map(({ oid }) => oid)).size !== extensions.length) throw malformed('duplicate extension')
  return extensions
}

/** Of whole Extensions, DER, as a template has them. */
export const parseExtensionList = (extensions: readonly Buffer[]): ParsedExtension[] =>
  extensions.map((der) => parseExtension(readElement(der)))

/** The value of the one with this OID. */
export const valueOf = (extensions: readonly ParsedExtension[], oid: string): Buffer | undefined =>
  extensions.find((extension) => extension.oid === oid)?.value

/** A value as one of the library's types: off the hot path, and for what nobody needs as bytes. @throws invalid request */
export const readAs = <T>(type: new () => T, value: Buffer | undefined): T | undefined => {
  if (value === undefined) return undefined
  try {
    return AsnConvert.parse(value, type)
  } catch {
    throw malformed(`invalid ${type.name} extension`)
  }
}

/** The key identifier of an authorityKeyIdentifier extension, where it has one. */
export const authorityKeyIdentifierIn = (extensions: readonly ParsedExtension[]): Buffer | undefined => {
  const found = readAs(AuthorityKeyIdentifier, valueOf(extensions, extensionOids.authorityKeyIdentifier))
  return found?.keyIdentifier && Buffer.from(found.keyIdentifier.buffer)
}
