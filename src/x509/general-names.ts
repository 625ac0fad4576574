/** GeneralName (RFC 5280 4.2.1.6): the names in a subjectAltName, and the URLs in other extensions. */
import { invalidRequest } from '../errors.ts'
import { constructedContextTag, contextTag, element, explicit, ia5, oid, sequenceOf, tag, utf8String } from './der.ts'
import { children, type Element, malformed, readElement, readIa5, readOid, readString } from './der-reader.ts'
import { formatIp, parseIp } from './ip-address.ts'
import { nameText, parseName } from './name.ts'

export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly value: string }
  /** `value` is the textual address. */
  | { readonly kind: 'ip'; readonly value: string }
  /** An otherName with a UTF8String, the one type that Vault knows. */
  | { readonly kind: 'other'; readonly oid: string; readonly value: string }
  /** `der` is a Name. */
  | { readonly kind: 'directory'; readonly der: Buffer }
  /** Anything else, kept as it came. */
  | { readonly kind: 'unknown'; readonly der: Buffer }

const identifiers = {
  other: constructedContextTag(0),
  email: contextTag(1),
  dns: contextTag(2),
  directory: constructedContextTag(4),
  uri: contextTag(6),
  ip: contextTag(7),
} as const

/** @throws invalid request for a value that has no encoding (an address that is none, a DNS name beyond ASCII) */
export const encodeGeneralName = (name: GeneralName): Buffer => {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      return element(identifiers[name.kind], [ia5(name.value)])
    case 'ip': {
      const octets = parseIp(name.value)
      if (!octets) throw invalidRequest(`the value ${JSON.stringify(name.value)} is not a valid IP address`)
      return element(identifiers.ip, [octets])
    }
    case 'other':
      return element(identifiers.other, [oid(name.oid), explicit(0, utf8String(name.value))])
    case 'directory':
      // [4] is EXPLICIT in an IMPLICIT module: Name is a CHOICE (X.680 31.2.7).
      return element(identifiers.directory, [name.der])
    case 'unknown':
      return name.der
  }
}

/** Contents of a subjectAltName: the names in the order given. */
export const encodeGeneralNames = (names: readonly GeneralName[]): Buffer => sequenceOf(names.map(encodeGeneralName))

/** Whoever reads such a name in C sees another one, which ends at the NUL. No name has any use for it. */
const refuseNul = (text: string): string => {
  if (text.includes('\0')) throw malformed('string contains NUL')
  return text
}

const readOtherName = (found: Element): GeneralName => {
  const [type, wrapped] = children(found)
  const id = readOid(type)
  if (wrapped?.tag !== constructedContextTag(0)) throw malformed('malformed otherName')
  const value = readElement(wrapped.contents)
  return value.tag === tag.utf8String
    ? { kind: 'other', oid: id, value: refuseNul(readString(value)) }
    : { kind: 'unknown', der: found.raw }
}

const readGeneralName = (found: Element): GeneralName => {
  switch (found.tag) {
    case identifiers.dns:
      return { kind: 'dns', value: refuseNul(readIa5(found.contents)) }
    case identifiers.email:
      return { kind: 'email', value: refuseNul(readIa5(found.contents)) }
    case identifiers.uri:
      return { kind: 'uri', value: refuseNul(readIa5(found.contents)) }
    case identifiers.ip: {
      const value = formatIp(found.contents)
      if (value === undefined) throw malformed(`cannot parse IP address of length ${found.contents.length}`)
      return { kind: 'ip', value }
    }
    case identifiers.other:
      return readOtherName(found)
    case identifiers.directory:
      parseName(found.contents)
      return { kind: 'directory', der: found.contents }
    default:
      return { kind: 'unknown', der: found.raw }
  }
}

/** @throws invalid request */
export const parseGeneralNames = (der: Buffer): GeneralName[] =>
  children(readElement(der, tag.sequence)).map(readGeneralName)

/** `DNS:a.example`, `IP:10.0.0.1`, …: how the inventory and the logs show a name. */
export const generalNameText = (name: GeneralName): string => {
  switch (name.kind) {
    case 'dns':
      return `DNS:${name.value}`
    case 'email':
      return `email:${name.value}`
    case 'uri':
      return `URI:${name.value}`
    case 'ip':
      return `IP:${name.value}`
    case 'other':
      return `other:${name.oid};UTF8:${name.value}`
    case 'directory':
      return `DirName:${nameText(parseName(name.der))}`
    case 'unknown':
      return `unknown:#${name.der.toString('hex')}`
  }
}
