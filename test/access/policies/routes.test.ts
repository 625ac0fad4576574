/** `sys/policies/acl` and `sys/policy` over HTTP, and what a token then may do. */
import t from 'tap'
import { defaultPolicy } from '../../../src/access/policies/builtin.ts'
import { startServer } from '../../support/server.ts'

const text = 'path "sys/mounts" {\n  capabilities = ["read"] # é\n}\n'

for (const store of ['postgres', 'embedded'] as const) {
  t.test(`on the ${store} store`, async (t) => {
    const { call } = await startServer(t, { store })

    await t.test('a policy is written, read, listed and deleted', async (t) => {
      t.equal((await call('PUT', 'sys/policies/acl/web', { policy: text })).status, 204)
      t.match((await call('GET', 'sys/policies/acl/web')).data, { name: 'web', policy: text })
      t.match((await call('GET', 'sys/policy/web')).data, { name: 'web', rules: text })
      t.equal((await call('GET', 'sys/policy/web')).json['rules'], text, 'old clients read the top level')
      t.strictSame((await call('LIST', 'sys/policies/acl')).data['keys'], ['default', 'web', 'root'])
      t.strictSame((await call('GET', 'sys/policies/acl?list=true')).data['keys'], ['default', 'web', 'root'])
      t.match(await call('GET', 'sys/policies/acl'), { status: 405 })

      t.equal((await call('POST', 'sys/policies/acl/web', { policy: '# nothing' })).status, 204)
      t.equal((await call('GET', 'sys/policies/acl/web')).data['policy'], '# nothing')

      t.equal((await call('DELETE', 'sys/policies/acl/web')).status, 204)
      t.equal((await call('DELETE', 'sys/policies/acl/web')).status, 204, 'also when it is not there')
      t.match(await call('GET', 'sys/policies/acl/web'), { status: 404, errors: [] })
    })

    await t.test('the older form lists by GET and LIST, under two names and at the top', async (t) => {
      for (const [method, path] of [
        ['GET', 'sys/policy'],
        ['LIST', 'sys/policy'],
        ['GET', 'sys/policy?list=true'],
      ] as const) {
        const answer = await call(method, path)
        const names = ['default', 'root']
        t.match(answer, { status: 200, data: { keys: names, policies: names }, json: { keys: names, policies: names } })
      }
    })

    await t.test('the older form writes, and takes the older name of the text with a warning', async (t) => {
      t.equal((await call('POST', 'sys/policy/old', { policy: text })).status, 204)
      t.match(await call('POST', 'sys/policy/old', { rules: '# rules' }), {
        status: 200,
        json: { data: null },
        warnings: ["'rules' is deprecated, please use 'policy' instead"],
      })
      t.equal((await call('GET', 'sys/policy/old')).data['rules'], '# rules')
      t.equal((await call('POST', 'sys/policy/old', { rules: '# ignored', policy: text })).status, 204)
      t.equal((await call('GET', 'sys/policy/old')).data['rules'], text)
      t.match(await call('POST', 'sys/policies/acl/old', { rules: '# rules' }), {
        status: 400,
        errors: ["'policy' parameter not supplied or empty"],
      })
      t.equal((await call('DELETE', 'sys/policy/old')).status, 204)
    })

    await t.test('base64 is taken for the text it stands for', async (t) => {
      const encoded = Buffer.from(text).toString('base64')
      for (const policy of [encoded, encoded.replace(/.{20}/g, '$&\n')]) {
        t.equal((await call('POST', 'sys/policies/acl/b64', { policy })).status, 204)
        t.equal((await call('GET', 'sys/policies/acl/b64')).data['policy'], text)
      }
      t.match(await call('POST', 'sys/policies/acl/b64', { policy: '/////w==' }), {
        status: 400,
        errors: ['failed to parse policy: text is not valid UTF-8'],
      })
    })

    await t.test('names have one form', async (t) => {
      t.match(await call('POST', 'sys/policies/acl/Web', { policy: text }), {
        status: 200,
        json: { data: null },
        warnings: ['policy name was converted to web'],
      })
      t.match(await call('POST', 'sys/policy/%20WEB%20', { policy: text }), {
        status: 200,
        warnings: ['policy name was converted to web'],
      })
      t.match((await call('GET', 'sys/policies/acl/WEB')).data, { name: 'web' })
      t.equal((await call('DELETE', 'sys/policies/acl/wEb')).status, 204)
      t.equal((await call('GET', 'sys/policies/acl/web')).status, 404)

      t.equal((await call('POST', 'sys/policies/acl/team/with%20blank.1', { policy: text })).status, 204)
      t.match((await call('GET', 'sys/policies/acl/team/with%20blank.1')).data, { name: 'team/with blank.1' })
      t.equal((await call('DELETE', 'sys/policies/acl/team/with%20blank.1')).status, 204)
    })

    await t.test('reserved names stay what they are, by whatever spelling', async (t) => {
      for (const name of ['root', 'Root', '%20root', 'ROOT%20']) {
        for (const base of ['sys/policies/acl', 'sys/policy']) {
          t.match(await call('POST', `${base}/${name}`, { policy: text }), {
            status: 400,
            errors: ['cannot update "root" policy'],
          })
          t.match(await call('DELETE', `${base}/${name}`), { status: 400, errors: ['cannot delete "root" policy'] })
        }
        t.match((await call('GET', `sys/policies/acl/${name}`)).data, { name: 'root', policy: '' })
      }
      t.match(await call('DELETE', 'sys/policies/acl/Default'), {
        status: 400,
        errors: ['cannot delete default policy'],
      })
      t.match(await call('POST', 'sys/policies/acl/response-wrapping', { policy: text }), {
        status: 400,
        errors: ['cannot update "response-wrapping" policy'],
      })
      t.match(await call('DELETE', 'sys/policies/acl/Response-Wrapping'), {
        status: 400,
        errors: ['cannot delete "response-wrapping" policy'],
      })
      t.strictSame((await call('LIST', 'sys/policies/acl')).data['keys'], ['b64', 'default', 'root'])
    })

    await t.test('a bad policy or name is a clear refusal that changes nothing', async (t) => {
      t.equal((await call('POST', 'sys/policies/acl/kept', { policy: text })).status, 204)
      const rows: [body: unknown, error: string | RegExp][] = [
        [{}, "'policy' parameter not supplied or empty"],
        [{ policy: '' }, "'policy' parameter not supplied or empty"],
        [{ policy: null }, "'policy' parameter not supplied or empty"],
        [
          { policy: 'path "a" { capabilities = ["reed"] }' },
          'failed to parse policy: path "a": invalid capability "reed"',
        ],
        [{ policy: 'path "a" {' }, 'failed to parse policy: At 1:11: object expected closing RBRACE got: EOF'],
        [{ policy: Buffer.from('# \0 ').toString('base64') }, /At 1:3: unexpected null character/],
        [{ policy: `#${'x'.repeat(1_048_576)}` }, /policy is larger than 1048576 bytes/],
        [{ policy: 'a = '.concat('['.repeat(100_000)) }, /more than 32 levels of nesting/],
        [{ policy: ['path'] }, /^Field validation failed: error converting input for field "policy"/],
      ]
      for (const [body, error] of rows) {
        t.match(await call('POST', 'sys/policies/acl/kept', body), { status: 400, errors: [error] })
      }
      t.equal((await call('GET', 'sys/policies/acl/kept')).data['policy'], text)
      for (const verb of ['GET', 'POST', 'DELETE']) {
        const body = verb === 'POST' ? { policy: text } : undefined
        t.match(await call(verb, `sys/policies/acl/${'x'.repeat(300)}`, body), {
          status: 400,
          errors: ['policy name must have at most 255 characters'],
        })
        t.match(await call(verb, 'sys/policies/acl/a%00b', body), { status: 400 })
        t.match(await call(verb, 'sys/policies/acl/%20', body), {
          status: 400,
          errors: ['policy name must be provided in the URL'],
        })
      }
    })

    await t.test('the default policy is there, may be changed, and lets a token look after itself', async (t) => {
      t.equal((await call('GET', 'sys/policies/acl/default')).data['policy'], defaultPolicy)
      const made = await call('POST', 'auth/token/create', { policies: ['kept'], ttl: '1h' })
      const token = (made.json['auth'] as { client_token: string }).client_token
      t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token })).status, 200)
      t.equal((await call('GET', 'sys/mounts', undefined, { token })).status, 200)
      t.match(await call('GET', 'sys/auth', undefined, { token }), {
        status: 403,
        errors: ['1 error occurred:\n\t* permission denied\n\n'],
      })

      t.equal(
        (await call('POST', 'sys/policies/acl/kept', { policy: 'path "sys/mounts" { policy = "deny" }' })).status,
        204,
      )
      t.equal((await call('GET', 'sys/mounts', undefined, { token })).status, 403, 'at once')
      t.equal((await call('DELETE', 'sys/policies/acl/kept')).status, 204)
      t.equal((await call('GET', 'sys/mounts', undefined, { token })).status, 403)
      t.equal((await call('POST', 'sys/policies/acl/kept', { policy: text })).status, 204)
      t.equal((await call('GET', 'sys/mounts', undefined, { token })).status, 200, 'a name outlives its policy')

      t.equal((await call('POST', 'sys/policies/acl/default', { policy: '# nothing' })).status, 204)
      t.equal((await call('GET', 'auth/token/lookup-self', undefined, { token })).status, 403)
    })
  })
}
