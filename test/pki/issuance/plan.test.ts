import fc from 'fast-check'
import t from 'tap'
import { allowsCommonName, allowsName } from '../../../src/pki/issuance/names.ts'
import { planCertificate, type CsrNames, type IssuanceRequest } from '../../../src/pki/issuance/plan.ts'
import { roleDefaults } from '../../../src/pki/roles/role.ts'
import type { Role } from '../../../src/pki/roles/schema.ts'
import { generalNameText, type GeneralName } from '../../../src/x509/general-names.ts'

const now = new Date('2026-03-01T12:00:00Z')
const mount = { defaultLeaseTtl: 3600, maxLeaseTtl: 86_400 }
const noNames: CsrNames = { commonName: '', serialNumber: '', userIds: [], sans: [], hasBasicConstraints: false }

const role = (changes: Partial<Role> = {}): Role => ({
  ...roleDefaults,
  allowed_domains: ['example.com'],
  allow_bare_domains: true,
  allow_subdomains: true,
  ...changes,
})

const plan = (rules: Role, request: IssuanceRequest, csr?: Partial<CsrNames>) =>
  planCertificate(now, rules, request, csr && { ...noNames, ...csr }, mount)

const names = (rules: Role, request: IssuanceRequest, csr?: Partial<CsrNames>): string[] =>
  plan(rules, request, csr).sans.map(generalNameText)

const message = (rules: Role, request: IssuanceRequest, csr?: Partial<CsrNames>): string => {
  try {
    plan(rules, request, csr)
    return 'allowed'
  } catch (error) {
    return (error as Error).message
  }
}

const dns = (value: string): GeneralName => ({ kind: 'dns', value })

t.test('the common name is the first alternative name, unless it is excluded or cannot be one', async (t) => {
  const alt_names = 'b.example.com, a.example.com,b.example.com, '
  t.same(names(role(), { common_name: 'example.com', alt_names }), [
    'DNS:example.com',
    'DNS:b.example.com',
    'DNS:a.example.com',
  ])
  t.same(names(role(), { common_name: 'example.com', exclude_cn_from_sans: true }), [])
  t.same(names(role({ cn_validations: ['disabled'] }), { common_name: 'John Doe' }), [])
  t.same(names(role(), { common_name: 'joe@example.com' }), ['email:joe@example.com'])
  t.same(names(role({ allow_any_name: true }), { common_name: '192.0.2.1' }), ['DNS:192.0.2.1'])
  t.same(names(role({ require_cn: false }), { alt_names: 'z@example.com,a@example.com' }), [
    'email:a@example.com',
    'email:z@example.com',
  ])
  t.same(names(role({ allow_any_name: true }), { common_name: 'bücher.example' }), ['DNS:xn--bcher-kva.example'])
})

t.test('kinds of names stand in the order of the extension', async (t) => {
  const rules = role({
    allowed_uri_sans: ['spiffe://example.com/*'],
    allowed_other_sans: ['1.3.6.1.4.1.311.20.2.3;utf8:*'],
  })
  t.same(
    names(rules, {
      common_name: 'example.com',
      alt_names: 'a@example.com',
      ip_sans: ['192.0.2.1', '2001:db8::1'],
      uri_sans: ['spiffe://example.com/web'],
      other_sans: ['1.3.6.1.4.1.311.20.2.3;UTF8:joe'],
    }),
    [
      'other:1.3.6.1.4.1.311.20.2.3;UTF8:joe',
      'DNS:example.com',
      'email:a@example.com',
      'IP:192.0.2.1',
      'IP:2001:db8::1',
      'URI:spiffe://example.com/web',
    ],
  )
})

t.test('a subject takes its attributes from the role, and its name from the request', async (t) => {
  const rules = role({
    ou: ['A', 'B'],
    organization: ['HashiCorp'],
    allowed_serial_numbers: ['4*'],
    allowed_user_ids: ['Joe'],
  })
  t.match(plan(rules, { common_name: 'example.com', serial_number: '42', user_ids: ['joe'] }).subject, {
    commonName: 'example.com',
    organization: ['HashiCorp'],
    organizationalUnit: ['A', 'B'],
    serialNumber: '42',
    userIds: ['joe'],
  })
})

