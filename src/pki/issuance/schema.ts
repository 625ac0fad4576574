/** What `issue` and `sign` accept and return. */
import { z } from 'zod'
import { bool, capture, duration, int, list, text } from '../../fields.ts'

const issuanceFields = {
  role: capture('Name of the role.'),
  common_name: text('Common name of the subject; it is a subject alternative name too.'),
  alt_names: text('DNS names and e-mail addresses, separated by commas.'),
  ip_sans: list('IP addresses.'),
  uri_sans: list('URIs.'),
  other_sans: list('Other names, as <oid>;utf8:<value>.'),
  user_ids: list('User ids (UID) of the subject.'),
  serial_number: text('The attribute serialNumber of the subject; not the serial number of the certificate.'),
  exclude_cn_from_sans: bool('Leave the common name out of the subject alternative names.'),
  ttl: duration('Validity of the certificate, in seconds.'),
  not_after: text('End of validity, RFC 3339; not together with ttl.'),
  format: text('pem (default), der (base64), or pem_bundle: key, certificate and chain in one.'),
  remove_roots_from_chain: bool('Leave certificates that sign themselves out of ca_chain.'),
}

export const issueFields = {
  ...issuanceFields,
  private_key_format: text('der (default) for the key as usual for its type, or pkcs8.'),
  key_type: text('Type of the key, where the role has key_type any.'),
  key_bits: int('Size of the key, where the role has key_type any.'),
}

export const signFields = {
  ...issuanceFields,
  csr: text('The certificate signing request, PEM.'),
}

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
