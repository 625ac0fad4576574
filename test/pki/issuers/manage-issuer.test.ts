import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { freshEngine, type TestEngine } from '../../support/engine.ts'
import { opensslText } from '../../support/openssl.ts'

const root = (engine: TestEngine, more: Record<string, unknown> = {}) =>
  engine
    .write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '1000h', ...more })
    .then(({ data }) => data)

const allUsages = 'crl-signing,issuing-certificates,ocsp-signing,read-only'

const patch = (engine: TestEngine, reference: unknown, changes: Record<string, unknown>) =>
  engine.call('patch', `issuer/${String(reference)}`, changes)

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`issuers are listed and read (${kind})`, async (t) => {
    const engine = await freshEngine(t, kind)
    t.ok((await engine.call('list', 'issuers')).nothing)
    const first = await root(engine, { issuer_name: 'first' })
    const second = await root(engine, { common_name: 'Second' })
    const { keys, key_info: info } = (await engine.call('list', 'issuers')).data
    t.same(keys, [first['issuer_id'], second['issuer_id']].sort())
    t.same((info as Record<string, unknown>)[String(first['issuer_id'])], {
      issuer_name: 'first',
      is_default: true,
      serial_number: first['serial_number'],
      key_id: first['key_id'],
    })
    const { data } = await engine.read('issuer/first')
    const pem = `${String(first['certificate'])}\n`
    t.same(data, {
      issuer_id: first['issuer_id'],
      issuer_name: 'first',
      key_id: first['key_id'],
      certificate: pem,
      ca_chain: [pem],
      manual_chain: null,
      leaf_not_after_behavior: 'err',
      usage: allUsages,
      revocation_signature_algorithm: 'ECDSAWithSHA256',
      revoked: false,
      issuing_certificates: [],
      crl_distribution_points: [],
      delta_crl_distribution_points: [],
      ocsp_servers: [],
    })
    for (const reference of ['default', String(first['issuer_id'])]) {
      t.same((await engine.read(`issuer/${reference}`)).data, data)
    }
    t.same((await engine.read('issuer/first/json')).data, {
      certificate: pem,
      ca_chain: [pem],
      issuer_id: first['issuer_id'],
      issuer_name: 'first',
    })
    t.same((await engine.read('issuer/first/pem')).raw, {
      contentType: 'application/pem-certificate-chain',
      body: pem,
    })
    t.same((await engine.read('issuer/first/der')).raw, {
      contentType: 'application/pkix-cert',
      body: new X509Certificate(pem).raw,
    })
    for (const path of ['issuer/x', 'issuer/x/json', 'issuer/x/pem', 'issuer/x/der', 'issuer/x/crl/der']) {
      await t.rejects(engine.read(path), { message: 'unable to find PKI issuer for reference: x' })
    }
  })
}

t.test('each issuer has its own CRL', async (t) => {
  const engine = await freshEngine(t)
  await root(engine, { issuer_name: 'a', common_name: 'A' })
  await root(engine, { issuer_name: 'b', common_name: 'B' })
  const { crl } = (await engine.read('issuer/b/crl')).data
  t.match(crl, /-----END X509 CRL-----\n$/)
  t.equal((await engine.read('issuer/b/crl/pem')).raw?.body, crl)
  t.match(await opensslText(['crl', '-noout', '-issuer'], { input: String(crl) }), /CN ?= ?B\n/)
  const der = (await engine.read('issuer/b/crl/der')).raw
  t.equal(der?.contentType, 'application/pkix-crl')
  t.match(await opensslText(['crl', '-noout', '-issuer', '-inform', 'DER'], { input: der?.body ?? '' }), /CN ?= ?B\n/)
})

t.test('a POST puts what it leaves out at its default, a PATCH leaves it', async (t) => {
  const engine = await freshEngine(t)
  const { issuer_id: id } = await root(engine, { issuer_name: 'first' })
  const { data } = await engine.write('issuer/first', {
    issuer_name: 'renamed',
    usage: 'read-only,issuing-certificates',
    leaf_not_after_behavior: 'truncate',
    revocation_signature_algorithm: 'ecdsawithsha512',
    manual_chain: 'self',
    ocsp_servers: 'http://o.example',
    delta_crl_distribution_points: 'http://d.example',
  })
  const changed = {
    issuer_name: 'renamed',
    usage: 'issuing-certificates,read-only',
    leaf_not_after_behavior: 'truncate',
    revocation_signature_algorithm: 'ECDSAWithSHA512',
    manual_chain: [id],
    ocsp_servers: ['http://o.example'],
    delta_crl_distribution_points: ['http://d.example'],
    enable_aia_url_templating: false,
  }
  t.match(data, changed)
  t.match((await patch(engine, 'renamed', { leaf_not_after_behavior: 'permit' })).data, {
    ...changed,
    leaf_not_after_behavior: 'permit',
  })
  t.match((await patch(engine, 'renamed', { manual_chain: [], issuer_name: '' })).data, {
    issuer_name: '',
    manual_chain: null,
    usage: changed.usage,
  })
  t.match((await engine.write(`issuer/${String(id)}`)).data, {
    issuer_name: '',
    usage: allUsages,
    leaf_not_after_behavior: 'err',
    revocation_signature_algorithm: '',
    ocsp_servers: [],
    delta_crl_distribution_points: [],
  })
})

