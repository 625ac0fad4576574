/** What issuers accept and return: generating a root, importing, reading, changing. */
import { z } from 'zod'
import { bool, capture, duration, int, list, text } from '../../fields.ts'

export const generateRootFields = {
  exported: capture('internal keeps the private key to the server, exported returns it once, existing uses key_ref.'),
  issuer_name: text('Name of the new issuer.'),
  key_name: text('Name of the new key.'),
  key_ref: text('Name or id of the key to use, or default; for existing.'),
  key_type: text('Type of the new key: rsa (default), ec or ed25519.'),
  key_bits: int('Size of the new key in bits; 0 is the default of the type.'),
  signature_bits: int('Bits of the hash that an RSA key signs with: 256, 384 or 512; 0 is 256.'),
  use_pss: bool('Does an RSA key sign with RSA-PSS?'),
  common_name: text('Common name of the subject.'),
  alt_names: text('DNS names and e-mail addresses, separated by commas.'),
  ip_sans: list('IP addresses.'),
  uri_sans: list('URIs.'),
  other_sans: list('Other names, as <oid>;utf8:<value>.'),
  exclude_cn_from_sans: bool('Leave the common name out of the subject alternative names.'),
  serial_number: text('The attribute serialNumber of the subject; not the serial number of the certificate.'),
  ou: list('Organisational units (OU) of the subject.'),
  organization: list('Organisations (O) of the subject.'),
  country: list('Countries (C) of the subject.'),
  locality: list('Localities (L) of the subject.'),
  province: list('Provinces (ST) of the subject.'),
  street_address: list('Street addresses of the subject.'),
  postal_code: list('Postal codes of the subject.'),
  ttl: duration('Validity of the certificate, in seconds.'),
  not_after: text('End of validity, RFC 3339; not together with ttl.'),
  not_before: text('Begin of validity, RFC 3339, instead of not_before_duration.'),
  not_before_duration: duration('How far the certificate is backdated, in seconds.'),
  max_path_length: int('Most intermediates below the root; -1 (default) for any number.'),
  permitted_dns_domains: list('Domains that certificates below may name; none for any.'),
  excluded_dns_domains: list('Domains that certificates below may not name.'),
  permitted_ip_ranges: list('IP ranges, as 10.0.0.0/8, that certificates below may name; none for any.'),
  excluded_ip_ranges: list('IP ranges that certificates below may not name.'),
  permitted_email_addresses: list('E-mail addresses or domains that certificates below may name; none for any.'),
  excluded_email_addresses: list('E-mail addresses or domains that certificates below may not name.'),
  permitted_uri_domains: list('Domains that URIs in certificates below may have; none for any.'),
  excluded_uri_domains: list('Domains that URIs in certificates below may not have.'),
  key_usage: list('DigitalSignature, besides what a CA always has.'),
  ext_key_usage: list('Extended key usages; none (default) leaves the extension out.'),
  ext_key_usage_oids: list('Extended key usages, as OIDs.'),
  format: text('pem (default), der (base64), or pem_bundle: key and certificate in one.'),
  private_key_format: text('der (default) for the key as usual for its type, or pkcs8.'),
}

export const generateRootReply = z.object({
  certificate: z.string(),
  issuing_ca: z.string(),
  serial_number: z.string(),
  expiration: z.int(),
  issuer_id: z.string(),
  issuer_name: z.string(),
  key_id: z.string(),
  key_name: z.string(),
  private_key: z.string().optional(),
  private_key_type: z.string().optional(),
})

/** What a request says, past the door. */
export type GenerateRootRequest = z.output<z.ZodObject<typeof generateRootFields>>

export const issuerRefField = { issuer_ref: capture('Name or id of the issuer, or default.') }

export const issuerFields = {
  ...issuerRefField,
  issuer_name: text('Name of the issuer.'),
  leaf_not_after_behavior: text(
    'For a certificate that would outlive its issuer: err (default), truncate, permit or always_enforce_err.',
  ),
  usage: list('read-only, issuing-certificates, crl-signing, ocsp-signing; all of them by default.'),
  manual_chain: list('Names or ids of the issuers of the chain, this one (or self) first; none to compute it.'),
  revocation_signature_algorithm: text('What CRLs and OCSP answers are signed with, such as SHA256WithRSAPSS.'),
  issuing_certificates: list("URLs of the issuer's certificate."),
  crl_distribution_points: list('URLs of the CRL.'),
  delta_crl_distribution_points: list('URLs of the delta CRL.'),
  ocsp_servers: list('URLs of OCSP responders.'),
  enable_aia_url_templating: bool('Replace {{issuer_id}} and its like in these URLs?'),
}

export type IssuerRequest = z.output<z.ZodObject<typeof issuerFields>>

export const issuerReply = z.object({
  issuer_id: z.string(),
  issuer_name: z.string(),
  key_id: z.string(),
  certificate: z.string(),
  manual_chain: z.array(z.string()).nullable(),
  ca_chain: z.array(z.string()),
  leaf_not_after_behavior: z.string(),
  usage: z.string(),
  revocation_signature_algorithm: z.string(),
  revoked: z.boolean(),
  issuing_certificates: z.array(z.string()),
  crl_distribution_points: z.array(z.string()),
  delta_crl_distribution_points: z.array(z.string()),
  ocsp_servers: z.array(z.string()),
  enable_aia_url_templating: z.boolean().optional(),
})

export const issuerJsonReply = z.object({
  certificate: z.string(),
  ca_chain: z.array(z.string()),
  issuer_id: z.string(),
  issuer_name: z.string(),
})

export const issuersReply = z.object({
  keys: z.array(z.string()),
  key_info: z.record(
    z.string(),
    z.object({ issuer_name: z.string(), is_default: z.boolean(), serial_number: z.string(), key_id: z.string() }),
  ),
})

export const importFields = {
  pem_bundle: text('Certificates of CAs, and their private keys where the path takes them, PEM.'),
  certificate: text('Certificates of CAs, PEM; instead of pem_bundle.'),
}

const idsOrNull = z.array(z.string()).nullable()

export const importReply = z.object({
  mapping: z.record(z.string(), z.string()),
  imported_issuers: idsOrNull,
  imported_keys: idsOrNull,
  existing_issuers: idsOrNull,
  existing_keys: idsOrNull,
})