t.test('the first thing that the role forbids is named in the words of Vault', async (t) => {
  const cn = { common_name: 'example.com' }
  const table: readonly (readonly [rules: Role, request: IssuanceRequest, message: string])[] = [
    [
      role(),
      {},
      'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
    ],
    [role(), { common_name: 'evil.org', alt_names: 'worse.org' }, 'common name evil.org not allowed by this role'],
    [role(), { ...cn, alt_names: 'evil.org' }, 'subject alternate name evil.org not allowed by this role'],
    [role(), { ...cn, alt_names: 'joe@evil.org' }, 'email address joe@evil.org not allowed by this role'],
    [
      role(),
      { ...cn, alt_names: 'a_b.example.com' },
      'subject alternate name a_b.example.com is not a valid DNS name and cannot be included as a SAN',
    ],
    [role(), { ...cn, alt_names: 'a..example.com' }, 'idna: invalid label "a..example.com"'],
    [role(), { ...cn, serial_number: '42' }, 'serial_number 42 not allowed by this role'],
    [role(), { ...cn, user_ids: ['joe'] }, 'user_id joe is not allowed by this role'],
    [role(), { ...cn, ip_sans: ['localhost'] }, 'the value "localhost" is not a valid IP address'],
    [
      role({ allow_ip_sans: false }),
      { ...cn, ip_sans: ['192.0.2.1'] },
      'IP Subject Alternative Names are not allowed in this role, but was provided via the API',
    ],
    [
      role(),
      { ...cn, uri_sans: ['https://a'] },
      'URI Subject Alternative Names are not allowed in this role, but were provided via the API',
    ],
    [
      role({ allowed_uri_sans: ['https://b'] }),
      { ...cn, uri_sans: ['https://a'] },
      'URI Subject Alternative Names were provided via the API which are not valid for this role',
    ],
    [
      role({ allowed_uri_sans: ['*'] }),
      { ...cn, uri_sans: ['not a uri'] },
      'the provided URI Subject Alternative Name "not a uri" is not a valid URI',
    ],
    [role(), { ...cn, other_sans: ['1.2.3;utf8:x'] }, 'other SAN OID 1.2.3 not allowed by this role'],
    [
      role({ allowed_other_sans: ['1.2.3;utf-8:a*'] }),
      { ...cn, other_sans: ['1.2.3;utf8:x'] },
      'other SAN x not allowed for OID 1.2.3 by this role',
    ],
    [
      role(),
      { ...cn, other_sans: ['1.2.3'] },
      'could not parse requested other SAN: expected a semicolon in other SAN "1.2.3"',
    ],
    [
      role({ allow_any_name: true }),
      { common_name: 'a\0.example.com' },
      'common name a\0.example.com not allowed by this role',
    ],
  ]
  for (const [rules, request, text] of table) t.equal(message(rules, request), text)
})

t.test('IP addresses lie in the networks of the role, whatever they came from', async (t) => {
  const rules = role({ allowed_ip_sans_cidr: ['10.0.0.0/8', '2001:db8::/32'] })
  const cn = { common_name: 'example.com' }
  t.same(names(rules, { ...cn, ip_sans: ['10.1.2.3', '2001:db8::1', '::ffff:10.0.0.1'] }).slice(1), [
    'IP:10.1.2.3',
    'IP:2001:db8::1',
    'IP:::ffff:10.0.0.1',
  ])
  const refused = 'the IP address "192.0.2.1" is not allowed in this role'
  t.equal(message(rules, { ...cn, ip_sans: ['10.1.2.3', '192.0.2.1'] }), refused)
  t.equal(message(rules, cn, { sans: [{ kind: 'ip', value: '192.0.2.1' }] }), refused)
  t.equal(
    message(role({ allowed_ip_sans_cidr: ['0.0.0.0/0'] }), { ...cn, ip_sans: ['::1'] }),
    refused.replace('192.0.2.1', '::1'),
  )
})

t.test('a template stands for nothing while the caller has no entity, and other entries still hold', async (t) => {
  const template = '{{identity.entity.name}}'
  const rules = { allowed_domains: [template, 'example.com'], allowed_domains_template: true, allow_glob_domains: true }
  t.equal(message(role(rules), { common_name: 'a.example.com' }), 'allowed')
  for (const name of [template, `a.${template}`]) {
    const asked = { ...rules, enforce_hostnames: false, allowed_domains: [template] }
    t.equal(message(role(asked), { common_name: name }), `common name ${name} not allowed by this role`)
  }
  t.equal(
    message(role({ allowed_uri_sans: ['spiffe://{{identity.entity.name}}/*'], allowed_uri_sans_template: true }), {
      common_name: 'example.com',
      uri_sans: ['spiffe://{{identity.entity.name}}/x'],
    }),
    'URI Subject Alternative Names were provided via the API which are not valid for this role',
  )
})

