/**
 * May this role have this name? The rules of Vault's `validateNames`, and the form a name takes in a certificate.
 *
 * Two differences from Vault, both on purpose: domains are compared without regard to case everywhere (DNS is; Vault
 * forgets it for sub-domains), and control characters are refused whatever the role says.
 */
import { domainToASCII, domainToUnicode } from 'node:url'
import { invalidRequest } from '../../errors.ts'
import type { Role } from '../roles/schema.ts'

export type NameRules = Pick<
  Role,
  | 'allow_any_name'
  | 'allow_bare_domains'
  | 'allow_glob_domains'
  | 'allow_localhost'
  | 'allow_subdomains'
  | 'allow_wildcard_certificates'
  | 'allowed_domains'
  | 'allowed_domains_template'
  | 'enforce_hostnames'
>

const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const hostname = new RegExp(`^(?:\\*\\.)?(?:${label}\\.)*${label}\\.?$`)
/** RFC 6125 §6.4.3: one wildcard, alone or at the start, the end or inside of the leftmost label. */
const wildcardLabel = new RegExp(`^(?:\\*|\\*${label}|${label}\\*|${label}\\*${label})$`)

/** A DNS name as a certificate carries it; a leading `*.` is fine. */
export const isHostname = (name: string): boolean => hostname.test(name)

/** Only ASCII: a letter of another alphabet never becomes equal to one of a domain. */
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

const invalidLabel = (text: string) => invalidRequest(`idna: invalid label ${JSON.stringify(text)}`)

/** RFC 1035 §2.3.4. */
const fitsLabel = (ascii: string): boolean => ascii.length > 0 && ascii.length <= 63

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text)

/** One label as an A-label, or `undefined`. */
const labelToAscii = (text: string): string | undefined => {
  const claimsToBeALabel = text.startsWith('xn--')
  if (isAscii(text) && !claimsToBeALabel) return fitsLabel(text) ? text : undefined
  // Both functions parse a URL: a slash, a colon or a percent sign in the label would end it or be decoded.
  if (!/^[a-zA-Z0-9\x80-\uffff-]*$/.test(text)) return undefined
  // RFC 5891 §5.4: what looks like an A-label must be one.
  if (claimsToBeALabel && isAscii(domainToUnicode(text))) return undefined
  // A label of digits is read as an IPv4 address, and other dots become dots: both show as a dot in the result.
  const ascii = domainToASCII(text)
  return fitsLabel(ascii) && !ascii.includes('.') ? ascii : undefined
}

/**
 * The name with every label that is not ASCII as an A-label (RFC 5890); what is ASCII stays as it is, also in case.
 * @throws ChanceryError `idna: invalid label "…"`: a label that is empty or too long or has no A-label, a name over 253
 */
export const toAscii = (name: string): string => {
  const labels = name.split('.')
  const rooted = labels.length > 1 && labels.at(-1) === '' ? '.' : ''
  if (rooted) labels.pop()
  const ascii = labels.map((text) => {
    const converted = labelToAscii(text)
    // Go names the whole name where there is no label to name.
    if (converted === undefined) throw invalidLabel(text || name)
    return converted
  })
  const joined = ascii.join('.')
  if (joined.length > 253) throw invalidLabel(joined)
  return joined + rooted
}

const becomesHostname = (name: string): boolean => {
  try {
    return isHostname(toAscii(name))
  } catch {
    return false
  }
}

/** `*` is any run of characters, dots included; anything else is itself. Linear in both, whatever the pattern. */
export const matchesGlob = (pattern: string, text: string): boolean => {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === text
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/** What the rules look at. */
interface DissectedName {
  full: string
  /** The host of an e-mail address; a wildcard name without its first label. */
  reduced: string
  isEmail: boolean
  /** The first label of a wildcard name. */
  wildcard: string | undefined
}

const hasControlCharacter = (name: string): boolean => /[\0-\x1f\x7f]/.test(name)

/** `undefined` for what is no name at all, under any role. */
const dissect = (name: string): DissectedName | undefined => {
  if (hasControlCharacter(name)) return undefined
  const parts = name.split('@')
  if (parts.length > 2) return undefined
  const isEmail = parts.length === 2
  const host = parts.at(-1) ?? ''
  if (!host.includes('*')) return { full: name, reduced: host, isEmail, wildcard: undefined }
  const dot = host.indexOf('.')
  const [first, rest] = dot < 0 ? [host, ''] : [host.slice(0, dot), host.slice(dot + 1)]
  if (isEmail || rest.includes('*') || first.indexOf('*') !== first.lastIndexOf('*')) return undefined
  return { full: name, reduced: rest, isEmail, wildcard: first }
}

const isWellFormed = ({ reduced, wildcard }: DissectedName): boolean => {
  if (wildcard === undefined) return becomesHostname(reduced)
  // A wildcard alone leaves nothing to check but its own label.
  return fitsLabel(wildcard) && wildcardLabel.test(wildcard) && (reduced === '' || becomesHostname(reduced))
}

/** Vault looks at what is left of the name, so `*.localhost` needs no `allow_subdomains`. */
const allowsAsLocalhost = (rules: NameRules, { reduced }: DissectedName): boolean =>
  ['localhost', 'localdomain'].some(
    (local) => reduced === local || (rules.allow_subdomains && reduced.endsWith(`.${local}`)),
  )

const allowsByDomain = (rules: NameRules, name: DissectedName, entry: string): boolean => {
  if (entry === '') return false
  const domain = lower(entry)
  const full = lower(name.full)
  const reduced = lower(name.reduced)
  if (rules.allow_bare_domains && (full === domain || (name.isEmail && reduced === domain))) return true
  if (rules.allow_subdomains) {
    if (reduced.endsWith(`.${domain}`) || (name.wildcard !== undefined && reduced === domain)) return true
  }
  return rules.allow_glob_domains && domain.includes('*') && matchesGlob(domain, full)
}

/** `{{identity.entity.name}}`: what it stands for is known only of a caller with an entity. */
const isTemplate = (entry: string): boolean => entry.includes('{{')

/** The entries that hold for this caller: a template without an entity to fill it stands for nothing. */
export const entriesOf = (entries: readonly string[], mayBeTemplates: boolean): readonly string[] =>
  mayBeTemplates ? entries.filter((entry) => !isTemplate(entry)) : entries

/** Vault's rules for a DNS name or an e-mail address, wherever it came from. */
export const allowsName = (rules: NameRules, name: string): boolean => {
  const dissected = dissect(name)
  if (!dissected) return false
  // Both of these hold even where any name is allowed.
  if (dissected.wildcard !== undefined && !rules.allow_wildcard_certificates) return false
  if (rules.enforce_hostnames && !isWellFormed(dissected)) return false
  if (rules.allow_any_name) return true
  if (rules.allow_localhost && allowsAsLocalhost(rules, dissected)) return true
  return entriesOf(rules.allowed_domains, rules.allowed_domains_template).some((entry) =>
    allowsByDomain(rules, dissected, entry),
  )
}

/** As `allowsName`; besides, `cn_validations` says which kinds of name a common name may be, or asks for no check. */
export const allowsCommonName = (rules: NameRules & Pick<Role, 'cn_validations'>, name: string): boolean => {
  if (rules.cn_validations.includes('disabled')) return !hasControlCharacter(name)
  return allowsName(rules, name) && rules.cn_validations.includes(name.includes('@') ? 'email' : 'hostname')
}
