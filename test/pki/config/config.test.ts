import t from 'tap'
import { freshEngine, type TestEngine } from '../../support/engine.ts'
import { opensslText } from '../../support/openssl.ts'

const textOf = (pem: unknown): Promise<string> => opensslText(['x509', '-noout', '-text'], { input: String(pem) })

const withRoot = async (engine: TestEngine) => {
  const { data } = await engine.write('root/generate/internal', {
    common_name: 'Root',
    key_type: 'ec',
    issuer_name: 'r',
    ttl: '1000h',
  })
  await engine.write('roles/any', { allow_any_name: true, key_type: 'ec', no_store: true })
  return data
}

const issue = async (engine: TestEngine) =>
  textOf((await engine.write('issue/any', { common_name: 'app.example.com' })).data['certificate'])

const noUrls = {
  issuing_certificates: [],
  crl_distribution_points: [],
  delta_crl_distribution_points: [],
  ocsp_servers: [],
  enable_templating: false,
}

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`URLs are merged, and are in what is issued from then on (${kind})`, async (t) => {
    const engine = await freshEngine(t, kind)
    t.same((await engine.read('config/urls')).data, noUrls)
    await withRoot(engine)
    t.notMatch(await issue(engine), 'Authority Information Access')
    const first = {
      issuing_certificates: 'http://a.example/ca,ldap://b.example/ca',
      ocsp_servers: ['http://o.example'],
    }
    await engine.write('config/urls', first)
    const { data } = await engine.write('config/urls', {
      crl_distribution_points: 'http://c.example/crl',
      delta_crl_distribution_points: 'http://d.example/crl',
    })
    t.same(data, {
      ...noUrls,
      issuing_certificates: ['http://a.example/ca', 'ldap://b.example/ca'],
      ocsp_servers: ['http://o.example'],
      crl_distribution_points: ['http://c.example/crl'],
      delta_crl_distribution_points: ['http://d.example/crl'],
    })
    t.same((await engine.read('config/urls')).data, data)
    const text = await issue(engine)
    t.match(
      text,
      /OCSP - URI:http:\/\/o\.example\s+CA Issuers - URI:http:\/\/a\.example\/ca\s+CA Issuers - URI:ldap:\/\/b\.example\/ca\n/,
    )
    t.match(text, /CRL Distribution Points: \s+Full Name:\s+URI:http:\/\/c\.example\/crl/)
    t.match(text, /Freshest CRL: \s+Full Name:\s+URI:http:\/\/d\.example\/crl/)
    await engine.write('config/urls', { ocsp_servers: '', issuing_certificates: [] })
    t.notMatch(await issue(engine), 'Authority Information Access')
  })
}

t.test('what is no URL is refused and changes nothing', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('config/urls', { ocsp_servers: 'http://o.example' })
  for (const url of [
    'x',
    '/path',
    'http:',
    'http://',
    'http://a b/',
    'http://a.example/{{issuer_id}}',
    'http://ä.example',
  ]) {
    await t.rejects(engine.write('config/urls', { crl_distribution_points: [url] }), {
      kind: 'invalid request',
      message: `invalid URL found in Authority Information Access (AIA) parameter crl_distribution_points: ${url}`,
    })
  }
  t.same((await engine.read('config/urls')).data, { ...noUrls, ocsp_servers: ['http://o.example'] })
  await engine.write('config/urls', { enable_templating: true, ocsp_servers: '{{cluster_path}}/ocsp' })
  await t.rejects(engine.write('config/urls', { enable_templating: false }), {
    message: 'invalid URL found in Authority Information Access (AIA) parameter ocsp_servers: {{cluster_path}}/ocsp',
  })
})