t.test('serial_number_source says whether a CSR may bring one', async (t) => {
  const rules = { allowed_serial_numbers: ['4*'] }
  const csr = { serialNumber: '42' }
  const cn = { common_name: 'example.com' }
  t.equal(plan(role(rules), cn, csr).subject.serialNumber, '42')
  t.equal(plan(role(rules), { ...cn, serial_number: '43' }, csr).subject.serialNumber, '43')
  t.equal(plan(role({ ...rules, serial_number_source: 'json' }), cn, csr).subject.serialNumber, '')
})

t.test('a certificate has no more names than anybody reads', async (t) => {
  const alt_names = Array.from({ length: 10_000 }, (_, at) => `n${at}.example.com`).join(',')
  t.equal(
    message(role(), { common_name: 'example.com', alt_names }),
    'a certificate with 10001 names was asked for: at most 1000 are possible',
  )
})

t.test('a role that enforces no host names still makes none that cannot be read', async (t) => {
  const rules = role({ allow_any_name: true, enforce_hostnames: false })
  const bring = (san: GeneralName) => message(rules, { common_name: 'example.com' }, { sans: [san] })
  t.equal(bring(dns('a_b.example.com')), 'allowed')
  for (const name of ['a b', 'a..b', 'x'.repeat(64), '-a.b', '']) {
    t.equal(bring(dns(name)), `subject alternate name ${name} is not a valid DNS name and cannot be included as a SAN`)
  }
  t.equal(
    bring({ kind: 'email', value: 'a b@example.com' }),
    'email address a b@example.com is not a valid one and cannot be included as a SAN',
  )
})

t.test('a CSR provides names where the role says so, and the request where not', async (t) => {
  const csr = {
    commonName: 'csr.example.com',
    sans: [dns('san.example.com'), { kind: 'ip', value: '192.0.2.1' }] as const,
  }
  const request = { common_name: 'api.example.com', alt_names: 'alt.example.com', ip_sans: ['192.0.2.2'] }
  t.same(names(role(), request, csr), ['DNS:san.example.com', 'DNS:csr.example.com', 'IP:192.0.2.1'])
  t.same(names(role({ use_csr_common_name: false }), request, csr), [
    'DNS:san.example.com',
    'DNS:api.example.com',
    'IP:192.0.2.1',
  ])
  t.same(names(role({ use_csr_sans: false }), request, csr), [
    'DNS:csr.example.com',
    'DNS:alt.example.com',
    'IP:192.0.2.2',
  ])
  t.equal(plan(role(), request, { commonName: '' }).subject.commonName, 'api.example.com')
  t.same(plan(role(), request, csr).warnings, [
    'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    'the alt_names field was provided but the role is set with "use_csr_sans" set to true',
  ])
})

t.test('what a CSR brings is held against the role like anything else', async (t) => {
  const bring = (csr: Partial<CsrNames>) => message(role({ allow_ip_sans: false }), { common_name: 'example.com' }, csr)
  t.equal(bring({ commonName: 'evil.org' }), 'common name evil.org not allowed by this role')
  t.equal(bring({ serialNumber: '42' }), 'serial_number 42 not allowed by this role')
  t.equal(bring({ userIds: ['joe'] }), 'user_id joe is not allowed by this role')
  t.equal(bring({ sans: [dns('evil.org')] }), 'subject alternate name evil.org not allowed by this role')
  t.equal(bring({ sans: [dns('')] }), 'subject alternate name  not allowed by this role')
  t.equal(bring({ sans: [dns('a\0.example.com')] }), 'subject alternate name a\0.example.com not allowed by this role')
  t.equal(
    bring({ sans: [{ kind: 'email', value: 'a@evil.org' }] }),
    'email address a@evil.org not allowed by this role',
  )
  t.equal(
    bring({ sans: [{ kind: 'ip', value: '192.0.2.1' }] }),
    'IP Subject Alternative Names are not allowed in this role, but was provided via CSR',
  )
  t.equal(
    bring({ sans: [{ kind: 'uri', value: 'https://a' }] }),
    'URI Subject Alternative Names are not allowed in this role, but were provided via CSR',
  )
  t.equal(
    bring({ sans: [{ kind: 'other', oid: '1.2.3', value: 'x' }] }),
    'other SAN OID 1.2.3 not allowed by this role',
  )
})

