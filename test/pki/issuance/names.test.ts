import fc from 'fast-check'
import { domainToASCII } from 'node:url'
import t from 'tap'
import {
  allowsCommonName,
  allowsName,
  isHostname,
  matchesGlob,
  toAscii,
  type NameRules,
} from '../../../src/pki/issuance/names.ts'
import { roleDefaults } from '../../../src/pki/roles/role.ts'

const strict: NameRules = { ...roleDefaults, allowed_domains: ['example.com'] }
const sub: NameRules = { ...strict, allow_subdomains: true }
const bare: NameRules = { ...strict, allow_bare_domains: true }
const glob: NameRules = { ...strict, allow_glob_domains: true }
const any: NameRules = { ...strict, allowed_domains: [], allow_any_name: true }
const loose: NameRules = { ...any, enforce_hostnames: false }

const table: readonly (readonly [name: string, rules: NameRules, allowed: boolean])[] = [
  ['example.com', strict, false],
  ['example.com', bare, true],
  ['EXAMPLE.com', bare, true],
  ['example.com', sub, false],
  ['a.example.com', bare, false],
  ['a.example.com', sub, true],
  ['a.b.example.com', sub, true],
  ['A.EXAMPLE.COM', sub, true],
  ['aexample.com', sub, false],
  ['.example.com', sub, false],
  ['a.example.com.evil.org', sub, false],
  ['a.example.com.', sub, false],
  ['*.example.com', sub, true],
  ['*.a.example.com', sub, true],
  ['*.example.com', bare, false],
  ['*.example.com', { ...sub, allow_wildcard_certificates: false }, false],
  ['*.example.com', { ...any, allow_wildcard_certificates: false }, false],
  ['a*.example.com', sub, true],
  ['a*b.example.com', sub, true],
  ['*b.example.com', sub, true],
  ['-*.example.com', sub, false],
  ['*.*.example.com', sub, false],
  ['**.example.com', sub, false],
  ['a.*.example.com', sub, false],
  ['a.*.example.com', { ...loose }, false],
  ['*', any, true],
  ['*', sub, false],
  ['*.example.com', { ...bare, allowed_domains: ['*.example.com'] }, true],
  ['*.example.com', { ...glob, allowed_domains: ['*.example.com'] }, true],
  ['a.b.example.com', { ...glob, allowed_domains: ['*.example.com'] }, true],
  ['example.com', { ...glob, allowed_domains: ['*.example.com'] }, false],
  ['web-1.EXAMPLE.com', { ...glob, allowed_domains: ['WEB-*.example.com'] }, true],
  ['anything.at.all', { ...glob, allowed_domains: ['*'] }, true],
  ['anything.at.all', { ...sub, allowed_domains: ['*'] }, false],
  ['a.example.com', { ...sub, allowed_domains: [''] }, false],
  ['a.example.com', { ...sub, allowed_domains: ['', 'example.com'] }, true],
  ['localhost', strict, true],
  ['localdomain', strict, true],
  ['LOCALHOST', strict, false],
  ['localhost', { ...strict, allow_localhost: false }, false],
  ['a.localhost', strict, false],
  ['a.localhost', sub, true],
  ['*.localdomain', sub, true],
  ['user@localhost', strict, true],
  ['user@example.com', strict, false],
  ['user@example.com', bare, true],
  ['user@EXAMPLE.com', bare, true],
  ['user@a.example.com', sub, true],
  ['user@a.example.com', bare, false],
  ['user@example.com', sub, false],
  ['user@*.example.com', sub, false],
  ['a@b@a.example.com', sub, false],
  ['user@', any, false],
  ['user@example.com', { ...glob, allowed_domains: ['*@example.com'] }, true],
  ['a b.example.com', sub, false],
  ['a_b.example.com', sub, false],
  ['a_b.example.com', { ...sub, enforce_hostnames: false }, true],
  ['a..example.com', sub, false],
  ['-a.example.com', sub, false],
  ['a-.example.com', sub, false],
  [`${'a'.repeat(63)}.example.com`, sub, true],
  [`${'a'.repeat(64)}.example.com`, sub, false],
  [`*${'a'.repeat(62)}.example.com`, sub, true],
  [`*${'a'.repeat(63)}.example.com`, sub, false],
  [`${'a.'.repeat(121)}example.com`, sub, true],
  [`${'a.'.repeat(122)}example.com`, sub, false],
  ['münchen.example.com', sub, true],
  ['xn--mnchen-3ya.example.com', sub, true],
  ['xn--a.example.com', sub, false],
  ['ü/evil.org#.example.com', sub, false],
  ['192.0.2.1', any, true],
  ['any thing', any, false],
  ['any thing', loose, true],
  ['a\0.example.com', sub, false],
  ['a\0b', loose, false],
  ['a\nb', loose, false],
  ['\u212Aelvin.com', { ...bare, allowed_domains: ['kelvin.com'], enforce_hostnames: false }, false],
]

