/**
 * Source × field: whatever a value came from, the same rule of the role is held against it. A source that a field does
 * not have is a row of `impossible`, so that a new source or field cannot be forgotten.
 */
import { createPrivateKey, sign as signBytes } from 'node:crypto'
import t from 'tap'
import { generateKey } from '../../../src/keys/generate.ts'
import { bitString, explicit, integer, oid, sequence, setOf } from '../../../src/x509/der.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { subjectAltName } from '../../../src/x509/extensions.ts'
import { generalNameText, type GeneralName } from '../../../src/x509/general-names.ts'
import { encodeName, nameText, parseName, type Name } from '../../../src/x509/name.ts'
import { extensionRequestOid } from '../../../src/x509/oids.ts'
import { decodePem, encodePem } from '../../../src/x509/pem.ts'
import { checkMount } from '../../support/check-mount.ts'
import { freshEngine } from '../../support/engine.ts'

const key = await generateKey('ec', 256)
const privateKey = createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' })

/** A CSR with any names at all, those that openssl would not write included. */
const csrWith = (subject: Name, sans: readonly GeneralName[]): string => {
  const names = sans.length === 0 ? [] : [subjectAltName(sans, false)]
  const request = sequence(oid(extensionRequestOid), setOf([sequence(...names)]))
  const info = sequence(integer(0), encodeName(subject), key.spki, explicit(0, request))
  const signature = signBytes('sha256', info, privateKey)
  return encodePem('CERTIFICATE REQUEST', sequence(info, sequence(oid('1.2.840.10045.4.3.2')), bitString(signature)))
}

const fields = ['common_name', 'dns', 'email', 'ip', 'uri', 'other', 'serial_number', 'user_id', 'validity'] as const
type Field = (typeof fields)[number]

/** A value that the role below allows, one that it does not, and what it says then. */
const values: Record<Field, { good: string; bad: string; refusal: RegExp }> = {
  common_name: { good: 'a.example.com', bad: 'evil.org', refusal: /^common name evil\.org not allowed by this role$/ },
  dns: {
    good: 'b.example.com',
    bad: 'evil.org',
    refusal: /^subject alternate name evil\.org not allowed by this role$/,
  },
  email: { good: 'joe@a.example.com', bad: 'joe@evil.org', refusal: /^email address joe@evil\.org not allowed by/ },
  ip: { good: '10.1.2.3', bad: '192.0.2.1', refusal: /^the IP address "192\.0\.2\.1" is not allowed in this role$/ },
  uri: { good: 'spiffe://example.com/x', bad: 'spiffe://evil.org/x', refusal: /^URI Subject Alternative Names were / },
  other: { good: 'good-1', bad: 'evil', refusal: /^other SAN evil not allowed for OID 1\.2\.3 by this role$/ },
  serial_number: { good: '4-1', bad: '5-1', refusal: /^serial_number 5-1 not allowed by this role$/ },
  user_id: { good: 'joe', bad: 'eve', refusal: /^user_id eve is not allowed by this role$/ },
  validity: {
    good: '2026-01-01T00:00:00Z',
    bad: '9999-01-01T00:00:00Z',
    refusal: /^not_after_bound is set to 2\d{3}-.*beyond the maximum timestamp/,
  },
}

const year = 365 * 24 * 3600
const soon = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '')
values.validity.good = soon(3600)
values.validity.bad = soon(year / 2)

const strict = {
  key_type: 'ec',
  allowed_domains: 'example.com,{{identity.entity.name}}',
  allowed_domains_template: true,
  allow_subdomains: true,
  allowed_ip_sans_cidr: '10.0.0.0/8',
  allowed_uri_sans: 'spiffe://example.com/*,spiffe://{{identity.entity.name}}/*',
  allowed_uri_sans_template: true,
  allowed_other_sans: '1.2.3;utf8:good-*',
  allowed_serial_numbers: '4*',
  allowed_user_ids: 'joe',
  not_after_bound: soon(30 * 24 * 3600),
  require_cn: false,
  ttl: '1h',
  max_ttl: year,
}

const requestOf = (field: Field, value: string): Record<string, unknown> =>
  ({
    common_name: { common_name: value },
    dns: { alt_names: value },
    email: { alt_names: value },
    ip: { ip_sans: value },
    uri: { uri_sans: value },
    other: { other_sans: `1.2.3;utf8:${value}` },
    serial_number: { serial_number: value },
    user_id: { user_ids: value },
    validity: { not_after: value },
  })[field]

