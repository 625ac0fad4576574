/**
 * Extensions (RFC 5280 section 4.2 and 5.2): one small function each, from its meaning to its whole DER. What they
 * return goes into a template's `extensions` as it is, so whoever issues many certificates keeps those that do not change.
 */
import {
  boolean,
  contextTag,
  constructedContextTag,
  element,
  explicit,
  ia5,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  sequenceOf,
  tag,
  utf8String,
} from './der.ts'
import { encodeGeneralName, encodeGeneralNames, type GeneralName } from './general-names.ts'
import { accessMethodOids, extensionOids, policyQualifierOids } from './oids.ts'

const critical = boolean(true)

/** Any extension: dotted OID, criticality, and the DER that is its value. */
export const extension = (id: string, isCritical: boolean, value: Uint8Array): Buffer =>
  isCritical ? sequence(oid(id), critical, octetString(value)) : sequence(oid(id), octetString(value))

/** In bit order (RFC 5280 4.2.1.3), spelled as Vault spells them. */
export const keyUsages = [
  'DigitalSignature',
  'ContentCommitment',
  'KeyEncipherment',
  'DataEncipherment',
  'KeyAgreement',
  'CertSign',
  'CRLSign',
  'EncipherOnly',
  'DecipherOnly',
] as const
export type KeyUsage = (typeof keyUsages)[number]

const keyUsagesByName = new Map(keyUsages.map((usage) => [usage.toLowerCase(), usage]))

/** Vault's name in any case, `undefined` for none of them. */
export const keyUsageNamed = (name: string): KeyUsage | undefined => keyUsagesByName.get(name.trim().toLowerCase())

export const keyUsage = (usages: readonly KeyUsage[]): Buffer =>
  extension(extensionOids.keyUsage, true, namedBits(usages.map((usage) => keyUsages.indexOf(usage))))

/** By Vault's names, in the order in which it writes them. */
export const extKeyUsages = {
  Any: '2.5.29.37.0',
  ServerAuth: '1.3.6.1.5.5.7.3.1',
  ClientAuth: '1.3.6.1.5.5.7.3.2',
  CodeSigning: '1.3.6.1.5.5.7.3.3',
  EmailProtection: '1.3.6.1.5.5.7.3.4',
  IPSECEndSystem: '1.3.6.1.5.5.7.3.5',
  IPSECTunnel: '1.3.6.1.5.5.7.3.6',
  IPSECUser: '1.3.6.1.5.5.7.3.7',
  TimeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  MicrosoftServerGatedCrypto: '1.3.6.1.4.1.311.10.3.3',
  NetscapeServerGatedCrypto: '2.16.840.1.113730.4.1',
} as const
export type ExtKeyUsage = keyof typeof extKeyUsages

const extKeyUsagesByName = new Map(
  (Object.keys(extKeyUsages) as ExtKeyUsage[]).map((usage) => [usage.toLowerCase(), usage]),
)

/** Vault's name in any case, `undefined` for none of them. */
export const extKeyUsageNamed = (name: string): ExtKeyUsage | undefined =>
  extKeyUsagesByName.get(name.trim().toLowerCase())

/** Dotted OIDs, in the order given. */
export const extKeyUsage = (purposes: readonly string[]): Buffer =>
  extension(extensionOids.extKeyUsage, false, sequenceOf(purposes.map(oid)))

/** `pathLength` undefined sets no limit. */
export const basicConstraints = (isCa: boolean, pathLength?: number): Buffer =>
  extension(
    extensionOids.basicConstraints,
    true,
    // X.690 11.5: cA FALSE is the default and so is not written.
    sequenceOf([...(isCa ? [boolean(true)] : []), ...(isCa && pathLength !== undefined ? [integer(pathLength)] : [])]),
  )

/** Its encoding up to the 20 octets of a SHA-1 key id, the only ones that we make ourselves. */
const subjectKeyIdentifierPrefix = extension(
  extensionOids.subjectKeyIdentifier,
  false,
  octetString(Buffer.alloc(20)),
).subarray(0, -20)

/** `keyId` is usually `keyIdentifier(spki)`. */
export const subjectKeyIdentifier = (keyId: Uint8Array): Buffer =>
  keyId.length === 20
    ? Buffer.concat([subjectKeyIdentifierPrefix, keyId])
    : extension(extensionOids.subjectKeyIdentifier, false, octetString(keyId))

/** The issuer's subject key identifier, without issuer name and serial. */
export const authorityKeyIdentifier = (keyId: Uint8Array): Buffer =>
  extension(extensionOids.authorityKeyIdentifier, false, sequence(element(contextTag(0), [keyId])))

const uri = (value: string): Buffer => encodeGeneralName({ kind: 'uri', value })