t.test('basic constraints of a CSR are ignored, which is said unless the role makes its own', async (t) => {
  const warnings = (csr: Partial<CsrNames>, rules = role()) =>
    plan(rules, { common_name: 'example.com' }, csr).warnings.slice(1)
  const basicConstraints = 'specified CSR contained a Basic Constraints extension that was ignored during issuance'
  t.same(warnings({ hasBasicConstraints: true }), [basicConstraints])
  t.same(warnings({ hasBasicConstraints: true }, role({ basic_constraints_valid_for_non_ca: true })), [])
})

const someName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('example.com', 'a.example.com', 'joe@example.com', 'localhost') },
  fc.constantFrom('*.example.com', 'A.Example.Com', 'evil.org', 'joe@evil.org', 'a b', '', 'x_y.example.com', 'a\0b'),
)
const mostly = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false))
const few = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 2 })
const someUri = fc.constantFrom('https://example.com/a', 'spiffe://x/y', 'nonsense')
const someRole: fc.Arbitrary<Role> = fc
  .record({
    allow_any_name: fc.boolean(),
    allow_bare_domains: mostly,
    allow_glob_domains: fc.boolean(),
    allow_ip_sans: mostly,
    allow_localhost: fc.boolean(),
    allow_subdomains: mostly,
    allow_wildcard_certificates: fc.boolean(),
    allowed_domains: fc.subarray(['example.com', '*.example.com', 'localhost'], { minLength: 1 }),
    allowed_serial_numbers: fc.constantFrom<string[]>([], ['1*'], ['1*']),
    allowed_uri_sans: fc.subarray(['https://*', 'spiffe://x/y']),
    allowed_user_ids: fc.subarray(['joe']),
    cn_validations: fc.constantFrom<string[]>(['email', 'hostname'], ['email'], ['hostname']),
    enforce_hostnames: fc.boolean(),
    max_ttl: fc.constantFrom(0, 60),
    require_cn: fc.boolean(),
    use_csr_common_name: fc.boolean(),
    use_csr_sans: fc.boolean(),
  })
  .map((changes): Role => ({ ...roleDefaults, ...changes }))
const someRequest = fc.record({
  common_name: someName,
  alt_names: few(someName).map((list) => list.join(',')),
  ip_sans: fc.subarray(['192.0.2.1', '::1']),
  uri_sans: fc.oneof(fc.constant<string[]>([]), few(someUri)),
  serial_number: fc.constantFrom('', '', '12', '21'),
  user_ids: fc.constantFrom<string[]>([], [], ['joe'], ['jane']),
  exclude_cn_from_sans: fc.boolean(),
  ttl: fc.constantFrom(0, 30, 100_000),
})
const someCsr = fc.option(
  fc.record({
    commonName: someName,
    serialNumber: fc.constantFrom('', '', '12', '21'),
    userIds: fc.constantFrom<string[]>([], [], ['joe'], ['jane']),
    sans: fc.array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: someName.map((value) => ({
            kind: value.includes('@') ? ('email' as const) : ('dns' as const),
            value,
          })),
        },
        someUri.map((value) => ({ kind: 'uri' as const, value })),
        fc.constant({ kind: 'ip' as const, value: '192.0.2.1' }),
      ),
      { maxLength: 2 },
    ),
    hasBasicConstraints: fc.boolean(),
  }),
  { nil: undefined },
)

t.test('a plan never exceeds its role, whatever its names came from', async (t) => {
  let allowed = 0
  const within = (rules: Role, request: IssuanceRequest, csr: CsrNames | undefined): boolean => {
    let made
    try {
      made = planCertificate(now, rules, request, csr, mount)
    } catch (error) {
      return (error as { kind?: string }).kind === 'invalid request'
    }
    allowed++
    const { commonName = '', serialNumber = '', userIds = [] } = made.subject
    const lifetime = (made.notAfter.getTime() - now.getTime()) / 1000
    return (
      (commonName === '' ? !rules.require_cn : allowsCommonName(rules, commonName)) &&
      (serialNumber === '' || (rules.allowed_serial_numbers.length > 0 && serialNumber.startsWith('1'))) &&
      userIds.every((id) => rules.allowed_user_ids.includes(id)) &&
      lifetime <= (rules.max_ttl || mount.maxLeaseTtl) &&
      made.sans.every((san) => {
        if (san.kind === 'dns' || san.kind === 'email') return allowsName(rules, san.value)
        if (san.kind === 'ip') return rules.allow_ip_sans
        return san.kind === 'uri' && rules.allowed_uri_sans.some((glob) => san.value.startsWith(glob.replace('*', '')))
      })
    )
  }
  fc.assert(fc.property(someRole, someRequest, someCsr, within), { numRuns: 5000 })
  t.ok(allowed > 200, `and plans are made: ${allowed}`)
})
