/** What the API can put into a certificate: names by kind, and extensions by role. */
import { upnOid } from './fields.ts'

interface Names {
  kind: string
  /** Parameters of the call. */
  request: Record<string, string>
  /** As `Fields` has them. */
  sans: string[]
}

const uri = 'spiffe://example.com/ns/a?b=c'

export const names: readonly Names[] = [
  { kind: 'none', request: {}, sans: [] },
  {
    kind: 'DNS',
    request: { alt_names: 'a.example.com,b.example.com' },
    sans: ['DNS:a.example.com', 'DNS:b.example.com'],
  },
  { kind: 'wildcard', request: { alt_names: '*.example.com' }, sans: ['DNS:*.example.com'] },
  { kind: 'IDN', request: { alt_names: 'bücher.example.com' }, sans: ['DNS:xn--bcher-kva.example.com'] },
  { kind: 'e-mail', request: { alt_names: 'user@example.com' }, sans: ['email:user@example.com'] },
  { kind: 'IPv4', request: { ip_sans: '192.0.2.1' }, sans: ['IP:192.0.2.1'] },
  { kind: 'IPv6', request: { ip_sans: '2001:db8::1' }, sans: ['IP:2001:db8::1'] },
  { kind: 'URI', request: { uri_sans: uri }, sans: [`URI:${uri}`] },
  {
    kind: 'UPN',
    request: { other_sans: `${upnOid};utf8:user@example.com` },
    sans: [`other:${upnOid}:user@example.com`],
  },
  { kind: 'other', request: { other_sans: '1.2.3.4;utf8:some value' }, sans: ['other:1.2.3.4:some value'] },
  {
    kind: 'every kind',
    request: {
      alt_names: 'a.example.com,user@example.com',
      ip_sans: '192.0.2.1,2001:db8::1',
      uri_sans: uri,
      other_sans: '1.2.3.4;utf8:some value',
    },
    sans: [
      'other:1.2.3.4:some value',
      'DNS:a.example.com',
      'email:user@example.com',
      'IP:192.0.2.1',
      'IP:2001:db8::1',
      `URI:${uri}`,
    ],
  },
]

interface Extensions {
  name: string
  role: Record<string, unknown>
  /** What differs from a certificate of a role that says nothing. */
  fields: {
    keyUsage?: string[]
    extKeyUsage?: string[]
    ca?: 'no'
    policies?: string[]
    subject?: string
  }
}

/** All but CertSign, which no leaf may have. */
const usages = [
  'DigitalSignature',
  'ContentCommitment',
  'KeyEncipherment',
  'DataEncipherment',
  'KeyAgreement',
  'CRLSign',
  'EncipherOnly',
  'DecipherOnly',
]

const purposes: readonly (readonly [name: string, oid: string])[] = [
  ['Any', '2.5.29.37.0'],
  ['ServerAuth', '1.3.6.1.5.5.7.3.1'],
  ['ClientAuth', '1.3.6.1.5.5.7.3.2'],
  ['CodeSigning', '1.3.6.1.5.5.7.3.3'],
  ['EmailProtection', '1.3.6.1.5.5.7.3.4'],
  ['IPSECEndSystem', '1.3.6.1.5.5.7.3.5'],
  ['IPSECTunnel', '1.3.6.1.5.5.7.3.6'],
  ['IPSECUser', '1.3.6.1.5.5.7.3.7'],
  ['TimeStamping', '1.3.6.1.5.5.7.3.8'],
  ['OCSPSigning', '1.3.6.1.5.5.7.3.9'],
  ['MicrosoftServerGatedCrypto', '1.3.6.1.4.1.311.10.3.3'],
  ['NetscapeServerGatedCrypto', '2.16.840.1.113730.4.1'],
]

const noFlags = { server_flag: false, client_flag: false }

export const extensions: readonly Extensions[] = [
  { name: 'as by default', role: {}, fields: {} },
  { name: 'no usages', role: { ...noFlags, key_usage: [] }, fields: { keyUsage: [], extKeyUsage: [] } },
  { name: 'every usage', role: { key_usage: usages }, fields: { keyUsage: usages } },
  ...usages.map((usage) => ({ name: usage, role: { key_usage: usage }, fields: { keyUsage: [usage] } })),
  ...purposes.map(([purpose, oid]) => ({
    name: purpose,
    role: { ...noFlags, ext_key_usage: purpose },
    fields: { extKeyUsage: [oid] },
  })),
  {
    name: 'every purpose',
    role: { ...noFlags, ext_key_usage: purposes.map(([purpose]) => purpose), ext_key_usage_oids: '1.2.3.4.5' },
    fields: { extKeyUsage: [...purposes.map(([, oid]) => oid), '1.2.3.4.5'] },
  },
  {
    name: 'flags',
    role: { code_signing_flag: true, email_protection_flag: true },
    fields: { extKeyUsage: purposes.slice(1, 5).map(([, oid]) => oid) },
  },
  { name: 'basic constraints', role: { basic_constraints_valid_for_non_ca: true }, fields: { ca: 'no' } },
  {
    name: 'a whole subject',
    role: {
      ou: 'One,Two',
      organization: 'Bücher',
      country: 'GB',
      locality: 'Deal',
      province: 'Kent',
      street_address: '1 Street',
      postal_code: 'CT14',
    },
    fields: { subject: 'CN=a.example.com,postalCode=CT14,street=1 Street,ST=Kent,L=Deal,OU=One+OU=Two,O=Bücher,C=GB' },
  },
  {
    name: 'policies',
    role: { policy_identifiers: '1.3.6.1.4.1.99999.1,1.3.6.1.4.1.99999.2' },
    fields: { policies: ['1.3.6.1.4.1.99999.1', '1.3.6.1.4.1.99999.2'] },
  },
  {
    name: 'policies with qualifiers',
    role: {
      policy_identifiers: '[{"oid":"1.3.6.1.4.1.7.8","notice":"A notice"},{"oid":"1.2.3.4","cps":"https://a/cps"}]',
    },
    fields: { policies: ['1.3.6.1.4.1.7.8', 'notice A notice', '1.2.3.4', 'CPS https://a/cps'] },
  },
]