t.test('templates are filled at issuance, and missing facts stop it', async (t) => {
  const engine = await freshEngine(t)
  const { issuer_id: id } = await withRoot(engine)
  const urls = {
    enable_templating: true,
    issuing_certificates: '{{cluster_aia_path}}/issuer/{{issuer_id}}/der',
    ocsp_servers: '{{cluster_path}}/ocsp',
  }
  const lacking = (what: string) => `unable to template AIA URLs as we lack local cluster address information (${what})`
  const { warnings } = await engine.write('config/urls', urls)
  const advice = 'Consider setting the cluster-local address if it is not already set.'
  t.match(warnings, [/^issuance may fail: unable to template AIA URLs as we lack/])
  t.ok(warnings[0]?.endsWith(`\n\n${advice}`))
  await engine.write('config/cluster', { path: 'https://pki.example.com/v1/pki' })
  await t.rejects(engine.write('issue/any', { common_name: 'a.example.com' }), {
    message: `error fetching CA certificate: unable to fetch AIA URL information: ${lacking('aia_path')}`,
  })
  const { data } = await engine.write('config/cluster', { aia_path: 'http://pki.example.com' })
  t.same(data, { path: 'https://pki.example.com/v1/pki', aia_path: 'http://pki.example.com' })
  t.same((await engine.read('config/cluster')).data, data)
  const text = await issue(engine)
  t.match(text, `CA Issuers - URI:http://pki.example.com/issuer/${String(id)}/der`)
  t.match(text, 'OCSP - URI:https://pki.example.com/v1/pki/ocsp')
})

t.test('the address of a mount is a URL, and cannot be cleared', async (t) => {
  const engine = await freshEngine(t)
  t.same((await engine.read('config/cluster')).data, { path: '', aia_path: '' })
  for (const path of ['', 'x']) {
    await t.rejects(engine.write('config/cluster', { path }), {
      message: `invalid, non-URL path given to cluster: ${path}`,
    })
    await t.rejects(engine.write('config/cluster', { aia_path: path }), {
      message: `invalid, non-URL aia_path given to cluster: ${path}`,
    })
  }
})

t.test('a root has the URLs of the mount, unless they need its id', async (t) => {
  const engine = await freshEngine(t)
  const make = () => engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  await engine.write('config/urls', { crl_distribution_points: 'http://c.example/crl' })
  const first = await make()
  t.same(first.warnings, [])
  t.match(await textOf(first.data['certificate']), 'URI:http://c.example/crl')
  await engine.write('config/urls', { enable_templating: true, ocsp_servers: 'http://o.example/{{issuer_id}}' })
  const second = await make()
  t.match(second.warnings, [
    /^When generating root CA, found global AIA configuration with issuer_id/,
    /^This mount hasn't/,
  ])
  t.notMatch(await textOf(second.data['certificate']), 'http://')
  await engine.write('config/urls', { ocsp_servers: '{{cluster_path}}/{{issuer_id}}' })
  await t.rejects(make(), { message: /^unable to parse AIA URL information: .*\nUsing templated AIA URL's/ })
})

t.test('the default issuer and the default key are chosen by name or id', async (t) => {
  const engine = await freshEngine(t)
  t.same((await engine.read('config/issuers')).data, { default: '', default_follows_latest_issuer: false })
  t.same((await engine.read('config/keys')).data, { default: '' })
  const first = await withRoot(engine)
  const second = (
    await engine.write('root/generate/internal', { common_name: 'B', key_type: 'ec', issuer_name: 'b', key_name: 'k' })
  ).data
  t.equal((await engine.read('config/issuers')).data['default'], first['issuer_id'])
  t.same((await engine.write('config/issuers', { default: 'b' })).data, {
    default: second['issuer_id'],
    default_follows_latest_issuer: false,
  })
  t.equal((await engine.read('cert/ca')).data['certificate'], second['certificate'])
  t.same((await engine.write('config/keys', { default: 'k' })).data, { default: second['key_id'] })
  t.same((await engine.read('config/keys')).data, { default: second['key_id'] })

  await engine.write('config/issuers', { default: first['issuer_id'], default_follows_latest_issuer: true })
  const third = (await engine.write('root/generate/internal', { common_name: 'C', key_type: 'ec' })).data
  t.same((await engine.read('config/issuers')).data, {
    default: third['issuer_id'],
    default_follows_latest_issuer: true,
  })
  for (const reference of ['', 'Default', undefined]) {
    await t.rejects(engine.write('config/issuers', { default: reference }), {
      message: "Invalid issuer specification; must be non-empty and can't be 'default'.",
    })
    await t.rejects(engine.write('config/keys', { default: reference }), {
      message: "Invalid key specification; must be non-empty and can't be 'default'.",
    })
  }
  await t.rejects(engine.write('config/issuers', { default: 'x' }), {
    message: 'Error resolving issuer reference: unable to find PKI issuer for reference: x',
  })
  await t.rejects(engine.write('config/keys', { default: 'x' }), {
    message: 'Error resolving issuer reference: unable to find PKI key for reference: x',
  })
})
