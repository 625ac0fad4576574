/**
 * Which role has which common name? Stated by hand from what Vault's documentation says of each flag, one row a name,
 * one column a role: `+` allowed, `-` not allowed by the role, `i` no domain name in any role, `m` no mailbox.
 */
import type { NameRules } from '../../../src/pki/issuance/names.ts'

type Flags = Partial<NameRules>

/** Every role allows `example.com` unless it says otherwise; a flag that is not named has Vault's default. */
export const columns: readonly (readonly [name: string, flags: Flags])[] = [
  ['none', {}],
  ['bare', { allow_bare_domains: true }],
  ['sub', { allow_subdomains: true }],
  ['bare and sub', { allow_bare_domains: true, allow_subdomains: true }],
  ['glob', { allow_glob_domains: true, allowed_domains: ['*.example.com'] }],
  ['glob in a label', { allow_glob_domains: true, allowed_domains: ['web-*.example.com'] }],
  ['any', { allow_any_name: true, allowed_domains: [] }],
  ['any, loose', { allow_any_name: true, allowed_domains: [], enforce_hostnames: false }],
  ['any, no wildcards', { allow_any_name: true, allowed_domains: [], allow_wildcard_certificates: false }],
  ['sub, no wildcards', { allow_subdomains: true, allow_wildcard_certificates: false }],
  ['sub, no localhost', { allow_subdomains: true, allow_localhost: false }],
  ['sub, loose', { allow_subdomains: true, enforce_hostnames: false }],
  ['bare asterisk', { allow_bare_domains: true, allowed_domains: ['*.example.com'] }],
]

interface Row {
  name: string
  /** In the order of `columns`. */
  verdicts: string
  /** The label that an `i` complains of. */
  label?: string
  /** What OpenBao says where that is something else, and why we do not. */
  peer?: { verdicts: string; reason: string }
}

const long = (length: number): string => 'x'.repeat(length)

const caseReason = 'OpenBao minds the case of sub-domains and globs; to the DNS it makes no difference'

