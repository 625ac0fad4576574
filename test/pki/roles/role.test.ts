import fc from 'fast-check'
import t from 'tap'
import { completeRole, roleDefaults, roleOf } from '../../../src/pki/roles/role.ts'
import type { RoleRequest } from '../../../src/pki/roles/schema.ts'

const refused = (request: RoleRequest) => {
  try {
    return completeRole(roleDefaults, request)
  } catch (error) {
    return (error as Error).message
  }
}

t.test('an empty request makes the default role, sizes resolved', async (t) => {
  t.same(completeRole(roleDefaults, {}), { ...roleDefaults, key_bits: 2048, signature_bits: 256 })
  t.equal(completeRole(roleDefaults, { key_type: 'ec' }).key_bits, 256)
  t.equal(completeRole(roleDefaults, { key_type: 'any' }).key_bits, 0)
  t.equal(completeRole(roleDefaults, { key_type: 'ed25519' }).signature_bits, 0)
})

t.test('a role that could not issue is refused in the words of Vault', async (t) => {
  const table: [RoleRequest, string][] = [
    [{ ttl: 2, max_ttl: 1 }, '"ttl" value must be less than "max_ttl" value'],
    [{ key_type: 'dsa' }, 'unknown key type dsa'],
    [{ key_type: '' }, 'unknown key type '],
    [{ key_bits: 1024 }, 'RSA keys < 2048 bits are unsafe and not supported: got 1024'],
    [{ key_bits: 2049 }, 'unsupported bit length for RSA key: 2049'],
    [{ key_type: 'ec', key_bits: 2048 }, 'unsupported bit length for EC key: 2048'],
    [{ signature_bits: 128 }, 'unsupported hash signature algorithm: 128'],
    [{ ext_key_usage_oids: ['1.2.x'] }, '"1.2.x" could not be parsed as a valid oid for an extended key usage'],
    [{ cn_validations: ['x'] }, 'cn_validations value incorrect: unknown type: `x`'],
    [{ cn_validations: ['email', 'EMAIL'] }, 'cn_validations value incorrect: `email` specified multiple times'],
    [
      { cn_validations: ['disabled', 'email'] },
      'cn_validations value incorrect: cannot specify `disabled` along with `email` or `hostname`',
    ],
    [{ allowed_ip_sans_cidr: ['10.0.0.0/8', 'x'] }, 'error parsing allowed_ip_sans_cidr: invalid CIDR address: x'],
    [
      { allowed_ip_sans_cidr: ['10.0.0.0/33'] },
      'error parsing allowed_ip_sans_cidr: invalid CIDR address: 10.0.0.0/33',
    ],
    [
      { not_after_bound: 'x' },
      'Unknown value for field `not_after_bound`. Possible values are `permit`, `ttl-limited`, `forbid`, or an explicit timestamp.',
    ],
    [
      { not_before_bound: '' },
      'Unknown value for field `not_before_bound`. Possible values are `permit` `duration` or `forbid`',
    ],
    [{ serial_number_source: 'csr' }, 'invalid value for serial_number_source: "csr" is neither json-csr nor json'],
    [
      { policy_identifiers: ['x'] },
      'policy identifier "x" is neither a valid OID: strconv.Atoi: parsing "x": invalid syntax, Nor JSON Policy Identifier: invalid character \'x\' looking for beginning of value',
    ],
    [
      { policy_identifiers: ['1.2.3.x'] },
      'policy identifier "1.2.3.x" is neither a valid OID: strconv.Atoi: parsing "x": invalid syntax, Nor JSON Policy Identifier: invalid character \'.\' after top-level value',
    ],
    [
      { policy_identifiers: ['{"oid":"1.2.3","notice":5}'] },
      'policy identifier "{\\"oid\\":\\"1.2.3\\",\\"notice\\":5}" is neither a valid OID: strconv.Atoi: parsing "{\\"oid\\":\\"1": invalid syntax, Nor JSON Policy Identifier: json: cannot unmarshal number into Go struct field PolicyIdentifierWithQualifierEntry.notice of type string',
    ],
    [{ policy_identifiers: ['{"oid":"1.2.x"}'] }, 'strconv.Atoi: parsing "x": invalid syntax'],
    [{ policy_identifiers: ['5'] }, 'asn1: structure error: invalid object identifier'],
    [{ policy_identifiers: ['1.2.3', '1.2.3'] }, 'policy identifier "1.2.3" specified multiple times'],
    [{ allowed_other_sans: ['1.2.3'] }, 'error parsing allowed_other_sans: expected a semicolon in other SAN "1.2.3"'],
    [
      { allowed_other_sans: ['1.2.3;bmp:*'] },
      'error parsing allowed_other_sans: only utf8 other SANs are supported; found non-supported type in other SAN "1.2.3;bmp:*"',
    ],
  ]
  for (const [request, message] of table) t.equal(refused(request), message)
})

t.test('what may look wrong and is not', async (t) => {
  t.match(refused({ ttl: 5, max_ttl: 5 }), { ttl: 5 })
  t.match(refused({ cn_validations: [] }), { cn_validations: ['email', 'hostname'] })
  t.match(refused({ cn_validations: ['Hostname'] }), { cn_validations: ['hostname'] })
  t.match(refused({ allowed_ip_sans_cidr: ['10.1.2.3/8', '2001:DB8::1/32', '::ffff:10.1.1.1/104'] }), {
    allowed_ip_sans_cidr: ['10.0.0.0/8', '2001:db8::/32', '10.0.0.0/8'],
  })
  t.match(refused({ generate_lease: true, no_store: true }), { generate_lease: false })
  t.match(refused({ not_after_bound: '2030-01-01T00:00:00Z' }), { not_after_bound: '2030-01-01T00:00:00Z' })
  t.match(refused({ policy_identifiers: ['', '{"oid":"1.2.3","notice":"a"}'] }), {
    policy_identifiers: ['', '{"oid":"1.2.3","notice":"a"}'],
  })
  t.match(refused({ issuer_ref: '' }), { issuer_ref: 'default' })
  t.match(refused({ key_usage: ['Nonsense'] }), { key_usage: ['Nonsense'] })
  t.match(refused({ allowed_other_sans: ['*'] }), { allowed_other_sans: ['*'] })
})

t.test('a merge changes what is named and nothing else', async () => {
  const requests = fc.record(
    {
      ttl: fc.nat(100),
      max_ttl: fc.constantFrom(0, 200),
      allowed_domains: fc.array(fc.string()),
      allow_any_name: fc.boolean(),
      no_store: fc.boolean(),
      ou: fc.array(fc.string()),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(requests, requests, (first, second) => {
      const merged = completeRole(completeRole(roleDefaults, first), second)
      return JSON.stringify(merged) === JSON.stringify(completeRole(roleDefaults, { ...first, ...second }))
    }),
  )
})

t.test('a document that is older than a field has its default', async (t) => {
  t.match(roleOf({ key_type: 'ec' }), { key_type: 'ec', allow_ip_sans: true })
})
