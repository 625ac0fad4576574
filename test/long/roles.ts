/** The roles that requests are put to, and what a certificate of each may say: in few words, not in those of `src/`. */

export interface RoleRules {
  name: string
  parameters: Record<string, unknown>
  /** The kinds of names, as Node spells them, and how a name of that kind may look. */
  names: Readonly<Record<string, RegExp>>
  commonName: RegExp
  /** Seconds. */
  maxTtl: number
}

const fuzzHost = /^(?!\.)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.fuzz\.example\.com$/i
/** A common name may be in Unicode; the name beside it has A-labels. */
const fuzzCommonName =
  /^([^\0-\x7f]|[A-Za-z0-9-])+(\.([^\0-\x7f]|[A-Za-z0-9-])+)*\.fuzz\.example\.com$|^[^@]*@(.*\.)?fuzz\.example\.com$/i
const fuzzAddress = /^[^@]*@(.*\.)?fuzz\.example\.com$/i
/** Whatever it is, nothing that ends a string for some readers and not for others. */
const printable = /^[^\0-\x1f\x7f]*$/

export const roles: readonly RoleRules[] = [
  {
    name: 'strict',
    parameters: {
      allowed_domains: 'fuzz.example.com',
      allow_subdomains: true,
      allow_localhost: false,
      allow_wildcard_certificates: false,
      allow_ip_sans: false,
      key_type: 'ec',
      max_ttl: '1h',
      no_store: true,
    },
    names: { DNS: fuzzHost, email: fuzzAddress },
    commonName: fuzzCommonName,
    maxTtl: 3600,
  },
  {
    name: 'uris',
    parameters: {
      allowed_domains: 'fuzz.example.com',
      allow_subdomains: true,
      allow_localhost: false,
      allow_wildcard_certificates: false,
      allowed_uri_sans: 'spiffe://fuzz.example.com/*',
      allowed_other_sans: '1.2.3;utf8:x',
      allowed_user_ids: 'humphrey',
      allowed_serial_numbers: 'SN-*',
      key_type: 'ec',
      max_ttl: '1h',
      no_store: true,
      require_cn: false,
    },
    names: {
      DNS: fuzzHost,
      email: fuzzAddress,
      'IP Address': printable,
      URI: /^spiffe:\/\/fuzz\.example\.com\//,
      othername: /^1\.2\.3|^<unsupported>$/,
    },
    commonName: new RegExp(`^$|${fuzzCommonName.source}`, 'i'),
    maxTtl: 3600,
  },
  {
    name: 'open',
    parameters: {
      allow_any_name: true,
      enforce_hostnames: false,
      allowed_uri_sans: '*',
      allowed_other_sans: '*',
      allowed_user_ids: '*',
      allowed_serial_numbers: '*',
      cn_validations: 'disabled',
      key_type: 'any',
      max_ttl: '2h',
      no_store: true,
      require_cn: false,
    },
    names: { DNS: printable, email: printable, 'IP Address': printable, URI: printable, othername: printable },
    commonName: printable,
    maxTtl: 7200,
  },
]
