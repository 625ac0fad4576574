/**
 * Does a certificate keep to the profile of RFC 5280? Every certificate that we have made is read again and held
 * against this table before it leaves; whoever wrote a wrong one never learns of it from somebody else's verifier.
 *
 * What all certificates of one issuer and role share need not be looked at in each of them: see `lintVariableParts`.
 */
import { ChanceryError } from '../errors.ts'
import { constructedContextTag, isOid, tag } from './der.ts'
import {
  children,
  type Element,
  readBitString,
  readElement,
  readNamedBits,
  readOid,
  readSequence,
  readSmallInteger,
  readTime,
  readUnsigned,
} from './der-reader.ts'
import { parseExtension, type ParsedExtension } from './extension-reader.ts'
import { parseGeneralNames, type GeneralName } from './general-names.ts'
import { isAbsoluteUri, isDnsName, isMailbox } from './name-syntax.ts'
import { isEmptyName } from './name.ts'
import { accessMethodOids, extensionOids as oids, policyQualifierOids } from './oids.ts'

/** What is already known of a certificate that is about to leave. */
export interface LintContext {
  /** Key identifier of the issuer's certificate; for one that signs itself its own. */
  readonly issuerKeyId: Uint8Array
  /** What its own should be, where we have computed it. */
  readonly subjectKeyId?: Uint8Array | undefined
  /** Is it meant to be a CA's? */
  readonly isCa: boolean
}

interface Time {
  readonly tag: number
  /** Invalid where it cannot be read. */
  readonly date: Date
}

/** A certificate taken apart, as far as the rules look. */
interface Parts {
  readonly version: Element | undefined
  readonly serial: Element | undefined
  readonly innerAlgorithm: Element | undefined
  readonly outerAlgorithm: Element | undefined
  readonly issuer: Element | undefined
  readonly validity: readonly Time[]
  readonly subject: Element | undefined
  readonly spki: Element | undefined
  readonly extensions: readonly ParsedExtension[]
  readonly context: LintContext
}

interface Rule {
  /** How the log and README call it. */
  readonly id: string
  /** Of RFC 5280. */
  readonly section: string
  /** Looks at nothing but extensions that issuer and role decide. */
  readonly moulded?: true
  /** @returns whether the certificate keeps it; malformed DER throws, which is a breach as well */
  readonly holds: (parts: Parts) => boolean
}

const find = ({ extensions }: Parts, oid: string): ParsedExtension | undefined =>
  extensions.find((extension) => extension.oid === oid)

/** A rule about one extension: it holds where there is none. */
const about =
  (oid: string, holds: (extension: ParsedExtension, parts: Parts) => boolean) =>
  (parts: Parts): boolean => {
    const extension = find(parts, oid)
    return !extension || holds(extension, parts)
  }

const sequenceIn = ({ value }: ParsedExtension): Element[] => readSequence(readElement(value))

const timeOf = (found: Element): Time => {
  try {
    return { tag: found.tag, date: readTime(found) }
  } catch {
    return { tag: found.tag, date: new Date(Number.NaN) }
  }
}

/** RFC 5280 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on. */
const isTimeOfItsYear = ({ tag: found, date }: Time): boolean => {
  const year = date.getUTCFullYear()
  return found === (year >= 1950 && year < 2050 ? tag.utcTime : tag.generalizedTime)
}

const basicConstraints = (parts: Parts): { isCa: boolean; pathLength: number | undefined } => {
  const extension = find(parts, oids.basicConstraints)
  if (!extension) return { isCa: false, pathLength: undefined }
  const [first, second] = sequenceIn(extension)
  // X.690 11.5: a default is not written, so whoever finds a BOOLEAN finds TRUE.
  const isCa = first?.tag === tag.boolean && first.contents[0] === 0xff
  const length = isCa ? second : first
  return { isCa, pathLength: length && readSmallInteger(length) }
}

/** A bit of RFC 5280 4.2.1.3. cRLSign is not asked for: whoever signs CRLs for a CA need not be one. */
const keyCertSign = 5

const usages = (parts: Parts): number[] | undefined => {
  const extension = find(parts, oids.keyUsage)
  return extension && readNamedBits(readElement(extension.value, tag.bitString))
}

const isNameOfItsKind = (name: GeneralName): boolean => {
  switch (name.kind) {
    case 'dns':
      return isDnsName(name.value)
    case 'email':
      return isMailbox(name.value)
    case 'uri':
      return isAbsoluteUri(name.value)
    case 'other':
      return isOid(name.oid)
    default:
      return true
  }
}

