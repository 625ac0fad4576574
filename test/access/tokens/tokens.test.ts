import t from 'tap'
import { startServer, type TestServer } from '../../support/server.ts'

const policy = 'path "auth/token/*" { capabilities = ["create", "read", "update", "sudo"] }'

const newToken = async (server: TestServer, body: object, token = server.rootToken): Promise<string> => {
  const made = await server.call('POST', 'auth/token/create', body, { token })
  if (made.status !== 200) throw new Error(made.text)
  return (made.json['auth'] as { client_token: string }).client_token
}

const auth = (json: Record<string, unknown>) => json['auth'] as Record<string, unknown>

for (const store of ['postgres', 'embedded'] as const) {
  t.test(`tokens on the ${store} store`, async (t) => {
    const server = await startServer(t, { store })
    const { call } = server

    t.test('the root token looks as Vault shows it: no lease, so no renewable key', async (t) => {
      const { data } = await call('GET', 'auth/token/lookup-self')
      t.match(data, { id: server.rootToken, policies: ['root'], ttl: 0, expire_time: null, path: 'auth/token/root' })
      t.notOk('renewable' in data)
      t.match(await call('POST', 'auth/token/renew-self'), { status: 400, errors: ['invalid lease ID'] })
    })

    t.test('a child has a TTL, may be looked up, renewed and revoked', async (t) => {
      const made = await call('POST', 'auth/token/create', {
        policies: ['default'],
        ttl: '1h',
        meta: { team: 'web' },
        display_name: 'build job',
      })
      t.match(auth(made.json), { policies: ['default'], lease_duration: 3600, renewable: true, orphan: false })
      const token = String(auth(made.json)['client_token'])
      const { data } = await call('GET', 'auth/token/lookup-self', undefined, { token })
      t.match(data, {
        id: token,
        creation_ttl: 3600,
        display_name: 'token-build-job',
        meta: { team: 'web' },
        type: 'service',
      })
      const renewed = await call('PUT', 'auth/token/renew-self', { increment: '2h' }, { token })
      t.match(auth(renewed.json), { client_token: token, lease_duration: 7200 })
      t.equal((await call('POST', 'auth/token/revoke-self', undefined, { token })).status, 204)
      t.match(await call('GET', 'auth/token/lookup-self', undefined, { token }), {
        status: 403,
        errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'],
      })
    })

    t.test('a token with a limit of uses cannot get around it by making another', async (t) => {
      await call('PUT', 'sys/policies/acl/tokens', { policy })
      const limited = await newToken(server, { policies: ['tokens'], num_uses: 9 })
      for (const path of ['auth/token/create', 'auth/token/create-orphan']) {
        t.match(await call('POST', path, { policies: ['tokens'] }, { token: limited }), {
          status: 400,
          errors: ['restricted use token cannot generate child tokens'],
        })
      }
      const last = await newToken(server, { policies: ['tokens'], num_uses: 1 })
      t.equal((await call('POST', 'auth/token/create-orphan', {}, { token: last })).status, 400)
    })

    t.test('numbers beyond what can be kept are refused, or capped where Vault caps', async (t) => {
      t.match(await call('POST', 'auth/token/create', { num_uses: 2 ** 31 }), { status: 400 })
      t.match(await call('POST', 'auth/token/create', { num_uses: -1 }), { status: 400 })
      const beyond = Number.MAX_SAFE_INTEGER
      t.match(await call('POST', 'auth/token/create', { ttl: beyond }), { status: 400 })
      t.match(await call('POST', 'sys/mounts/auth/token/tune', { max_lease_ttl: beyond }), { status: 400 })
      // The longest that a duration can be.
      const far = 9_223_372_036
      const made = await call('POST', 'auth/token/create', {
        policies: ['x'],
        ttl: far,
        period: far,
        explicit_max_ttl: far,
      })
      t.match(auth(made.json), { lease_duration: 768 * 3600 })
    })

    t.test('a long display name takes no long time', async (t) => {
      const started = performance.now()
      const made = await call('POST', 'auth/token/create', { display_name: `a${'-'.repeat(100_000)}a--` })
      t.equal(made.status, 200)
      t.ok(performance.now() - started < 500)
    })

    t.test('unset TTLs, as the command line sends them, mean the default', async (t) => {
      const made = await call('POST', 'auth/token/create', {
        policies: 'default',
        ttl: '0s',
        explicit_max_ttl: '0s',
        period: '0s',
        renewable: true,
        num_uses: 0,
        display_name: '',
      })
      t.equal(auth(made.json)['lease_duration'], 2_764_800)
    })

    t.test('revoking a token revokes all that it made, and orphans live on', async (t) => {
      await call('PUT', 'sys/policies/acl/maker', { policy })
      const parent = await newToken(server, { policies: ['maker'] })
      const child = await newToken(server, { ttl: '1h' }, parent)
      const grandchild = await newToken(server, { ttl: '1h' }, child)
      const orphan = await newToken(server, { ttl: '1h', no_parent: true }, parent)
      for (const token of [child, grandchild, orphan]) {
        t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token })).status, 200)
      }
      t.equal((await call('POST', 'auth/token/revoke', { token: parent })).status, 204)
      for (const token of [parent, child, grandchild]) {
        t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token })).status, 403)
      }
      t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token: orphan })).status, 200)
    })

    t.test('an expired token is refused, and its children with it', async (t) => {
      await call('PUT', 'sys/policies/acl/maker', { policy })
      const parent = await newToken(server, { policies: ['maker'], ttl: '1s' })
      const child = await newToken(server, { ttl: '1h' }, parent)
      t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token: child })).status, 200)
      const started = Date.now()
      let status = 200
      while (status === 200 && Date.now() - started < 5_000) {
        status = (await call('GET', 'auth/token/lookup-self', undefined, { token: child })).status
      }
      t.equal(status, 403)
      t.ok(Date.now() - started < 2_500)
    })

    t.test('a use-limited token is good for that many requests, refused ones included', async (t) => {
      const token = await newToken(server, { policies: ['default'], num_uses: 3 })
      t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token })).status, 200)
      t.equal((await call('GET', 'sys/mounts', undefined, { token })).status, 403)
      const last = await call('GET', 'auth/token/lookup-self', undefined, { token })
      t.equal(last.status, 200)
      t.match(await call('GET', 'auth/token/lookup-self', undefined, { token }), { errors: [/invalid token/] })
    })

    t.test('concurrent uses never exceed the limit', async (t) => {
      const token = await newToken(server, { policies: ['default'], num_uses: 5 })
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => call('POST', 'sys/capabilities-self', { paths: ['a'] }, { token })),
      )
      t.equal(answers.filter((answer) => answer.status === 200).length, 5)
    })

    t.test('unknown and missing tokens are told apart as Vault does', async (t) => {
      t.match(await call('POST', 'auth/token/lookup', { token: 'hvs.nothing' }), { status: 403, errors: ['bad token'] })
      t.equal((await call('POST', 'auth/token/revoke', { token: 'hvs.nothing' })).status, 204)
      t.match(await call('POST', 'auth/token/revoke', {}), { status: 400, errors: ['missing token ID'] })
      t.match(await call('GET', 'auth/token/lookup-self', undefined, { token: null }), {
        status: 403,
        errors: ['permission denied'],
      })
      t.match(await call('GET', 'auth/token/lookup-self', undefined, { token: 'hvs.nothing' }), {
        status: 403,
        errors: [/invalid token/],
      })
    })

    t.test('without sudo nobody makes orphans, periodic tokens or chosen ids', async (t) => {
      await call('PUT', 'sys/policies/acl/plain', { policy: 'path "auth/token/create" { capabilities = ["update"] }' })
      const token = await newToken(server, { policies: ['plain'] })
      const refused = async (body: object) => (await call('POST', 'auth/token/create', body, { token })).errors
      t.same(await refused({ no_parent: true }), ['root or sudo privileges required to create orphan token'])
      t.same(await refused({ period: '1h' }), ['root or sudo privileges required to create periodic token'])
      t.same(await refused({ id: 'chosen-token-id' }), ['root or sudo privileges required to specify token id'])
      t.same(await refused({ policies: ['root'] }), ['child policies must be subset of parent'])
      t.same(await refused({ type: 'batch' }), ["invalid 'token_type' value"])
      t.equal((await call('POST', 'auth/token/create', {}, { token })).status, 200)
    })

    t.test('a chosen id works and cannot be taken twice', async (t) => {
      const id = 'a-token-that-somebody-chose'
      t.equal(await newToken(server, { id, policies: ['default'] }), id)
      t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token: id })).status, 200)
      t.match(await call('POST', 'auth/token/create', { id }), { status: 400 })
    })

    t.test('a policy that does not exist is accepted with a warning', async (t) => {
      const made = await call('POST', 'auth/token/create', { policies: ['nowhere'] })
      t.match(made, { status: 200, warnings: ['Policy "nowhere" does not exist'] })
    })
  })
}