const csrOf = (field: Field, value: string): string | undefined => {
  const named = { commonName: 'a.example.com' }
  switch (field) {
    case 'common_name':
      return csrWith({ commonName: value }, [])
    case 'serial_number':
      return csrWith({ ...named, serialNumber: value }, [])
    case 'user_id':
      return csrWith({ ...named, userIds: [value] }, [])
    case 'other':
      return csrWith(named, [{ kind: 'other', oid: '1.2.3', value }])
    case 'validity':
      return undefined
    default:
      return csrWith(named, [{ kind: field, value }])
  }
}

interface Call {
  path: 'issue' | 'sign'
  /** Of the role, beside `strict`. */
  role?: Record<string, unknown>
  body: Record<string, unknown>
}

/** How a value can reach the certificate; `undefined` where it cannot. */
const sources: Record<string, (field: Field, value: string) => Call | undefined> = {
  'request of issue': (field, value) => ({
    path: 'issue',
    body: { common_name: 'a.example.com', ...requestOf(field, value) },
  }),
  'request of sign': (field, value) => ({
    path: 'sign',
    role: { use_csr_common_name: false, use_csr_sans: false },
    body: { common_name: 'a.example.com', ...requestOf(field, value), csr: csrWith({}, []) },
  }),
  'request beside a CSR that has none': (field, value) => {
    // Names of the CSR win as a whole, so only these can come from the request.
    if (!['common_name', 'other', 'serial_number', 'user_id', 'validity'].includes(field)) return undefined
    return {
      path: 'sign',
      body: {
        ...requestOf(field, value),
        csr: csrWith(field === 'common_name' ? {} : { commonName: 'a.example.com' }, []),
      },
    }
  },
  CSR: (field, value) => {
    const csr = csrOf(field, value)
    return csr === undefined ? undefined : { path: 'sign', body: { csr } }
  },
  // The common name is an alternative name as well.
  'common name': (field, value) =>
    field === 'dns' || field === 'email' ? { path: 'issue', body: { common_name: value } } : undefined,
  'default of the role': (field, value) =>
    field === 'validity'
      ? { path: 'issue', role: { not_after: value }, body: { common_name: 'a.example.com' } }
      : undefined,
}

/** What of the certificate is the field's, to see that the good value has arrived. */
const textOf = (pem: unknown): string => {
  const found = parseCertificate(decodePem(String(pem))[0]?.der ?? Buffer.of())
  const subject = nameText(parseName(found.subject))
  return [subject, ...found.sans.map(generalNameText), found.notAfter.toISOString().replace('.000', '')].join('\n')
}

t.test('every source of every field meets the rule of the role', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: 2 * year })
  let checked = 0
  for (const [source, make] of Object.entries(sources)) {
    for (const field of fields) {
      const { good, bad, refusal } = values[field]
      const [allowed, refused] = [make(field, good), make(field, bad)]
      if (!allowed || !refused) continue
      checked++
      const put = async ({ path, role, body }: Call) => {
        await engine.write('roles/strict', { ...strict, ...role })
        return engine.write(`${path}/strict`, body)
      }
      t.match(textOf((await put(allowed)).data['certificate']), good, `${field} from ${source}: ${good} arrives`)
      const before = (await engine.list('certs')).length
      // As an alternative name that came with the common name it is refused as the common name.
      const wanted = source === 'common name' ? /^common name .* not allowed by this role$/ : refusal
      await t.rejects(put(refused), { kind: 'invalid request', message: wanted }, `${field} from ${source}: ${bad}`)
      t.equal((await engine.list('certs')).length, before, 'and nothing is stored')
    }
  }
  t.equal(checked, 9 + 9 + 5 + 8 + 2 + 1)
  await checkMount(t, engine.store.db, engine.mount.uuid, { rolesChanged: true })
})

t.test('a template of the role lets nobody in while the caller has no entity', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: 2 * year })
  await engine.write('roles/strict', { ...strict, enforce_hostnames: false, allow_bare_domains: true })
  const name = '{{identity.entity.name}}'
  const refusals: readonly (readonly [body: object, message: RegExp])[] = [
    [{ common_name: name }, /^common name .* not allowed by this role$/],
    [{ common_name: `a.${name}` }, /^common name .* not allowed by this role$/],
    [
      { uri_sans: `spiffe://${name}/x` },
      /^URI Subject Alternative Names were provided via the API which are not valid/,
    ],
  ]
  for (const [body, message] of refusals) {
    await t.rejects(engine.write('issue/strict', { ...body }), { kind: 'invalid request', message })
  }
})