t.test('what cannot be set is refused in the words of Vault and changes nothing', async (t) => {
  const engine = await freshEngine(t)
  const { issuer_id: id } = await root(engine, { issuer_name: 'first' })
  const { issuer_id: otherId } = await root(engine, { issuer_name: 'other', common_name: 'Other' })
  const before = (await engine.read('issuer/first')).data
  const table: readonly (readonly [parameters: Record<string, unknown>, message: string | RegExp])[] = [
    [{ usage: 'x' }, `Unable to parse specified usages: [x] - valid values are ${allUsages}`],
    [
      { leaf_not_after_behavior: 'x' },
      /^Unknown value for field `leaf_not_after_behavior`\. Possible values are `err`/,
    ],
    [
      { revocation_signature_algorithm: 'x' },
      /^Unknown signature algorithm value: x - valid values are SHA256WithRSA, /,
    ],
    [
      { revocation_signature_algorithm: 'SHA256WithRSA' },
      'unable to use issuer of type ECDSA to sign with SHA256WithRSA key type',
    ],
    [
      { manual_chain: 'other' },
      `expected first cert in chain to be a self-reference, but was: other/${String(otherId)}`,
    ],
    [{ manual_chain: ['self', 'x'] }, 'unable to find PKI issuer for reference: x'],
    [{ issuer_name: 'other' }, 'issuer name already in use'],
    [{ issuer_name: 'a b' }, 'issuer name contained invalid characters'],
    [{ issuer_name: 'default' }, "reserved keyword 'default' can not be used as issuer name"],
    [{ ocsp_servers: 'x' }, 'invalid URL found in Authority Information Access (AIA) parameter ocsp_servers: x'],
    [
      { ocsp_servers: 'http://a/{{issuer_id}}' },
      'invalid URL found in Authority Information Access (AIA) parameter ocsp_servers: http://a/{{issuer_id}}',
    ],
  ]
  for (const [parameters, message] of table) {
    await t.rejects(engine.write('issuer/first', { issuer_name: 'first', ...parameters }), { message })
    await t.rejects(patch(engine, id, parameters), { message })
  }
  await t.rejects(engine.write('issuer/first', { issuer_name: ' ' }), { message: 'expected non-empty issuer name' })
  t.same((await engine.read('issuer/first')).data, before)
  t.equal((await engine.write('issuer/first', { issuer_name: 'first' })).data['issuer_name'], 'first', 'its own name')
})

t.test('a usage that is named twice is not there, reading always is', async (t) => {
  const engine = await freshEngine(t)
  await root(engine)
  const usage = ['issuing-certificates', 'issuing-certificates', 'ocsp-signing', 'read-only', 'read-only']
  t.equal((await patch(engine, 'default', { usage })).data['usage'], 'ocsp-signing,read-only')
})

t.test("an issuer that may not issue refuses, in Vault's words, until it may again", async (t) => {
  const engine = await freshEngine(t)
  const { issuer_id: id } = await root(engine, { issuer_name: 'r' })
  await engine.write('roles/any', { allow_any_name: true, key_type: 'ec' })
  await engine.write('issue/any', { common_name: 'a.example.com' })
  await patch(engine, 'r', { usage: 'crl-signing' })
  await t.rejects(engine.write('issue/any', { common_name: 'a.example.com' }), {
    message: `error fetching CA certificate: error while attempting to use issuer ${String(id)}: requested usage issuing-certificates for issuer [id:${String(id)} / name:r] but only had usage crl-signing,read-only`,
  })
  await patch(engine, 'r', { usage: 'issuing-certificates' })
  await engine.write('issue/any', { common_name: 'a.example.com' })
})

