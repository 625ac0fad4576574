/**
 * What will the certificate say? First everything that request, CSR and role propose is gathered, whatever its source;
 * then the rules of the role are held against what was gathered. So no source has a way around a rule.
 */
import { invalidRequest } from '../../errors.ts'
import type { GeneralName } from '../../x509/general-names.ts'
import { isWithin, parseCidr, parseIp } from '../../x509/ip-address.ts'
import { isAbsoluteUri, isDnsName, isMailbox } from '../../x509/name-syntax.ts'
import type { Name } from '../../x509/name.ts'
import type { ParsedCsr } from '../../x509/csr.ts'
import type { Role } from '../roles/schema.ts'
import { allowsCommonName, allowsName, entriesOf, isHostname, matchesGlob, toAscii } from './names.ts'
import { parseOtherName, type OtherName } from './other-names.ts'
import { planValidity, type ValidityBounds, type ValidityRequest } from './validity.ts'

/** What a caller may ask of a certificate. */
export interface IssuanceRequest extends ValidityRequest {
  common_name?: string | undefined
  alt_names?: string | undefined
  ip_sans?: string[] | undefined
  uri_sans?: string[] | undefined
  other_sans?: string[] | undefined
  user_ids?: string[] | undefined
  serial_number?: string | undefined
  exclude_cn_from_sans?: boolean | undefined
}

/** The part of a CSR that can end up in a certificate, besides its key. */
export type CsrNames = Pick<ParsedCsr, 'commonName' | 'serialNumber' | 'userIds' | 'sans' | 'hasBasicConstraints'>

/** The rules that a plan is made under. */
export type PlanRules = Pick<
  Role,
  | 'allow_any_name'
  | 'allow_bare_domains'
  | 'allow_glob_domains'
  | 'allow_ip_sans'
  | 'allow_localhost'
  | 'allow_subdomains'
  | 'allow_wildcard_certificates'
  | 'allowed_domains'
  | 'allowed_domains_template'
  | 'allowed_ip_sans_cidr'
  | 'allowed_other_sans'
  | 'allowed_serial_numbers'
  | 'allowed_uri_sans'
  | 'allowed_uri_sans_template'
  | 'allowed_user_ids'
  | 'basic_constraints_valid_for_non_ca'
  | 'cn_validations'
  | 'country'
  | 'enforce_hostnames'
  | 'locality'
  | 'max_ttl'
  | 'not_after'
  | 'not_after_bound'
  | 'not_before'
  | 'not_before_bound'
  | 'not_before_duration'
  | 'organization'
  | 'ou'
  | 'postal_code'
  | 'province'
  | 'require_cn'
  | 'serial_number_source'
  | 'street_address'
  | 'ttl'
  | 'use_csr_common_name'
  | 'use_csr_sans'
>

export interface Plan {
  subject: Name
  /** In the order of the extension. */
  sans: readonly GeneralName[]
  notBefore: Date
  notAfter: Date
  warnings: string[]
}

/** Everything that the certificate would name. */
interface Names {
  commonName: string
  serialNumber: string
  userIds: string[]
  dns: string[]
  emails: string[]
  others: OtherName[]
  ips: string[]
  uris: string[]
  /** Where IP addresses and URIs came from, as refusals put it. */
  source: 'the API' | 'CSR'
}

const distinct = (values: Iterable<string>): string[] => [...new Set(values)]

/** `alt_names` is one string even where other fields are lists. */
const altNames = (text: string | undefined): string[] => {
  if (!text) return []
  return distinct(text.split(',').map((name) => name.trim())).filter((name) => name !== '')
}

const isEmail = (name: string): boolean => name.includes('@')

const otherName = (text: string): OtherName => {
  const parsed = parseOtherName(text)
  if (typeof parsed === 'string') throw invalidRequest(`could not parse requested other SAN: ${parsed}`)
  return parsed
}

const valuesOf = (sans: readonly GeneralName[], kind: 'dns' | 'email' | 'ip' | 'uri'): string[] =>
  sans.flatMap((san) => (san.kind === kind ? [san.value] : []))

/** The DNS name or e-mail address that a common name adds, if it is one. */
const commonNameSan = (commonName: string): { dns: string[]; emails: string[] } => {
  if (commonName === '') return { dns: [], emails: [] }
  if (isEmail(commonName)) return { dns: [], emails: [commonName] }
  const ascii = toAscii(commonName)
  return { dns: isHostname(ascii) ? [ascii] : [], emails: [] }
}

