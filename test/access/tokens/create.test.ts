import t from 'tap'
import { childPolicies, newTokenId } from '../../../src/access/tokens/create.ts'

const parent = (...tokenPolicies: string[]) => ({ tokenPolicies, isRoot: tokenPolicies.includes('root') })

t.test('a child inherits the policies of its parent when it asks for none', async (t) => {
  t.same(childPolicies({}, parent('web', 'default'), false), ['default', 'web'])
  t.same(childPolicies({}, parent('root'), true), ['root'])
  t.same(childPolicies({ no_default_policy: true }, parent('web', 'default'), false), ['web'])
})

t.test('without sudo a child gets a subset of its parent, and default only where the parent has it', async (t) => {
  t.same(childPolicies({ policies: ['web'] }, parent('web', 'db', 'default'), false), ['default', 'web'])
  t.same(childPolicies({ policies: ['web'] }, parent('web', 'db'), false), ['web'])
  for (const asked of [['admin'], ['web', 'admin'], ['default']]) {
    t.throws(() => childPolicies({ policies: asked }, parent('web'), false), {
      message: 'child policies must be subset of parent',
    })
  }
})

t.test('sudo may give any policy but root', async (t) => {
  t.same(childPolicies({ policies: ['admin'] }, parent('web'), true), ['admin', 'default'])
  t.throws(() => childPolicies({ policies: ['root'] }, parent('web'), true), {
    message: 'root tokens may not be created without parent token being root',
  })
})

t.test('a reserved name is recognised after it is normalised', async (t) => {
  t.throws(() => childPolicies({ policies: [' Root '] }, parent('web'), true), { message: /root tokens/ })
  t.throws(() => childPolicies({ policies: ['Response-Wrapping'] }, parent('root'), true), {
    message: 'cannot assign policy "response-wrapping"',
  })
  t.same(childPolicies({ policies: ['web', ' WEB', 'root'] }, parent('root'), true), ['root'])
})

t.test('token ids are 28 characters that never repeat', async (t) => {
  const ids = new Set(Array.from({ length: 1_000 }, newTokenId))
  t.equal(ids.size, 1_000)
  for (const id of ids) t.match(id, /^hvs\.[A-Za-z0-9]{24}$/)
})
