/** Distinguished names: the subject that a role describes as DER, and DER as attributes and as text. */
import { directoryString, oid, sequence, sequenceOf, setOf, tag } from './der.ts'
import { children, expectTag, malformed, readElement, readOid, readSequence, readString } from './der-reader.ts'
import { attributeOids } from './oids.ts'

/** What a certificate's subject may hold, by what it means. Absent, empty and `''` are the same. */
export interface Name {
  readonly country?: readonly string[]
  readonly organization?: readonly string[]
  readonly organizationalUnit?: readonly string[]
  readonly locality?: readonly string[]
  readonly province?: readonly string[]
  readonly streetAddress?: readonly string[]
  readonly postalCode?: readonly string[]
  readonly commonName?: string
  readonly serialNumber?: string
  readonly userIds?: readonly string[]
}

export interface NameAttribute {
  /** Dotted. */
  readonly oid: string
  readonly value: string
}

const encodedOids = new Map(Object.values(attributeOids).map((dotted) => [dotted as string, oid(dotted)]))

const attribute = (type: string, value: string): Buffer =>
  sequence(encodedOids.get(type) ?? oid(type), directoryString(value))

/** All values of one attribute share one RDN, as Go writes it; duplicates are left out. */
const multiValued = (type: string, values: readonly string[] | undefined): Buffer[] =>
  values === undefined || values.length === 0
    ? []
    : [setOf([...new Set(values)].map((value) => attribute(type, value)))]

const single = (type: string, value: string | undefined): Buffer[] => (value ? [setOf([attribute(type, value)])] : [])

/** A Name (RFC 5280 4.1.2.4), its RDNs in the order of Go's pkix.Name, each user id an RDN of its own at the end. */
export const encodeName = (name: Name): Buffer =>
  sequenceOf([
    ...multiValued(attributeOids.country, name.country),
    ...multiValued(attributeOids.organization, name.organization),
    ...multiValued(attributeOids.organizationalUnit, name.organizationalUnit),
    ...multiValued(attributeOids.locality, name.locality),
    ...multiValued(attributeOids.province, name.province),
    ...multiValued(attributeOids.streetAddress, name.streetAddress),
    ...multiValued(attributeOids.postalCode, name.postalCode),
    ...single(attributeOids.commonName, name.commonName),
    ...single(attributeOids.serialNumber, name.serialNumber),
    ...[...new Set(name.userIds)].flatMap((id) => single(attributeOids.userId, id)),
  ])

export const emptyName = encodeName({})

/** Names are empty when their DER is this short: SEQUENCE of nothing. */
export const isEmptyName = (der: Uint8Array): boolean => der.length === emptyName.length

/** The RDNs of a Name in order, each with its attributes in order. @throws invalid request for a malformed name */
export const parseName = (der: Buffer): NameAttribute[][] =>
  children(readElement(der, tag.sequence)).map((rdn) => {
    const attributes = children(expectTag(rdn, tag.set))
    if (attributes.length === 0) throw malformed('empty relative distinguished name')
    return attributes.map((pair) => {
      const [type, value, extra] = readSequence(pair)
      if (extra) throw malformed('trailing data in name attribute')
      return { oid: readOid(type), value: readString(value) }
    })
  })

/** The values of one attribute type, in order. */
export const valuesOf = (name: readonly (readonly NameAttribute[])[], type: string): string[] =>
  name.flat().flatMap((attribute) => (attribute.oid === type ? [attribute.value] : []))

/** The last common name, as Go takes it, or `''`. */
export const commonNameOf = (name: readonly (readonly NameAttribute[])[]): string =>
  valuesOf(name, attributeOids.commonName).at(-1) ?? ''

/** RFC 4514 section 3, and beyond its table what openssl and Go write. */
const shortNames = new Map<string, string>([
  [attributeOids.commonName, 'CN'],
  [attributeOids.locality, 'L'],
  [attributeOids.province, 'ST'],
  [attributeOids.organization, 'O'],
  [attributeOids.organizationalUnit, 'OU'],
  [attributeOids.country, 'C'],
  [attributeOids.streetAddress, 'STREET'],
  [attributeOids.domainComponent, 'DC'],
  [attributeOids.userId, 'UID'],
  [attributeOids.serialNumber, 'SERIALNUMBER'],
  [attributeOids.postalCode, 'POSTALCODE'],
])

/** RFC 4514 2.4. */
const escaped = (value: string): string =>
  value
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]| $/g, '\\$&')

/** A name as RFC 4514 text: the last RDN first. A type without a short name is written by its OID and encoded value. */
export const nameText = (name: readonly (readonly NameAttribute[])[]): string =>
  name
    .toReversed()
    .map((rdn) =>
      rdn
        .map(({ oid: type, value }) => {
          const short = shortNames.get(type)
          return short ? `${short}=${escaped(value)}` : `${type}=#${directoryString(value).toString('hex')}`
        })
        .join('+'),
    )
    .join(',')