const notDns = (name: string): string =>
  `subject alternate name ${name} is not a valid DNS name and cannot be included as a SAN`

/** Newer Vaults refuse a name that cannot be one; OpenBao leaves it out without a word. */
const altDnsName = (name: string): string => {
  const ascii = toAscii(name)
  if (isHostname(ascii)) return ascii
  throw invalidRequest(notDns(name))
}

const gather = (role: PlanRules, request: IssuanceRequest, csr: CsrNames | undefined): Names => {
  const commonName = (csr && role.use_csr_common_name && csr.commonName) || (request.common_name ?? '')
  if (commonName === '' && role.require_cn) {
    throw invalidRequest(
      'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
    )
  }
  const fromCsr = csr && role.use_csr_sans ? csr.sans : undefined
  const ofCommonName = commonNameSan(request.exclude_cn_from_sans ? '' : commonName)
  const asked = fromCsr ? [] : altNames(request.alt_names)
  const userIds = request.user_ids ?? []
  return {
    commonName,
    serialNumber: request.serial_number || (role.serial_number_source === 'json' ? '' : (csr?.serialNumber ?? '')),
    userIds: distinct(userIds.length > 0 ? userIds : (csr?.userIds ?? [])),
    dns: distinct([
      ...(fromCsr ? valuesOf(fromCsr, 'dns') : []),
      ...ofCommonName.dns,
      ...asked.filter((name) => !isEmail(name)).map(altDnsName),
    ]),
    emails: distinct([
      ...(fromCsr ? valuesOf(fromCsr, 'email') : []),
      ...ofCommonName.emails,
      ...asked.filter(isEmail),
    ]).sort(),
    others: [
      ...(request.other_sans ?? []).map(otherName),
      ...(fromCsr ?? []).flatMap((san) => (san.kind === 'other' ? [{ oid: san.oid, value: san.value }] : [])),
    ],
    ips: distinct(fromCsr ? valuesOf(fromCsr, 'ip') : (request.ip_sans ?? [])),
    uris: distinct(fromCsr ? valuesOf(fromCsr, 'uri') : (request.uri_sans ?? [])),
    source: fromCsr ? 'CSR' : 'the API',
  }
}

const refuseUnless = (allowed: boolean, text: string): void => {
  if (!allowed) throw invalidRequest(text)
}

const matchesAny = (patterns: readonly string[], value: string): boolean =>
  patterns.some((pattern) => pattern !== '' && matchesGlob(pattern, value))

const checkOtherNames = ({ allowed_other_sans: allowed }: PlanRules, names: readonly OtherName[]): void => {
  if (allowed.length === 1 && allowed[0] === '*') return
  const rows = allowed.map(parseOtherName).filter((row) => typeof row !== 'string')
  for (const { oid, value } of names) {
    const patterns = rows.filter((row) => row.oid === oid).map((row) => row.value)
    refuseUnless(patterns.length > 0, `other SAN OID ${oid} not allowed by this role`)
    refuseUnless(matchesAny(patterns, value), `other SAN ${value} not allowed for OID ${oid} by this role`)
  }
}

const checkIps = (role: PlanRules, { ips, source }: Names): void => {
  const addresses = ips.map((ip) => {
    const octets = parseIp(ip)
    if (!octets) throw invalidRequest(`the value ${JSON.stringify(ip)} is not a valid IP address`)
    return { ip, octets }
  })
  refuseUnless(
    ips.length === 0 || role.allow_ip_sans,
    `IP Subject Alternative Names are not allowed in this role, but was provided via ${source}`,
  )
  if (role.allowed_ip_sans_cidr.length === 0) return
  const networks = role.allowed_ip_sans_cidr.map(parseCidr).filter((network) => network !== undefined)
  for (const { ip, octets } of addresses) {
    refuseUnless(
      networks.some((network) => isWithin(octets, network)),
      `the IP address ${JSON.stringify(ip)} is not allowed in this role`,
    )
  }
}

const checkUris = (role: PlanRules, { uris, source }: Names): void => {
  const kind = 'URI Subject Alternative Name'
  refuseUnless(
    uris.length === 0 || role.allowed_uri_sans.length > 0,
    `${kind}s are not allowed in this role, but were provided via ${source}`,
  )
  const allowed = entriesOf(role.allowed_uri_sans, role.allowed_uri_sans_template)
  for (const uri of uris) {
    refuseUnless(matchesAny(allowed, uri), `${kind}s were provided via ${source} which are not valid for this role`)
    // RFC 5280 §4.2.1.6: absolute, and ASCII.
    const valid = URL.canParse(uri) && isAbsoluteUri(uri)
    refuseUnless(valid, `the provided ${kind} ${JSON.stringify(uri)} is not a valid URI`)
  }
}