/** The URIs of AccessDescriptions or DistributionPoints, wherever they stand inside. */
const urisIn = (found: Element): string[] => {
  if (found.tag === 0x86) return [found.contents.toString('latin1')]
  return (found.tag & 0x20) === 0 ? [] : children(found).flatMap(urisIn)
}

const hasAbsoluteUris = ({ value }: ParsedExtension): boolean => urisIn(readElement(value)).every(isAbsoluteUri)

const policies = (extension: ParsedExtension): Element[][] =>
  sequenceIn(extension).map((policy) => readSequence(policy))

const noDuplicates = (values: readonly string[]): boolean => values.every((value, at) => values.indexOf(value) === at)

/** Every rule that a certificate is held against. */
export const lintRules: readonly Rule[] = [
  {
    id: 'version is 3',
    section: '4.1.2.1',
    holds: ({ version }) => version?.tag === constructedContextTag(0) && version.contents.equals(Buffer.of(2, 1, 2)),
  },
  {
    id: 'serial number is positive and has at most 20 octets',
    section: '4.1.2.2',
    holds: ({ serial }) => {
      const octets = readUnsigned(serial)
      return octets.some((octet) => octet !== 0) && (serial?.contents.length ?? 0) <= 20
    },
  },
  {
    id: 'both signature algorithms are the same',
    section: '4.1.1.2',
    holds: ({ innerAlgorithm, outerAlgorithm }) =>
      innerAlgorithm !== undefined && outerAlgorithm !== undefined && innerAlgorithm.raw.equals(outerAlgorithm.raw),
  },
  {
    id: 'issuer is not empty',
    section: '4.1.2.4',
    holds: ({ issuer }) => issuer?.tag === tag.sequence && issuer.contents.length > 0,
  },
  {
    id: 'validity is not empty',
    section: '4.1.2.5',
    holds: ({ validity: [notBefore, notAfter] }) =>
      notBefore !== undefined && notAfter !== undefined && notBefore.date < notAfter.date,
  },
  {
    id: 'times are UTCTime until 2049, GeneralizedTime after',
    section: '4.1.2.5',
    holds: ({ validity }) => validity.length === 2 && validity.every(isTimeOfItsYear),
  },
  {
    id: 'public key is a whole number of octets',
    section: '4.1.2.7',
    holds: ({ spki }) => readBitString(readSequence(spki)[1]).length > 0,
  },
  {
    id: 'no extension stands there twice',
    section: '4.2',
    holds: ({ extensions }) => noDuplicates(extensions.map(({ oid }) => oid)),
  },
  {
    id: 'subject or critical alternative names say whose it is',
    section: '4.1.2.6',
    holds: (parts) => {
      const names = find(parts, oids.subjectAltName)
      const empty = parts.subject !== undefined && isEmptyName(parts.subject.raw)
      // A CA is found by its subject.
      return empty ? !parts.context.isCa && names?.critical === true : true
    },
  },
  {
    id: 'alternative names are there and well-formed',
    section: '4.2.1.6',
    holds: about(oids.subjectAltName, ({ value }) => {
      const names = parseGeneralNames(value)
      return names.length > 0 && names.every(isNameOfItsKind)
    }),
  },
  {
    id: 'basic constraints say CA as it is meant, critical in a CA',
    section: '4.2.1.9',
    moulded: true,
    holds: (parts) => {
      const { isCa } = basicConstraints(parts)
      return isCa === parts.context.isCa && (!isCa || find(parts, oids.basicConstraints)?.critical === true)
    },
  },
  {
    id: 'path length only with CA and keyCertSign',
    section: '4.2.1.9',
    moulded: true,
    holds: (parts) => {
      const { isCa, pathLength } = basicConstraints(parts)
      return pathLength === undefined || (isCa && (usages(parts)?.includes(keyCertSign) ?? true))
    },
  },
  {
    id: 'key usage has a bit set',
    section: '4.2.1.3',
    moulded: true,
    holds: (parts) => usages(parts)?.length !== 0,
  },
  {
    id: 'keyCertSign only with CA, and in every CA',
    section: '4.2.1.3',
    moulded: true,
    holds: (parts) => {
      const bits = usages(parts)
      return parts.context.isCa ? bits?.includes(keyCertSign) === true : bits?.includes(keyCertSign) !== true
    },
  },
  {
    id: 'extended key usages are there and well-formed',
    section: '4.2.1.12',
    moulded: true,
    holds: about(oids.extKeyUsage, (extension) => {
      const purposes = sequenceIn(extension).map(readOid)
      return purposes.length > 0 && noDuplicates(purposes)
    }),
  },
  {
    id: 'subject key identifier is that of the key and not critical',
    section: '4.2.1.2',
    holds: (parts) => {
      const found = find(parts, oids.subjectKeyIdentifier)
      if (found?.critical !== false) return false
      const { contents } = readElement(found.value, tag.octetString)
      const { subjectKeyId } = parts.context
      return subjectKeyId ? contents.equals(subjectKeyId) : contents.length > 0
    },
  },
  {
    id: 'authority key identifier is that of the issuer and not critical',
    section: '4.2.1.1',
    moulded: true,
    holds: (parts) => {
      const found = find(parts, oids.authorityKeyIdentifier)
      const keyId = found && sequenceIn(found).find((part) => part.tag === 0x80)
      return found?.critical === false && keyId !== undefined && keyId.contents.equals(parts.context.issuerKeyId)
    },
  },
  {
    id: 'policies are there once each, with qualifiers that are known',
    section: '4.2.1.4',
    moulded: true,
    holds: about(oids.certificatePolicies, (extension) => {
      const found = policies(extension)
      const qualifiers = found.flatMap(([, list]) => (list ? readSequence(list) : []))
      const known: readonly string[] = Object.values(policyQualifierOids)
      return (
        found.length > 0 &&
        noDuplicates(found.map(([oid]) => readOid(oid))) &&
        qualifiers.every((qualifier) => known.includes(readOid(readSequence(qualifier)[0])))
      )
    }),
  },
  {
    id: 'name constraints only in a CA, and critical',
    section: '4.2.1.10',
    moulded: true,
    holds: about(oids.nameConstraints, ({ critical }, { context }) => context.isCa && critical),
  },
  {
    id: 'authority information access is not critical and has absolute URIs',
    section: '4.2.2.1',
    moulded: true,
    holds: about(oids.authorityInfoAccess, (extension) => {
      const methods = sequenceIn(extension).map((access) => readOid(readSequence(access)[0]))
      const known: readonly string[] = Object.values(accessMethodOids)
      return (
        !extension.critical &&
        methods.length > 0 &&
        methods.every((method) => known.includes(method)) &&
        hasAbsoluteUris(extension)
      )
    }),
  },
  {
    id: 'CRL distribution points are there and have absolute URIs',
    section: '4.2.1.13',
    moulded: true,
    holds: about(
      oids.crlDistributionPoints,
      (extension) => sequenceIn(extension).length > 0 && hasAbsoluteUris(extension),
    ),
  },
  {
    id: 'freshest CRL is not critical and has absolute URIs',
    section: '4.2.1.15',
    moulded: true,
    holds: about(oids.freshestCrl, (extension) => !extension.critical && hasAbsoluteUris(extension)),
  },
]

