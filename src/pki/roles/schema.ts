/** The fields of a role: what the API accepts and, all of them resolved, what is stored and read back. */
import { z } from 'zod'
import { bool, capture, duration, int, jsonList, list, text } from '../../fields.ts'

export const roleFields = {
  ttl: duration('Default validity of certificates, in seconds; 0 is the default lease TTL of the mount.'),
  max_ttl: duration('Longest validity of certificates, in seconds; 0 is the maximum lease TTL of the mount.'),
  allow_localhost: bool('May names be localhost or localdomain?'),
  allowed_domains: list('Domains that names may come from, as the allow_ fields say.'),
  allowed_domains_template: bool('May allowed_domains contain identity templates, {{identity.entity.…}}?'),
  allow_globs_in_identity_templates: bool('Does an asterisk that an identity template brings count as a pattern?'),
  allow_bare_domains: bool('May a name be one of the domains itself?'),
  allow_subdomains: bool('May a name be a sub-domain of one of the domains, wildcards included?'),
  allow_glob_domains: bool('Are domains that contain an asterisk patterns for whole names?'),
  allow_wildcard_certificates: bool('May names contain a wildcard (RFC 6125)?'),
  allow_any_name: bool('May a name be anything that enforce_hostnames permits?'),
  enforce_hostnames: bool('Must names be valid host names, or e-mail addresses at one?'),
  cn_validations: list('Kinds of common name that are accepted: email, hostname, or disabled for any.'),
  require_cn: bool('Is a common name required?'),
  use_csr_common_name: bool('When signing, is the common name taken from the CSR?'),
  use_csr_sans: bool('When signing, are the subject alternative names taken from the CSR?'),
  allow_ip_sans: bool('May certificates name IP addresses?'),
  allowed_ip_sans_cidr: list('Networks that the IP addresses must lie in; empty for any.'),
  allowed_uri_sans: list('Patterns of the URIs that certificates may name; empty for none.'),
  allowed_uri_sans_template: bool('May allowed_uri_sans contain identity templates?'),
  allowed_other_sans: list(
    'Other names that certificates may have, as <oid>;utf8:<pattern>; * for any, empty for none.',
  ),
  allowed_serial_numbers: list('Patterns of serial numbers that subjects may have; empty for none.'),
  serial_number_source: text('Where a subject serial number may come from: json-csr (default) for both, or json.'),
  allowed_user_ids: list('Patterns of user ids that subjects may have; empty for none.'),
  server_flag: bool('Are certificates for TLS servers?'),
  client_flag: bool('Are certificates for TLS clients?'),
  code_signing_flag: bool('Are certificates for signing code?'),
  email_protection_flag: bool('Are certificates for protecting e-mail?'),
  key_type: text('Type of the key: rsa, ec, ed25519, or any (for signing only).'),
  key_bits: int('Size of the key in bits, the least size when signing; 0 is the default of the type.'),
  signature_bits: int('Bits of the hash that an RSA issuer signs with: 256, 384 or 512; 0 is 256.'),
  use_pss: bool('Does an RSA issuer sign with RSA-PSS?'),
  key_usage: list('Key usages, by the names of the constants in Go without their prefix; empty for none.'),
  ext_key_usage: list('Extended key usages besides those of the flags, by name.'),
  ext_key_usage_oids: list('Extended key usages by object identifier.'),
  policy_identifiers: jsonList('Certificate policies: OIDs, or {"oid": …, "cps": …, "notice": …} as JSON.'),
  ou: list('Organisational units (OU) of the subject.'),
  organization: list('Organisations (O) of the subject.'),
  country: list('Countries (C) of the subject.'),
  locality: list('Localities (L) of the subject.'),
  province: list('Provinces (ST) of the subject.'),
  street_address: list('Street addresses of the subject.'),
  postal_code: list('Postal codes of the subject.'),
  no_store: bool('Are certificates not stored? They are not in the list then, and cannot be revoked by their serial.'),
  no_store_metadata: bool('Is no metadata stored with certificates?'),
  generate_lease: bool('Do certificates come with a lease? Not together with no_store.'),
  basic_constraints_valid_for_non_ca: bool('Do certificates carry basic constraints that say CA:FALSE?'),
  not_before_duration: duration('How far certificates are backdated, in seconds.'),
  not_before: text('A fixed begin of validity, RFC 3339, of what issue makes.'),
  not_before_bound: text('What a request may say of not_before: permit (default), duration (as far back), or forbid.'),
  not_after: text('A fixed end of validity, RFC 3339; it wins over everything but max_ttl and the end of the issuer.'),
  not_after_bound: text(
    'What a request may say of not_after: permit (default), ttl-limited, forbid, or the latest time, RFC 3339.',
  ),
  issuer_ref: text('Name or id of the issuer that signs, or default.'),
}

export const roleCaptures = { name: capture('Name of the role.') }

/** A role as it is stored: every field is there, sizes are resolved. */
export type Role = {
  -readonly [K in keyof typeof roleFields]: Exclude<z.output<(typeof roleFields)[K]>, undefined>
} & {
  /** Vault shows it, and nobody can set it any more. */
  allow_token_displayname: boolean
}

/** What a request says about a role. */
export type RoleRequest = { [K in keyof typeof roleFields]?: Role[K] | undefined }

export const roleReply = z.object({
  ...roleFields,
  allow_token_displayname: z.boolean(),
  ttl: z.int(),
  max_ttl: z.int(),
  not_before_duration: z.int(),
})

export const namesReply = z.object({ keys: z.array(z.string()) })
