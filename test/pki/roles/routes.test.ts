import t from 'tap'
import { roleDefaults } from '../../../src/pki/roles/role.ts'
import { engineOn, freshEngine } from '../../support/engine.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { migrate } from '../../../src/store/migrate.ts'
import { openReplica } from '../../support/stores.ts'

const noDefault =
  'Issuing Certificate was set to default, but no default issuing certificate (configurable at /config/issuers) is currently set'

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`roles are written, read, merged, listed and deleted (${kind})`, async (t) => {
    const { call, write, read, list } = await freshEngine(t, kind)
    t.ok((await read('roles/web')).nothing)
    t.same(await list('roles'), [])

    // As the command line sends it: every value a string.
    const made = await write('roles/web', {
      allowed_domains: 'a.example, b.example',
      allow_subdomains: 'true',
      key_type: 'ec',
      key_bits: '256',
      max_ttl: '720h',
      key_usage: 'DigitalSignature,KeyAgreement',
    })
    t.same(made.warnings, [noDefault])
    t.same(made.data, {
      ...roleDefaults,
      allowed_domains: ['a.example', 'b.example'],
      allow_subdomains: true,
      key_type: 'ec',
      key_bits: 256,
      max_ttl: 2_592_000,
      key_usage: ['DigitalSignature', 'KeyAgreement'],
    })
    t.same((await read('roles/web')).data, made.data)

    const merged = await call('patch', 'roles/web', { ttl: 60, allowed_domains: [], allow_subdomains: null })
    t.same(merged.data, { ...made.data, ttl: 60, allowed_domains: [], allow_subdomains: false })
    t.same((await read('roles/web')).data, merged.data)

    const replaced = await write('roles/web', { key_type: 'ed25519' })
    t.same(replaced.data, { ...roleDefaults, key_type: 'ed25519' })

    await write('roles/Web')
    await write('roles/a-1.b')
    t.same(await list('roles'), ['Web', 'a-1.b', 'web'])
    t.ok((await call('delete', 'roles/web')).nothing)
    t.ok((await call('delete', 'roles/web')).nothing)
    t.ok((await read('roles/web')).nothing)
    t.same(await list('roles'), ['Web', 'a-1.b'])
  })
}

t.test('a merge that fails leaves the role as it was', async (t) => {
  const { call, write, read } = await freshEngine(t)
  await t.rejects(call('patch', 'roles/web', { ttl: 1 }), {
    kind: 'invalid request',
    message: 'Unable to fetch role entry to patch',
  })
  const { data } = await write('roles/web', {})
  await t.rejects(call('patch', 'roles/web', { key_type: 'ec' }), {
    message: 'unsupported bit length for EC key: 2048',
  })
  t.same((await read('roles/web')).data, data)
})

t.test('an issuer that is not there is only worth a warning', async (t) => {
  const { write } = await freshEngine(t)
  t.same((await write('roles/web', { issuer_ref: 'other' })).warnings, [
    'Issuing Certificate was set to other but no issuing certificate currently has that name',
  ])
  await write('root/generate/internal', { common_name: 'Root', key_type: 'ec', issuer_name: 'other' })
  t.same((await write('roles/web', { issuer_ref: 'other' })).warnings, [])
  t.same((await write('roles/web', {})).warnings, [])
})

t.test('roles of two mounts have nothing to do with each other', async (t) => {
  const one = await freshEngine(t)
  const two = engineOn(one.store)
  await one.write('roles/web', { key_type: 'ec' })
  t.ok((await two.read('roles/web')).nothing)
})

t.test('another replica obeys a changed role within a second', async (t) => {
  const url = await freshDatabase(t)
  const first = await openReplica(t, url)
  await migrate(first)
  const one = engineOn(first)
  const two = engineOn(await openReplica(t, url), one.mount, one.barrier)
  await one.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '1000h' })
  await one.write('roles/web', { key_type: 'ec', allowed_domains: 'example.com', allow_bare_domains: true })
  await two.write('issue/web', { common_name: 'example.com' })

  await one.call('patch', 'roles/web', { allow_bare_domains: false })
  const deadline = performance.now() + 1000
  const refused = async () => {
    for (;;) {
      const answer = await two.write('issue/web', { common_name: 'example.com' }).catch((error: Error) => error.message)
      if (typeof answer === 'string' || performance.now() > deadline) return answer
    }
  }
  t.equal(await refused(), 'common name example.com not allowed by this role')
})

t.test('policy identifiers come as a list, as a list of JSON texts, or as one JSON text', async (t) => {
  const { write } = await freshEngine(t)
  const stored = async (policy_identifiers: unknown) =>
    (await write('roles/web', { policy_identifiers })).data['policy_identifiers']
  t.same(await stored('1.2.3, 1.2.4'), ['1.2.3', '1.2.4'])
  t.same(await stored(['{"oid":"1.2.3","cps":"https://x"}', '1.2.4']), ['{"oid":"1.2.3","cps":"https://x"}', '1.2.4'])
  t.same(await stored('[ {"oid": "1.2.3", "notice": "a, b"}, {"oid": "1.2.4"} ]'), [
    '{"oid":"1.2.3","notice":"a, b"}',
    '{"oid":"1.2.4"}',
  ])
  t.same(await stored('[]'), [])
})

t.test('a role with leases is warned about, and one without storage has none', async (t) => {
  const { call, write } = await freshEngine(t)
  await write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  t.match((await write('roles/web', { generate_lease: true })).warnings, [
    /^it is encouraged to disable generate_lease/,
  ])
  const merged = await call('patch', 'roles/web', { no_store: true })
  t.equal(merged.data['generate_lease'], false)
  t.match(merged.warnings, [
    'mutually exclusive values no_store=true and generate_lease=true were both specified; no_store=true takes priority',
  ])
  t.same((await call('patch', 'roles/web', { ttl: 1 })).warnings, [])
})