t.test('names are allowed as the table says', async (t) => {
  for (const [name, rules, allowed] of table) {
    const on = Object.keys(rules).filter(
      (field) => field.startsWith('allow') && rules[field as keyof NameRules] === true,
    )
    t.equal(
      allowsName(rules, name),
      allowed,
      `${JSON.stringify(name)}: ${on.join(' ')} ${rules.allowed_domains.join()}`,
    )
  }
})

t.test('a common name must be of a kind that cn_validations lists', async (t) => {
  const role = { ...roleDefaults, allowed_domains: ['example.com'], allow_bare_domains: true }
  const only = (...cn_validations: string[]) => ({ ...role, cn_validations })
  t.ok(allowsCommonName(role, 'example.com'))
  t.ok(allowsCommonName(role, 'a@example.com'))
  t.notOk(allowsCommonName(only('hostname'), 'a@example.com'))
  t.notOk(allowsCommonName(only('email'), 'example.com'))
  t.notOk(allowsCommonName(only('email'), 'a@evil.org'))
  t.ok(allowsCommonName(only('disabled'), 'Anything At All'))
  t.notOk(allowsCommonName(only('disabled'), 'a\0b'))
})

t.test('labels that are not ASCII become A-labels, ASCII stays as it is', async (t) => {
  t.equal(toAscii('münchen.Example.com'), 'xn--mnchen-3ya.Example.com')
  t.equal(toAscii('*.bücher.example.'), '*.xn--bcher-kva.example.')
  for (const bad of [
    '',
    '.',
    'a..b',
    '.a',
    'xn--a',
    'ü/x',
    'ü%41',
    'ü:1',
    '１２７.１',
    'ü。b',
    `${'ü'.repeat(64)}.com`,
  ]) {
    t.throws(() => toAscii(bad), { kind: 'invalid request', message: /^idna: invalid label "/ }, JSON.stringify(bad))
  }
})

/** Vault's validateNames, step by step as pki-behaviour.md 2.5 writes it down, with other means than the code's. */
const model = (rules: NameRules, name: string): boolean => {
  const ascii = (text: string) => {
    if (
      text
        .replace(/\.$/, '')
        .split('.')
        .some((label) => label === '' || label.length > 63)
    )
      return undefined
    if (/[^\x21-\x7e]/.test(text) && !/[ -,/:-@[-`{-\x7f]/.test(text)) return domainToASCII(text)
    return text.length <= 253 ? text : undefined
  }
  const isHost = (text: string) =>
    ascii(text)
      ?.replace(/^\*\./, '')
      .replace(/\.$/, '')
      .split('.')
      .every((label) => /^[a-z0-9-]+$/i.test(label) && !label.startsWith('-') && !label.endsWith('-')) ?? false
  if ([...name].some((character) => character < ' ' || character === '\x7f')) return false
  const at = name.split('@').length - 1
  if (at > 1) return false
  let reduced = at ? name.slice(name.indexOf('@') + 1) : name
  let wildcard: string | undefined
  if (reduced.includes('*')) {
    if (!rules.allow_wildcard_certificates) return false
    if (reduced.split('*').length > 2) return false
    const [first = '', ...rest] = reduced.split('.')
    if (rest.join('.').includes('*')) return false
    wildcard = first
    reduced = rest.join('.')
  }
  if (at && wildcard !== undefined) return false
  if (rules.enforce_hostnames) {
    if ((wildcard === undefined || reduced !== '') && !isHost(reduced)) return false
    if (wildcard !== undefined && wildcard !== '*') {
      const parts = wildcard.split('*').filter((part) => part !== '')
      if (!parts.every(isHost) || wildcard.length > 63 || wildcard.includes('.')) return false
    }
  }
  if (rules.allow_any_name) return true
  if (rules.allow_localhost) {
    if (/^local(host|domain)$/.test(reduced)) return true
    if (rules.allow_subdomains && /\.local(host|domain)$/.test(reduced)) return true
  }
  for (const entry of rules.allowed_domains.filter((domain) => domain !== '').map((domain) => domain.toLowerCase())) {
    const full = name.toLowerCase()
    const rest = reduced.toLowerCase()
    if (rules.allow_bare_domains && (full === entry || (at && rest === entry))) return true
    if (rules.allow_subdomains && `.${rest}`.endsWith(`.${entry}`)) {
      if (rest !== entry || wildcard !== undefined) return true
    }
    if (rules.allow_glob_domains && entry.includes('*')) {
      const escaped = entry.split('*').map((part) => part.replace(/[.\\^$+?()[\]{}|]/g, '\\$&'))
      if (new RegExp(`^${escaped.join('.*')}$`, 's').test(full)) return true
    }
  }
  return false
}

const namePart = fc.constantFrom(
  'a',
  'B',
  'example',
  'com',
  '*',
  'x*',
  '-',
  'localhost',
  '',
  'ü',
  ' ',
  '_',
  'a-b',
  '\0',
)
const anyName = fc.oneof(
  { weight: 4, arbitrary: fc.array(namePart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.')) },
  fc.tuple(namePart, namePart, namePart).map(([user, a, b]) => `${user}@${a}.${b}`),
  fc.string({ maxLength: 12 }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
)
const anyRules: fc.Arbitrary<NameRules> = fc.record({
  allow_any_name: fc.boolean(),
  allow_bare_domains: fc.boolean(),
  allow_glob_domains: fc.boolean(),
  allow_localhost: fc.boolean(),
  allow_subdomains: fc.boolean(),
  allow_wildcard_certificates: fc.boolean(),
  allowed_domains: fc.array(fc.oneof(anyName, fc.constantFrom('example.com', 'com', '*.com', '*')), { maxLength: 2 }),
  allowed_domains_template: fc.constant(false),
  enforce_hostnames: fc.boolean(),
})

t.test('the rules agree with a slow, obvious model', async () => {
  fc.assert(
    fc.property(anyRules, anyName, (rules, name) => allowsName(rules, name) === model(rules, name)),
    { numRuns: 5000 },
  )
})

t.test('an enforced host name that is allowed is a host name in ASCII', async () => {
  fc.assert(
    fc.property(anyRules, anyName, (rules, name) => {
      fc.pre(!name.includes('@') && allowsName({ ...rules, enforce_hostnames: true }, name))
      // A wildcard inside of a label is allowed, and is no name for the DNS.
      return isHostname(toAscii(name.replace(/^[^.]*\*[^.]*/, 'x')))
    }),
  )
})

t.test('a glob matches what the same regular expression matches', async () => {
  const piece = fc.array(fc.constantFrom('a', 'b', '.', '*'), { maxLength: 8 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(piece, piece, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
      return matchesGlob(pattern, text) === expression.test(text)
    }),
    { numRuns: 2000 },
  )
})

t.test('a hostile pattern and name cost no more than their length', async (t) => {
  const started = process.hrtime.bigint()
  allowsName({ ...glob, allowed_domains: [`${'*a'.repeat(2000)}b`] }, 'a'.repeat(20_000))
  allowsName(any, `${'a'.repeat(200_000)}*`)
  isHostname(`${'a-'.repeat(120)}.`)
  t.ok(Number(process.hrtime.bigint() - started) / 1e6 < 500)
})