export const rows: readonly Row[] = [
  { name: 'example.com', verdicts: '-+-+--+++----' },
  { name: 'EXAMPLE.COM', verdicts: '-+-+--+++----' },
  { name: 'a.example.com', verdicts: '--+++-++++++-' },
  { name: 'A.EXAMPLE.COM', verdicts: '--+++-++++++-', peer: { verdicts: '------+++----', reason: caseReason } },
  { name: 'a.b.example.com', verdicts: '--+++-++++++-' },
  { name: 'web-1.example.com', verdicts: '--++++++++++-' },
  { name: 'web-1.a.example.com', verdicts: '--++++++++++-' },
  { name: 'badexample.com', verdicts: '------+++----' },
  { name: 'example.com.evil.org', verdicts: '------+++----' },
  { name: 'a.example.com.evil.org', verdicts: '------+++----' },
  { name: 'example.org', verdicts: '------+++----' },
  { name: 'example', verdicts: '------+++----' },
  { name: 'com', verdicts: '------+++----' },

  { name: '*.example.com', verdicts: '--+++-++--+++' },
  { name: '*.a.example.com', verdicts: '--+++-++--++-' },
  { name: 'w*.example.com', verdicts: '--+++-++--++-' },
  { name: '*w.example.com', verdicts: '--+++-++--++-' },
  { name: 'w*w.example.com', verdicts: '--+++-++--++-' },
  { name: 'web-*.example.com', verdicts: '-------+---+-' },
  { name: 'a.*.example.com', verdicts: '-------------' },
  { name: '*.*.example.com', verdicts: '-------------' },
  { name: '**.example.com', verdicts: '-------------' },
  { name: '*', verdicts: '------++-----' },
  { name: '*.com', verdicts: '------++-----' },
  { name: '*.example.org', verdicts: '------++-----' },

  { name: 'localhost', verdicts: '++++++++++-++' },
  { name: 'localdomain', verdicts: '++++++++++-++' },
  { name: 'LOCALHOST', verdicts: '------+++----' },
  { name: 'a.localhost', verdicts: '--++--++++-+-' },
  { name: 'a.localdomain', verdicts: '--++--++++-+-' },
  { name: '*.localhost', verdicts: '++++++++---++' },
  { name: 'localhost.evil.org', verdicts: '------+++----' },

  { name: 'user@example.com', verdicts: '-+-+--+++----' },
  { name: 'user@EXAMPLE.com', verdicts: '-+-+--+++----' },
  { name: 'user@a.example.com', verdicts: '--+++-++++++-' },
  { name: 'user@localhost', verdicts: '++++++++++-++' },
  { name: 'user@example.org', verdicts: '------+++----' },
  { name: 'user@*.example.com', verdicts: '-------------' },
  {
    name: 'user@',
    verdicts: '-------m-----',
    peer: { verdicts: '------+++----', reason: 'what has no host is no enforced host name' },
  },
  {
    name: '@example.com',
    verdicts: '-m-m--mmm----',
    peer: { verdicts: '-+-+--+++----', reason: 'RFC 5321 §4.1.2: a mailbox has a local part' },
  },
  { name: 'a@b@example.com', verdicts: '-------------' },
  {
    name: 'us er@example.com',
    verdicts: '-m-m--mmm----',
    peer: { verdicts: '-+-+--+++----', reason: 'RFC 5321 §4.1.2: no space in a local part that is not quoted' },
  },

  { name: '192.0.2.1', verdicts: '------+++----' },
  { name: '1.example.com', verdicts: '--+++-++++++-' },
  { name: 'a--b.example.com', verdicts: '--+++-++++++-' },
  { name: 'ab--c.example.com', verdicts: '--+++-++++++-' },
  { name: 'a b.example.com', verdicts: '-------+---+-' },
  { name: 'a_b.example.com', verdicts: '-------+---+-' },
  { name: '-a.example.com', verdicts: '-------+---+-' },
  { name: 'a-.example.com', verdicts: '-------+---+-' },
  { name: 'a/b.example.com', verdicts: '-------+---+-' },
  { name: 'https://a.example.com', verdicts: '-------+---+-' },
  { name: 'a.example.com:443', verdicts: '-------+-----' },
  { name: 'example.com ', verdicts: '-------+-----' },
  { name: 'a.example.com.', verdicts: '------+++----' },
  { name: 'xn--bcher-kva.example.com', verdicts: '--+++-++++++-' },
  { name: 'bücher.example.com', verdicts: '--+++-++++++-' },
  { name: `${long(63)}.example.com`, verdicts: '--+++-++++++-' },

  { name: `${long(64)}.example.com`, verdicts: 'iiiiiiiiiiiii', label: long(64) },
  { name: 'a..example.com', verdicts: 'iiiiiiiiiiiii', label: 'a..example.com' },
  { name: '.example.com', verdicts: 'iiiiiiiiiiiii', label: '.example.com' },
  {
    name: 'xn--a.example.com',
    verdicts: 'iiiiiiiiiiiii',
    label: 'xn--a',
    peer: { verdicts: '--+++-++++++-', reason: 'RFC 5891 §5.4: what looks like an A-label must be one' },
  },
  {
    name: 'a\0.example.com',
    verdicts: '-------------',
    peer: { verdicts: '-------+---+-', reason: 'no role lets a control character into a certificate' },
  },
  {
    name: 'a\n.example.com',
    verdicts: '-------------',
    peer: { verdicts: '-------+---+-', reason: 'no role lets a control character into a certificate' },
  },
]

/** What a refusal says; `undefined`: none. */
export const refusalOf = ({ name, verdicts, label }: Row, column: number): string | undefined => {
  if (verdicts[column] === '+') return undefined
  if (verdicts[column] === 'i') return `idna: invalid label ${JSON.stringify(label)}`
  if (verdicts[column] === 'm') return `email address ${name} is not a valid one and cannot be included as a SAN`
  return `common name ${name} not allowed by this role`
}