/** URLs; OCSP first, as Go writes them. */
export const authorityInfoAccess = (ocsp: readonly string[], caIssuers: readonly string[]): Buffer =>
  extension(
    extensionOids.authorityInfoAccess,
    false,
    sequenceOf([
      ...ocsp.map((url) => sequence(oid(accessMethodOids.ocsp), uri(url))),
      ...caIssuers.map((url) => sequence(oid(accessMethodOids.caIssuers), uri(url))),
    ]),
  )

const encodedSubjectAltName = oid(extensionOids.subjectAltName)

/** RFC 5280 4.2.1.6: critical when the subject is empty. */
export const subjectAltName = (names: readonly GeneralName[], subjectIsEmpty: boolean): Buffer => {
  const value = octetString(encodeGeneralNames(names))
  return subjectIsEmpty ? sequence(encodedSubjectAltName, critical, value) : sequence(encodedSubjectAltName, value)
}

export interface Policy {
  /** Dotted. */
  readonly oid: string
  readonly cps?: string
  readonly notice?: string
}

const policyQualifiers = ({ cps, notice }: Policy): Buffer[] => {
  const qualifiers = [
    ...(cps ? [sequence(oid(policyQualifierOids.cps), element(tag.ia5String, [ia5(cps)]))] : []),
    ...(notice ? [sequence(oid(policyQualifierOids.userNotice), sequence(utf8String(notice)))] : []),
  ]
  return qualifiers.length === 0 ? [] : [sequenceOf(qualifiers)]
}

export const certificatePolicies = (policies: readonly Policy[]): Buffer =>
  extension(
    extensionOids.certificatePolicies,
    false,
    sequenceOf(policies.map((policy) => sequence(oid(policy.oid), ...policyQualifiers(policy)))),
  )

/** Address ranges have an encoding of their own (RFC 5280 4.2.1.10) and are not among these. */
export type ConstrainedName = Exclude<GeneralName, { kind: 'ip' }>

export const nameConstraints = (
  permitted: readonly ConstrainedName[],
  excluded: readonly ConstrainedName[],
): Buffer => {
  const subtrees = (number: number, names: readonly ConstrainedName[]): Buffer[] =>
    names.length === 0
      ? []
      : [
          element(
            constructedContextTag(number),
            names.map((name) => sequence(encodeGeneralName(name))),
          ),
        ]
  return extension(
    extensionOids.nameConstraints,
    true,
    sequenceOf([...subtrees(0, permitted), ...subtrees(1, excluded)]),
  )
}

/** One DistributionPoint per URL. */
const distributionPoints = (urls: readonly string[]): Buffer =>
  sequenceOf(urls.map((url) => sequence(explicit(0, explicit(0, uri(url))))))

export const crlDistributionPoints = (urls: readonly string[]): Buffer =>
  extension(extensionOids.crlDistributionPoints, false, distributionPoints(urls))

/** Where the delta CRL is, in a certificate or in a complete CRL. */
export const freshestCrl = (urls: readonly string[]): Buffer =>
  extension(extensionOids.freshestCrl, false, distributionPoints(urls))

export const crlNumber = (number: number | bigint): Buffer => extension(extensionOids.crlNumber, false, integer(number))

/** RFC 5280 5.2.4: critical; the number of the complete CRL that the delta starts from. */
export const deltaCrlIndicator = (baseNumber: number | bigint): Buffer =>
  extension(extensionOids.deltaCrlIndicator, true, integer(baseNumber))

/** What a certificate may carry, by what it is. */
export interface CertificateExtensions {
  readonly keyUsage?: Buffer | undefined
  readonly extKeyUsage?: Buffer | undefined
  readonly basicConstraints?: Buffer | undefined
  readonly subjectKeyIdentifier?: Buffer | undefined
  readonly authorityKeyIdentifier?: Buffer | undefined
  readonly authorityInfoAccess?: Buffer | undefined
  readonly subjectAltName?: Buffer | undefined
  readonly certificatePolicies?: Buffer | undefined
  readonly nameConstraints?: Buffer | undefined
  readonly crlDistributionPoints?: Buffer | undefined
  readonly freshestCrl?: Buffer | undefined
}

const order = [
  'keyUsage',
  'extKeyUsage',
  'basicConstraints',
  'subjectKeyIdentifier',
  'authorityKeyIdentifier',
  'authorityInfoAccess',
  'subjectAltName',
  'certificatePolicies',
  'nameConstraints',
  'crlDistributionPoints',
  'freshestCrl',
] as const satisfies readonly (keyof CertificateExtensions)[]

/** Those that are there, in the order in which Go, and so Vault, writes them. */
export const inOrder = (given: CertificateExtensions): Buffer[] =>
  order.map((name) => given[name]).filter((extension) => extension !== undefined)

/** What `given` says of kinds that are not among these OIDs. */
export const without = (given: CertificateExtensions, oids: ReadonlySet<string>): CertificateExtensions =>
  Object.fromEntries(order.flatMap((name) => (oids.has(extensionOids[name]) ? [] : [[name, given[name]]])))