const allowsUserId = ({ allowed_user_ids: allowed }: PlanRules, id: string): boolean =>
  allowed.some((entry) => entry.toLowerCase() === id.toLowerCase()) || matchesAny(allowed, id)

/** More than any verifier takes: OpenSSL, for one, reads no chain over 100 kB. Vault knows no limit. */
const mostNames = 1_000

const refuseTooMany = ({ dns, emails, others, ips, uris, userIds }: Names): void => {
  const count = dns.length + emails.length + others.length + ips.length + uris.length + userIds.length
  refuseUnless(count <= mostNames, `a certificate with ${count} names was asked for: at most ${mostNames} are possible`)
}

/** In Vault's order, so that of several faults the same one is named. */
const refuseUnlessAllowed = (role: PlanRules, names: Names): void => {
  const { commonName, serialNumber } = names
  refuseUnless(
    commonName === '' || allowsCommonName(role, commonName),
    `common name ${commonName} not allowed by this role`,
  )
  refuseUnless(
    serialNumber === '' || matchesAny(role.allowed_serial_numbers, serialNumber),
    `serial_number ${serialNumber} not allowed by this role`,
  )
  for (const name of names.dns) {
    refuseUnless(allowsName(role, name), `subject alternate name ${name} not allowed by this role`)
    // A role that does not enforce host names still makes no certificate that nobody can read.
    refuseUnless(isDnsName(name), notDns(name))
  }
  for (const email of names.emails) {
    refuseUnless(allowsName(role, email), `email address ${email} not allowed by this role`)
    refuseUnless(isMailbox(email), `email address ${email} is not a valid one and cannot be included as a SAN`)
  }
  checkOtherNames(role, names.others)
  checkIps(role, names)
  checkUris(role, names)
}

const generalNames = (names: Names): GeneralName[] => [
  ...names.others.map((other) => ({ kind: 'other', ...other }) as const),
  ...names.dns.map((value) => ({ kind: 'dns', value }) as const),
  ...names.emails.map((value) => ({ kind: 'email', value }) as const),
  ...names.ips.map((value) => ({ kind: 'ip', value }) as const),
  ...names.uris.map((value) => ({ kind: 'uri', value }) as const),
]

/** What of the request the CSR has replaced, in Vault's words; `csr-warnings.ts` has what of the CSR is lost. */
const csrWarnings = (role: PlanRules, request: IssuanceRequest, csr: CsrNames): string[] => {
  const table: readonly (readonly [applies: boolean | string | undefined, text: string])[] = [
    [
      role.use_csr_common_name && request.common_name,
      'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    ],
    [
      role.use_csr_sans && request.alt_names,
      'the alt_names field was provided but the role is set with "use_csr_sans" set to true',
    ],
    [
      csr.hasBasicConstraints && !role.basic_constraints_valid_for_non_ca,
      'specified CSR contained a Basic Constraints extension that was ignored during issuance',
    ],
  ]
  return table.filter(([applies]) => applies).map(([, text]) => text)
}

/**
 * The certificate that this role lets this request have, from the CSR's names where there is one.
 * @throws ChanceryError in Vault's words for the first thing that the role does not allow
 */
export const planCertificate = (
  now: Date,
  role: PlanRules,
  request: IssuanceRequest,
  csr: CsrNames | undefined,
  bounds: ValidityBounds,
): Plan => {
  const names = gather(role, request, csr)
  refuseTooMany(names)
  refuseUnlessAllowed(role, names)
  const { notBefore, notAfter, warnings } = planValidity(now, role, request, {
    ...bounds,
    ignoreNotBefore: csr !== undefined,
  })
  for (const id of names.userIds) refuseUnless(allowsUserId(role, id), `user_id ${id} is not allowed by this role`)
  return {
    subject: {
      country: role.country,
      organization: role.organization,
      organizationalUnit: role.ou,
      locality: role.locality,
      province: role.province,
      streetAddress: role.street_address,
      postalCode: role.postal_code,
      commonName: names.commonName,
      serialNumber: names.serialNumber,
      userIds: names.userIds,
    },
    sans: generalNames(names),
    notBefore,
    notAfter,
    warnings: [...(csr ? csrWarnings(role, request, csr) : []), ...warnings],
  }
}
