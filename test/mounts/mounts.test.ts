import t from 'tap'
import { startServer } from '../support/server.ts'

for (const store of ['postgres', 'embedded'] as const) {
  t.test(`mounts on the ${store} store`, async (t) => {
    const { call } = await startServer(t, { store })

    t.test('an engine is mounted, listed, tuned and unmounted', async (t) => {
      t.equal((await call('POST', 'sys/mounts/team/pki', { type: 'pki', description: 'ours' })).status, 204)
      const listed = await call('GET', 'sys/mounts')
      t.match(listed.data['team/pki/'], {
        type: 'pki',
        description: 'ours',
        accessor: /^pki_[0-9a-f]{8}$/,
        options: null,
      })
      t.match(listed.json['team/pki/'], { type: 'pki' }, 'old clients read the top level')
      t.ok(listed.data['sys/'])
      t.match((await call('GET', 'sys/mounts/team/pki/tune')).data, {
        default_lease_ttl: 2764800,
        max_lease_ttl: 2764800,
      })

      // What `vault secrets tune` sends: every field, "" for those to leave.
      const tune = {
        default_lease_ttl: '',
        max_lease_ttl: '87600h',
        description: 'CA',
        audit_non_hmac_request_keys: ['common_name'],
      }
      t.equal((await call('POST', 'sys/mounts/team/pki/tune', tune)).status, 204)
      t.match((await call('GET', 'sys/mounts/team/pki/tune')).data, {
        default_lease_ttl: 2764800,
        max_lease_ttl: 315360000,
        description: 'CA',
        audit_non_hmac_request_keys: ['common_name'],
      })
      await call('POST', 'sys/mounts/team/pki/tune', { max_lease_ttl: 'system' })
      t.match((await call('GET', 'sys/mounts/team/pki/tune')).data, { max_lease_ttl: 2764800, description: 'CA' })

      t.equal((await call('DELETE', 'sys/mounts/team/pki')).status, 204)
      t.equal((await call('DELETE', 'sys/mounts/team/pki')).status, 204, 'also when it is not there')
      t.match(await call('GET', 'sys/mounts/team/pki'), {
        status: 400,
        errors: ['No secret engine mount at team/pki/'],
      })
      t.match(await call('GET', 'team/pki/certs?list=true'), {
        status: 404,
        errors: ['no handler for route "team/pki/certs/". route entry not found.'],
      })
    })

    t.test('what the command line sends on enable is accepted', async (t) => {
      const body = {
        type: 'pki',
        description: '',
        config: { options: null, default_lease_ttl: '0s', max_lease_ttl: '0s', force_no_cache: false },
        local: false,
        seal_wrap: false,
        external_entropy_access: false,
        options: null,
      }
      t.equal((await call('POST', 'sys/mounts/cli', body)).status, 204)
      t.match((await call('GET', 'sys/mounts/cli')).data, { options: null, config: { max_lease_ttl: 0 } })
    })

    t.test('wrong requests are refused in Vault’s words and leave nothing', async (t) => {
      await call('POST', 'sys/mounts/taken', { type: 'pki' })
      await call('POST', 'sys/mounts/above/deep', { type: 'pki' })
      const before = Object.keys((await call('GET', 'sys/mounts')).data)
      const refused = async (path: string, body: object) => {
        const answer = await call('POST', `sys/mounts/${path}`, body)
        t.equal(answer.status, 400, path)
        return answer.errors[0]
      }
      t.equal(await refused('a', {}), 'backend type must be specified as a string')
      t.equal(await refused('a', { type: 'kv' }), 'plugin not found in the catalog: kv')
      t.equal(await refused('a', { type: 'system' }), 'mount type of "system" is not mountable')
      t.equal(await refused('taken', { type: 'pki' }), 'path is already in use at taken/')
      t.equal(await refused('taken/below', { type: 'pki' }), 'path is already in use at taken/')
      t.equal(await refused('above', { type: 'pki' }), 'existing mount at above/deep/')
      t.equal(await refused('sys/below', { type: 'pki' }), 'cannot mount "sys/below/"')
      t.equal(
        await refused('a', { type: 'pki', config: { default_lease_ttl: '2h', max_lease_ttl: '1h' } }),
        'given default lease TTL greater than given max lease TTL',
      )
      t.match(await refused('a', { type: 'pki', config: { max_lease_ttl: 'soon' } }), /unable to parse/)
      t.match(await refused('a b', { type: 'pki' }), /characters/)
      t.match(await refused('a*', { type: 'pki' }), /characters/)
      t.match(await refused('x'.repeat(300), { type: 'pki' }), /1 to 200 characters/)
      t.same(Object.keys((await call('GET', 'sys/mounts')).data), before)
    })

    t.test('a mount has no path and no TTL that nobody could use', async (t) => {
      await call('POST', 'sys/mounts/kept', { type: 'pki' })
      for (const to of ['a/../b', '..', './a', 'a/.']) {
        t.match(await call('POST', 'sys/remount', { from: 'kept', to }), {
          status: 400,
          errors: ['relative paths not supported'],
        })
      }
      for (const max_lease_ttl of [1e300, Number.MAX_SAFE_INTEGER, '99999999999h']) {
        t.match(await call('POST', 'sys/mounts/kept/tune', { max_lease_ttl }), { status: 400 }, String(max_lease_ttl))
      }
      const started = performance.now()
      const to = `a${'/'.repeat(100_000)}a`
      t.equal((await call('POST', 'sys/remount', { from: to, to })).status, 400)
      t.ok(performance.now() - started < 500, 'many slashes take no long time')
      await call('DELETE', 'sys/mounts/kept')
    })

    t.test('a move keeps the mount: same accessor, other path', async (t) => {
      await call('POST', 'sys/mounts/old', { type: 'pki' })
      const { accessor } = (await call('GET', 'sys/mounts/old')).data
      const moved = await call('POST', 'sys/remount', { from: 'old', to: 'new/home' })
      t.equal(moved.status, 200)
      const id = String(moved.data['migration_id'])
      t.match((await call('GET', `sys/remount/status/${id}`)).data, { migration_info: { status: 'success' } })
      t.equal((await call('GET', 'sys/mounts/new/home')).data['accessor'], accessor)
      t.equal((await call('GET', 'sys/mounts/old')).status, 400)
      t.match(await call('POST', 'sys/remount', { from: 'sys', to: 'elsewhere' }), { status: 400 })
    })

    t.test('the mounts a caller cannot use are not shown to it', async (t) => {
      await call('POST', 'sys/mounts/hidden', { type: 'pki' })
      await call('POST', 'sys/mounts/shown', { type: 'pki' })
      await call('PUT', 'sys/policies/acl/shown', { policy: 'path "shown/issue/*" { capabilities = ["update"] }' })
      const made = await call('POST', 'auth/token/create', { policies: ['shown'] })
      const token = (made.json['auth'] as { client_token: string }).client_token
      const secret = (await call('GET', 'sys/internal/ui/mounts', undefined, { token })).data['secret']
      t.same(Object.keys(secret as object), ['shown/', 'sys/'], 'sys for what the default policy lets it do')
      t.match((await call('GET', 'sys/internal/ui/mounts/shown/issue/web', undefined, { token })).data, {
        path: 'shown/',
        type: 'pki',
      })
      for (const path of ['hidden/issue/web', 'nothing/there']) {
        const answer = await call('GET', `sys/internal/ui/mounts/${path}`, undefined, { token })
        t.match(answer, { status: 403, errors: [/preflight capability check returned 403/] }, path)
      }
      t.same((await call('GET', 'sys/internal/ui/mounts', undefined, { token: null })).data['secret'], {})
      await call('POST', 'sys/mounts/hidden/tune', { listing_visibility: 'unauth', description: 'open' })
      t.same(
        (await call('GET', 'sys/internal/ui/mounts', undefined, { token: null })).data['secret'],
        { 'hidden/': { type: 'pki', description: 'open', options: null } },
        'of an open mount not its accessor and settings',
      )
    })
  })
}
