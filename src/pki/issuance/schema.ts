/** What `issue` and `sign` accept and return. */
import { z } from 'zod'
import { bool, capture, duration, int, list, text } from '../../fields.ts'

const issuanceFields = {
  common_name: text('Common name of the subject; it is a subject alternative name too.'),
  alt_names: text('DNS names and e-mail addresses, separated by commas.'),
  ip_sans: list('IP addresses.'),
  uri_sans: list('URIs.'),
  other_sans: list('Other names, as <oid>;utf8:<value>.'),
  user_ids: list('User ids (UID) of the subject.'),
  serial_number: text('The attribute serialNumber of the subject; not the serial number of the certificate.'),
  exclude_cn_from_sans: bool('Leave the common name out of the subject alternative names.'),
  ttl: duration('Validity of the certificate, in seconds.'),
  not_before: text('Begin of validity, RFC 3339; of effect only where the key is made as well.'),
  not_after: text('End of validity, RFC 3339; not together with ttl.'),
  format: text('pem (default), der (base64), or pem_bundle: key, certificate and chain in one.'),
  remove_roots_from_chain: bool('Leave certificates that sign themselves out of ca_chain.'),
}

export const issueFields = {
  ...issuanceFields,
  format: text(
    'pem (default), der (base64), pem_bundle: key, certificate and chain in one, or pkcs12: the same, base64.',
  ),
  pkcs12_password: text('Password of the PKCS#12 file.'),
  private_key_format: text('der (default) for the key as usual for its type, or pkcs8.'),
  key_type: text('Type of the key, where the role has key_type any.'),
  key_bits: int('Size of the key, where the role has key_type any.'),
}

export const roleCapture = { role: capture('Name of the role.') }

/** Where the path names the issuer and not the role does. */
export const issuerCapture = { issuer_ref: capture('Name or id of the issuer that signs, or default.') }

export const signFields = {
  ...issuanceFields,
  csr: text('The certificate signing request, PEM.'),
}

export const signVerbatimFields = {
  ...signFields,
  key_usage: list('Key usages, where the CSR has no such extension; empty for none.'),
  ext_key_usage: list('Extended key usages by name, where the CSR has no such extension.'),
  ext_key_usage_oids: list('Extended key usages by object identifier, where the CSR has no such extension.'),
  signature_bits: int('Bits of the hash that the issuer signs with: 256, 384 or 512; 0 is the usual one of its key.'),
  use_pss: bool('Does an RSA issuer sign with RSA-PSS?'),
  basic_constraints_valid_for_non_ca: bool('Does the certificate carry basic constraints that say CA:FALSE?'),
}

export const issuerField = { issuer_ref: text('Name or id of the issuer that signs; default is the default.') }

const issuedReply = z.object({
  certificate: z.string(),
  issuing_ca: z.string(),
  ca_chain: z.array(z.string()).optional(),
  serial_number: z.string(),
  not_before: z.int(),
  expiration: z.int(),
})

export const issueReply = issuedReply.extend({ private_key: z.string(), private_key_type: z.string() })

export const signReply = issuedReply
