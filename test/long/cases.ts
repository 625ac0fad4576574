/** What is sent: a path and a body, chosen at random. */
import { anyCsr } from './csrs.ts'
import { mutate } from './mutate.ts'
import type { Random } from './random.ts'
import { roles, type RoleRules } from './roles.ts'
import { anyValue, hostileText } from './values.ts'

export interface Case {
  path: string
  body: string | Buffer
  /** A certificate that comes back must keep them. */
  rules: RoleRules | undefined
}

const issueFields = [
  'common_name',
  'alt_names',
  'ip_sans',
  'uri_sans',
  'other_sans',
  'user_ids',
  'serial_number',
  'ttl',
  'not_after',
  'not_before',
  'format',
  'private_key_format',
  'exclude_cn_from_sans',
  'remove_roots_from_chain',
  'key_type',
  'key_bits',
  'issuer_ref',
  'role',
  'unheard_of',
  '__proto__',
]

const roleFields = [
  'allowed_domains',
  'allow_subdomains',
  'allow_bare_domains',
  'allow_glob_domains',
  'allow_any_name',
  'enforce_hostnames',
  'allow_ip_sans',
  'allowed_uri_sans',
  'allowed_other_sans',
  'allowed_ip_sans_cidr',
  'allowed_serial_numbers',
  'allowed_user_ids',
  'key_bits',
  'signature_bits',
  'use_pss',
  'key_usage',
  'ext_key_usage',
  'ext_key_usage_oids',
  'use_csr_common_name',
  'use_csr_sans',
  'organization',
  'country',
  'require_cn',
  'cn_validations',
  'policy_identifiers',
  'basic_constraints_valid_for_non_ca',
  'not_before_duration',
  'not_after',
  'not_after_bound',
  'not_before_bound',
  'ttl',
  'max_ttl',
  'issuer_ref',
  'generate_lease',
]

const hosts = ['a.fuzz.example.com', 'b.fuzz.example.com', 'user@a.fuzz.example.com']

const someOf = (fields: readonly string[], random: Random, most: number): Record<string, unknown> => {
  // A plain object would take `__proto__` for something else than a name.
  const body = new Map<string, unknown>()
  for (let left = random.int(most + 1); left > 0; left--) {
    body.set(random.pick(fields), random.chance(0.5) ? hostileText(random) : anyValue(random))
  }
  return Object.fromEntries(body)
}

const manyNames = (count: number): string => Array.from({ length: count }, (_, at) => `n${at}.fuzz.example.com`).join()

const issueBody = (random: Random): object => ({
  ...(random.chance(0.8) && { common_name: random.pick(hosts) }),
  ...(random.chance(0.002) && { alt_names: manyNames(10_000) }),
  ...someOf(issueFields, random, 3),
})

const kinds: readonly ((random: Random) => { path: string; body: object; rules: RoleRules | undefined })[] = [
  (random) => {
    const rules = random.pick(roles)
    // Not `any`: a key of 8192 bits, asked for by chance, would be all that this run makes.
    const strict = rules.name === 'open' ? roles[0] : rules
    return { path: `issue/${strict?.name}`, body: issueBody(random), rules: strict }
  },
  (random) => {
    const rules = random.pick(roles)
    return { path: `sign/${rules.name}`, body: { ...someOf(issueFields, random, 1), csr: anyCsr(random) }, rules }
  },
  (random) => {
    const rules = random.pick(roles)
    return { path: `sign/${rules.name}`, body: { csr: anyCsr(random) }, rules }
  },
  (random) => ({
    path: 'roles/fuzz',
    body: { ...someOf(roleFields, random, 4), no_store: true, key_type: 'any' },
    rules: undefined,
  }),
  (random) => ({ path: 'sign/fuzz', body: { csr: anyCsr(random) }, rules: undefined }),
  (random) => ({ path: 'sign-verbatim', body: { csr: anyCsr(random), ttl: '1h' }, rules: undefined }),
]

/** Signing most, since most can go wrong there. */
const weights = [0, 1, 1, 2, 2, 2, 3, 4, 5]

export const anyCase = (random: Random): Case => {
  const kind = kinds[random.pick(weights)]
  if (!kind) throw new Error('a weight without a kind')
  const { path, body, rules } = kind(random)
  const text = JSON.stringify(body)
  if (random.chance(0.9)) return { path, body: text, rules }
  return { path, body: mutate(Buffer.from(text), random, Buffer.from('{"csr":[],"common_name":null}')), rules }
}
