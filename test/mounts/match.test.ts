import t from 'tap'
import { makeMatcher } from '../../src/mounts/match.ts'
import { route, type Verb } from '../../src/route.ts'

const row = (verb: Verb, path: string, captures?: Record<string, RegExp>) =>
  route({ verb, path, help: 'help', fields: {}, ...(captures && { captures }), run: () => undefined })

const match = makeMatcher([
  row('read', 'roles/:name'),
  row('write', 'roles/:name'),
  row('list', 'roles'),
  row('read', 'cert/crl'),
  row('read', 'cert/:serial', { serial: /[0-9A-Fa-f:-]+/ }),
  row('read', 'mounts/:path*/tune'),
  row('read', 'mounts/:path*'),
])

const found = (verb: Verb, path: string) => {
  const matched = match(verb, path)
  return typeof matched === 'string' ? matched : { path: matched.row.path, ...matched.captures }
}

t.test('captures one segment in the grammar of Vault names', async (t) => {
  t.same(found('read', 'roles/web-1.example'), { path: 'roles/:name', name: 'web-1.example' })
  for (const bad of ['roles/-x', 'roles/x.', 'roles/a b', 'roles/a\0', 'roles/', 'roles/a/b', 'roles/é']) {
    t.equal(found('read', bad), 'unsupported path', JSON.stringify(bad))
  }
})

t.test('takes the first pattern that fits', async (t) => {
  t.same(found('read', 'cert/crl'), { path: 'cert/crl' })
  t.same(found('read', 'cert/ca'), { path: 'cert/:serial', serial: 'ca' })
  t.equal(found('read', 'cert/xyz'), 'unsupported path')
})

t.test('captures several segments where the row says so', async (t) => {
  t.equal((match('read', 'mounts/a/b/tune') as { row: { path: string } }).row.path, 'mounts/:path*/tune')
  t.same(found('read', 'mounts/a/b/tune'), { path: 'a/b' })
  t.same(found('read', 'mounts/a/b'), { path: 'a/b' })
})

t.test('tells a verb that is missing from a path that is', async (t) => {
  t.equal(found('delete', 'roles/web'), 'unsupported operation')
  t.equal(found('read', 'roles'), 'unsupported operation')
  t.equal(found('read', 'nothing/here'), 'unsupported path')
})

t.test('lets only a list end in a slash', async (t) => {
  t.same(found('list', 'roles/'), { path: 'roles' })
  t.equal(found('read', 'roles/web/'), 'unsupported path')
})

t.test('matches a hostile name in linear time', async (t) => {
  const started = performance.now()
  t.equal(found('read', `roles/${'a-'.repeat(50_000)}`), 'unsupported path')
  t.ok(performance.now() - started < 1_000)
})
