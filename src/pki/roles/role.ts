/** What is a valid role, and what does one say where a request said nothing? */
import { invalidRequest } from '../../errors.ts'
import { keyParameters, signatureBits } from '../../keys/parameters.ts'
import { isOid } from '../../x509/der.ts'
import { cidrText, parseCidr } from '../../x509/ip-address.ts'
import { parseOtherName } from '../issuance/other-names.ts'
import { isTime } from '../issuance/rfc3339.ts'
import { parsePolicyIdentifiers } from './policy-identifiers.ts'
import type { Role, RoleRequest } from './schema.ts'

export const roleDefaults: Readonly<Role> = {
  ttl: 0,
  max_ttl: 0,
  allow_localhost: true,
  allowed_domains: [],
  allowed_domains_template: false,
  allow_globs_in_identity_templates: false,
  allow_bare_domains: false,
  allow_subdomains: false,
  allow_glob_domains: false,
  allow_wildcard_certificates: true,
  allow_any_name: false,
  enforce_hostnames: true,
  cn_validations: ['email', 'hostname'],
  require_cn: true,
  use_csr_common_name: true,
  use_csr_sans: true,
  allow_ip_sans: true,
  allowed_ip_sans_cidr: [],
  allowed_uri_sans: [],
  allowed_uri_sans_template: false,
  allowed_other_sans: [],
  allowed_serial_numbers: [],
  serial_number_source: 'json-csr',
  allowed_user_ids: [],
  allow_token_displayname: false,
  server_flag: true,
  client_flag: true,
  code_signing_flag: false,
  email_protection_flag: false,
  key_type: 'rsa',
  key_bits: 0,
  signature_bits: 0,
  use_pss: false,
  key_usage: ['DigitalSignature', 'KeyAgreement', 'KeyEncipherment'],
  ext_key_usage: [],
  ext_key_usage_oids: [],
  policy_identifiers: [],
  ou: [],
  organization: [],
  country: [],
  locality: [],
  province: [],
  street_address: [],
  postal_code: [],
  no_store: false,
  no_store_metadata: false,
  generate_lease: false,
  basic_constraints_valid_for_non_ca: false,
  not_before_duration: 30,
  not_before: '',
  not_before_bound: 'permit',
  not_after: '',
  not_after_bound: 'permit',
  issuer_ref: 'default',
}

/** @throws ChanceryError `error parsing allowed_other_sans: …` */
const checkOtherSans = (allowed: readonly string[]): void => {
  if (allowed.length === 1 && allowed[0] === '*') return
  for (const entry of allowed) {
    const parsed = parseOtherName(entry)
    if (typeof parsed === 'string') throw invalidRequest(`error parsing allowed_other_sans: ${parsed}`)
  }
}

/** As Vault reads them back: the network, without the bits of a host. */
const canonicalCidrs = (cidrs: readonly string[]): string[] =>
  cidrs.map((text) => {
    const cidr = parseCidr(text)
    if (!cidr) throw invalidRequest(`error parsing allowed_ip_sans_cidr: invalid CIDR address: ${text}`)
    return cidrText(cidr)
  })

const checkBounds = ({ not_after_bound: notAfter, not_before_bound: notBefore }: Role): void => {
  if (!['permit', 'duration', 'forbid'].includes(notBefore)) {
    throw invalidRequest(
      'Unknown value for field `not_before_bound`. Possible values are `permit` `duration` or `forbid`',
    )
  }
  if (!['permit', 'ttl-limited', 'forbid'].includes(notAfter) && !isTime(notAfter)) {
    throw invalidRequest(
      'Unknown value for field `not_after_bound`. Possible values are `permit`, `ttl-limited`, `forbid`, or an explicit timestamp.',
    )
  }
}

const checkSerialNumberSource = ({ serial_number_source: source }: Role): void => {
  if (source === 'json-csr' || source === 'json') return
  throw invalidRequest(`invalid value for serial_number_source: ${JSON.stringify(source)} is neither json-csr nor json`)
}

const resolveCnValidations = (validations: readonly string[]): string[] => {
  const refuse = (text: string) => invalidRequest(`cn_validations value incorrect: ${text}`)
  const resolved: string[] = []
  for (const validation of validations) {
    const kind = validation.toLowerCase()
    if (!['disabled', 'email', 'hostname'].includes(kind)) throw refuse(`unknown type: \`${validation}\``)
    if (resolved.includes(kind)) throw refuse(`\`${kind}\` specified multiple times`)
    resolved.push(kind)
  }
  if (resolved.includes('disabled') && resolved.length > 1) {
    throw refuse('cannot specify `disabled` along with `email` or `hostname`')
  }
  return resolved.length === 0 ? roleDefaults.cn_validations : resolved
}

/**
 * The whole role that a request makes of `base`: the defaults to replace a role, the role itself to merge into it.
 * Fields that are absent, or `undefined`, keep what the base says.
 * @throws ChanceryError for a role that could not issue
 */
export const completeRole = (base: Readonly<Role>, request: RoleRequest): Role => {
  const sent = Object.entries(request).filter(([name, value]) => value !== undefined && Object.hasOwn(base, name))
  const role: Role = { ...base, ...Object.fromEntries(sent) }
  if (role.max_ttl > 0 && role.ttl > role.max_ttl) {
    throw invalidRequest('"ttl" value must be less than "max_ttl" value')
  }
  checkOtherSans(role.allowed_other_sans)
  const key = keyParameters(role.key_type, role.key_bits)
  role.key_bits = key.bits
  role.signature_bits = signatureBits(key.type, role.signature_bits)
  for (const oid of role.ext_key_usage_oids) {
    if (!isOid(oid)) {
      throw invalidRequest(`${JSON.stringify(oid)} could not be parsed as a valid oid for an extended key usage`)
    }
  }
  parsePolicyIdentifiers(role.policy_identifiers)
  role.allowed_ip_sans_cidr = canonicalCidrs(role.allowed_ip_sans_cidr)
  checkBounds(role)
  checkSerialNumberSource(role)
  if (role.no_store) role.generate_lease = false
  role.cn_validations = resolveCnValidations(role.cn_validations)
  role.issuer_ref ||= 'default'
  return role
}

/** A stored document as a role: a field that is younger than the document has its default. */
export const roleOf = (document: Readonly<Record<string, unknown>>): Role => ({ ...roleDefaults, ...document })