/** A rule that a certificate breaks. */
export interface Finding {
  readonly id: string
  readonly section: string
}

const partsOf = (der: Buffer, context: LintContext): Parts => {
  const [tbs, outerAlgorithm] = readSequence(readElement(der))
  const fields = readSequence(tbs)
  const version = fields[0]?.tag === constructedContextTag(0) ? fields.shift() : undefined
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...optional] = fields
  const wrapped = optional.find((field) => field.tag === constructedContextTag(3))
  return {
    version,
    serial,
    innerAlgorithm,
    outerAlgorithm,
    issuer,
    validity: readSequence(validity).map(timeOf),
    subject,
    spki,
    extensions: wrapped ? readSequence(readElement(wrapped.contents)).map(parseExtension) : [],
    context,
  }
}

const breaks = (rule: Rule, parts: Parts): boolean => {
  try {
    return !rule.holds(parts)
  } catch (error) {
    if (error instanceof ChanceryError) return true
    throw error
  }
}

const unreadable: Finding = { id: 'certificate is DER', section: '4.1' }

const findings = (der: Buffer, context: LintContext, rules: readonly Rule[]): Finding[] => {
  let parts: Parts
  try {
    parts = partsOf(der, context)
  } catch (error) {
    if (error instanceof ChanceryError) return [unreadable]
    throw error
  }
  return rules.filter((rule) => breaks(rule, parts)).map(({ id, section }) => ({ id, section }))
}

/** Every rule that the certificate breaks. */
export const lintCertificate = (der: Buffer, context: LintContext): Finding[] => findings(der, context, lintRules)

const ofEachCertificate = lintRules.filter(({ moulded }) => !moulded)

/** The same of what differs from one certificate to the next: the rest is known from another of the same mould. */
export const lintVariableParts = (der: Buffer, context: LintContext): Finding[] =>
  findings(der, context, ofEachCertificate)

/** `RFC 5280 4.1.2.1: version is 3`. */
export const findingText = ({ id, section }: Finding): string => `RFC 5280 ${section}: ${id}`
