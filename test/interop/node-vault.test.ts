/** A client that we did not write, from npm: mount, root, role, issue, list, policy, token. */
import t from 'tap'
import vault from 'node-vault'
import { startServer } from '../support/server.ts'

t.test('node-vault works with only the address changed', async (t) => {
  const server = await startServer(t)
  const client = vault({ endpoint: server.url, token: server.rootToken })

  t.match(await client.health(), { initialized: true, sealed: false })
  t.match(await client.status(), { sealed: false })
  await client.mount({ mount_point: 'pki', type: 'pki', config: { max_lease_ttl: '87600h' } })
  t.ok(((await client.mounts()) as Record<string, unknown>)['pki/'])

  const root = await client.write('pki/root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '8760h' })
  t.match(root.data.certificate, /^-----BEGIN CERTIFICATE-----/)
  await client.write('pki/roles/web', { allowed_domains: 'example.com', allow_subdomains: 'true', key_type: 'ec' })
  t.match((await client.read('pki/roles/web')).data, { allow_subdomains: true, allowed_domains: ['example.com'] })

  await client.addPolicy({ name: 'web', rules: 'path "pki/issue/web" { capabilities = ["update"] }' })
  t.match(await client.getPolicy({ name: 'web' }), { name: 'web' })
  const made = await client.tokenCreate({ policies: ['web'], ttl: '1h' })
  // node-vault goes over to a token that it has made.
  client.token = server.rootToken
  const workload = vault({ endpoint: server.url, token: made.auth.client_token })
  const issued = await workload.write('pki/issue/web', { common_name: 'www.example.com', ttl: '1h' })
  t.match(issued.data, { serial_number: /^[0-9a-f:]+$/, private_key_type: 'ec', expiration: Number })
  t.same((await client.list('pki/roles')).data.keys, ['web'], 'the LIST verb')
  t.ok((await client.list('pki/certs')).data.keys.includes(issued.data.serial_number))

  await t.rejects(workload.read('pki/roles/web'), { message: /permission denied/ })
  await t.rejects(client.read('pki/roles/nothing'), { message: /404/ })
  t.match(await workload.tokenLookupSelf(), { data: { policies: ['default', 'web'] } })
  await workload.tokenRenewSelf()
  await workload.tokenRevokeSelf()
  await t.rejects(workload.tokenLookupSelf(), { message: /permission denied/ })
})