t.test("an issuer's own URLs count instead of the mount's, all of them", async (t) => {
  const engine = await freshEngine(t)
  const { issuer_id: id } = await root(engine)
  await engine.write('roles/any', { allow_any_name: true, key_type: 'ec' })
  await engine.write('config/urls', {
    ocsp_servers: 'http://mount.example',
    crl_distribution_points: 'http://mount.example',
  })
  const text = async () =>
    opensslText(['x509', '-noout', '-text'], {
      input: String((await engine.write('issue/any', { common_name: 'a.example.com' })).data['certificate']),
    })
  t.match(await text(), 'OCSP - URI:http://mount.example')
  const { warnings } = await patch(engine, 'default', {
    ocsp_servers: 'http://own.example/{{issuer_id}}{{cluster_path}}',
    enable_aia_url_templating: true,
  })
  t.match(warnings, [/^issuance may fail: unable to template AIA URLs as we lack/])
  await patch(engine, 'default', { ocsp_servers: 'http://own.example/{{issuer_id}}' })
  const own = await text()
  t.match(own, `OCSP - URI:http://own.example/${String(id)}\n`)
  t.notMatch(own, 'mount.example')
  await t.rejects(patch(engine, 'default', { enable_aia_url_templating: false }), { message: /^invalid URL found/ })
  await patch(engine, 'default', { ocsp_servers: [], delta_crl_distribution_points: 'http://d.example' })
  t.match(await text(), 'OCSP - URI:http://mount.example', 'delta CRLs alone do not count')
})

t.test('what outlives its issuer is refused, cut short, or let be', async (t) => {
  const engine = await freshEngine(t)
  const { expiration } = await root(engine, { ttl: '1h' })
  await engine.write('roles/any', { allow_any_name: true, key_type: 'ec' })
  const issue = () => engine.write('issue/any', { common_name: 'a.example.com', ttl: '2h' })
  for (const behavior of ['err', 'always_enforce_err']) {
    await patch(engine, 'default', { leaf_not_after_behavior: behavior })
    await t.rejects(issue(), { message: /that is beyond the expiration of the CA certificate/ })
  }
  await patch(engine, 'default', { leaf_not_after_behavior: 'truncate' })
  t.equal((await issue()).data['expiration'], expiration)
  await patch(engine, 'default', { leaf_not_after_behavior: 'permit' })
  t.ok(Number((await issue()).data['expiration']) > Number(expiration))
})

t.test('a chain chosen by hand is served with what is issued', async (t) => {
  const engine = await freshEngine(t)
  await root(engine, { issuer_name: 'a' })
  const other = await root(engine, { issuer_name: 'b', common_name: 'B' })
  await engine.write('roles/any', { allow_any_name: true, key_type: 'ec' })
  const { data } = await patch(engine, 'a', { manual_chain: ['a', 'b'] })
  t.equal((data['ca_chain'] as string[])[1], `${String(other['certificate'])}\n`)
  const chain = (await engine.write('issue/any', { common_name: 'a.example.com' })).data['ca_chain'] as string[]
  t.equal(chain[1], other['certificate'])
  await engine.call('delete', 'issuer/b')
  t.equal(((await engine.read('issuer/a')).data['ca_chain'] as string[]).length, 1)
})

t.test('a deleted issuer leaves its key, and warns of what it leaves behind', async (t) => {
  const engine = await freshEngine(t)
  const { issuer_id: id } = await root(engine, { issuer_name: 'a', key_name: 'k' })
  await engine.write('roles/one', { issuer_ref: 'a' })
  await engine.write('roles/two', {})
  const { warnings, nothing } = await engine.call('delete', 'issuer/a')
  t.notOk(nothing)
  t.same(warnings, [
    '1 roles reference a',
    `Deleted issuer ${String(id)} (via issuer_ref a); this was configured as the default issuer. Operations without an explicit issuer will not work until a new default is configured.`,
    '1 roles reference default',
  ])
  t.equal((await engine.read('config/issuers')).data['default'], '')
  t.same(await engine.list('certs'), (await engine.list('certs')).slice(0, 1), 'its certificate stays on record')
  for (const gone of ['a', 'default', 'x']) {
    t.same((await engine.call('delete', `issuer/${gone}`)).warnings, [])
  }
  await engine.write('root/generate/existing', { common_name: 'B', key_ref: 'k' })
})

t.test('of two renames to one name at one time one is made', async (t) => {
  const engine = await freshEngine(t)
  const [a, b] = [await root(engine), await root(engine, { common_name: 'B' })]
  const results = await Promise.allSettled(
    [a, b].map((data) => patch(engine, data['issuer_id'], { issuer_name: 'same' })),
  )
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
})

t.test('a renamed issuer that roles name is warned of', async (t) => {
  const engine = await freshEngine(t)
  await root(engine, { issuer_name: 'a' })
  await engine.write('roles/one', { issuer_ref: 'a' })
  t.same((await patch(engine, 'a', { issuer_name: 'b' })).warnings, ['1 roles reference a'])
})
