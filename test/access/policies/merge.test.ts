/** Rules of the same pattern, from several policies or from one: core-behaviour 4.4. */
import fc from 'fast-check'
import t from 'tap'
import { capabilities, evaluate } from '../../../src/access/policies/evaluate.ts'
import { aclOf, allows, policyText } from './acl-of.ts'

const block = (inside: string, path = 'a'): string => `path "${path}" { ${inside} }`

t.test('capabilities add up', (t) => {
  for (const path of ['a', 'a*', '+']) {
    const acl = aclOf(policyText({ [path]: 'read' }), policyText({ [path]: 'update' }))
    t.strictSame(capabilities(acl, 'a'), ['read', 'update'], path)
  }
  t.strictSame(capabilities(aclOf('path "a" { policy = "read" }\npath "a" { capabilities = ["sudo"] }'), 'a'), [
    'list',
    'read',
    'sudo',
  ])
  t.strictSame(capabilities(aclOf(policyText({ '/a': 'read' }), policyText({ a: 'list' })), 'a'), ['list', 'read'])
  t.end()
})

t.test('a deny in any policy is all that is left', (t) => {
  for (const path of ['a', 'a*', '+']) {
    const [grant, deny, more] = ['read', 'deny', 'update sudo'].map((granted) => policyText({ [path]: granted }))
    const orders = [
      [grant, deny],
      [deny, grant],
      [grant, deny, more],
      [deny, grant, more],
    ]
    for (const order of orders) {
      const acl = aclOf(...order.map((text) => text ?? ''))
      t.strictSame(capabilities(acl, 'a'), ['deny'], path)
      t.match(evaluate(acl, { operation: 'read', path: 'a' }), { allowed: false, sudo: false, granting: [] })
    }
  }
  t.end()
})

t.test('rules of different patterns are not merged, however alike', (t) => {
  const acl = aclOf(policyText({ 'a/b': 'read' }), policyText({ 'a/b*': 'update' }), policyText({ 'a/+': 'delete' }))
  t.strictSame(capabilities(acl, 'a/b'), ['read'])
  t.end()
})

t.test('of wrapping TTLs the lesser that is set counts', (t) => {
  const acl = aclOf(
    block('capabilities = ["read"] max_wrapping_ttl = 100 min_wrapping_ttl = 20'),
    block('capabilities = ["read"] max_wrapping_ttl = 60'),
    block('capabilities = ["read"] min_wrapping_ttl = 10'),
    block('capabilities = ["read"]'),
  )
  const rows: [wrapTtl: number | undefined, allowed: boolean][] = [
    [undefined, false],
    [9, false],
    [10, true],
    [60, true],
    [61, false],
  ]
  for (const [wrapTtl, allowed] of rows) t.equal(allows(acl, 'read', 'a', { wrapTtl }), allowed, String(wrapTtl))

  const crossed = aclOf(
    block('capabilities = ["read"] max_wrapping_ttl = 10'),
    block('capabilities = ["read"] min_wrapping_ttl = 20'),
  )
  for (const wrapTtl of [undefined, 5, 10, 15, 20, 25]) t.equal(allows(crossed, 'read', 'a', { wrapTtl }), false)
  t.end()
})

t.test('parameters: lists are joined, an empty one means any value, no list lifts no restriction', (t) => {
  const rows: [name: string, blocks: string[], data: Record<string, unknown>, allowed: boolean][] = [
    ['first value', ['allowed_parameters { x = ["1"] }', 'allowed_parameters { x = ["2"] }'], { x: '1' }, true],
    ['second value', ['allowed_parameters { x = ["1"] }', 'allowed_parameters { x = ["2"] }'], { x: '2' }, true],
    ['third value', ['allowed_parameters { x = ["1"] }', 'allowed_parameters { x = ["2"] }'], { x: '3' }, false],
    ['other case', ['allowed_parameters { X = ["1"] }', 'allowed_parameters { x = ["2"] }'], { x: '1' }, true],
    ['empty list', ['allowed_parameters { x = ["1"] }', 'allowed_parameters { x = [] }'], { x: '3' }, true],
    ['other key', ['allowed_parameters { x = [] }', 'allowed_parameters { y = [] }'], { x: '1', y: '1' }, true],
    ['no list', ['allowed_parameters { x = ["1"] }', ''], { x: '2' }, false],
    ['denied', ['denied_parameters { x = ["1"] }', 'denied_parameters { x = ["2"] }'], { x: '2' }, false],
    ['denied, other value', ['denied_parameters { x = ["1"] }', 'denied_parameters { x = ["2"] }'], { x: '3' }, true],
    ['denied, empty list', ['denied_parameters { x = ["1"] }', 'denied_parameters { x = [] }'], { x: '3' }, false],
    ['denied, no list', ['denied_parameters { x = ["1"] }', ''], { x: '1' }, false],
    ['required', ['required_parameters = ["x"]', 'required_parameters = ["y", "x"]'], { x: '1' }, false],
    ['required both', ['required_parameters = ["x"]', 'required_parameters = ["y", "x"]'], { x: '1', y: '' }, true],
  ]
  for (const [name, blocks, data, allowed] of rows) {
    const texts = blocks.map((inside) => block(`capabilities = ["update"] ${inside}`))
    t.equal(allows(aclOf(...texts), 'update', 'a', { data }), allowed, name)
    t.equal(allows(aclOf(...texts.toReversed()), 'update', 'a', { data }), allowed, `${name}, the other way round`)
    t.equal(allows(aclOf(texts.join('\n')), 'update', 'a', { data }), allowed, `${name}, in one policy`)
  }
  t.end()
})

t.test('the policies that gave the capability are named, each once', (t) => {
  const acl = aclOf(
    policyText({ a: 'read' }),
    policyText({ a: 'update' }),
    `${policyText({ a: 'read update' })}\n${policyText({ a: 'read' })}`,
  )
  const named = (operation: 'read' | 'update' | 'delete') =>
    evaluate(acl, { operation, path: 'a' }).granting.map(({ name, type }) => `${name} ${type}`)
  t.strictSame(named('read'), ['p0 acl', 'p2 acl'])
  t.strictSame(named('update'), ['p1 acl', 'p2 acl'])
  t.strictSame(named('delete'), [])
  t.end()
})

t.test('merging leaves the policies as they were', (t) => {
  const texts = [
    block('capabilities = ["update"] allowed_parameters { x = ["1"] }'),
    block('policy = "write" allowed_parameters { x = ["2"] }'),
  ]
  const first = aclOf(...texts)
  aclOf(...texts, block('policy = "deny"'))
  t.equal(allows(first, 'update', 'a', { data: { x: '2' } }), true)
  t.end()
})

t.test('the order of the policies makes no difference', (t) => {
  const values = fc
    .array(fc.constantFrom('"1"', '"2"', '"2*"', 'true'), { maxLength: 2 })
    .map((all) => `[${all.join(', ')}]`)
  const parameters = fc.dictionary(fc.constantFrom('x', 'y', '*'), values, { maxKeys: 2, noNullPrototype: true }).map(
    (map) =>
      `{ ${Object.entries(map)
        .map(([key, list]) => `"${key}" = ${list}`)
        .join(' ')} }`,
  )
  const ttl = fc.constantFrom(0, 0, 5, 10)
  const rule = fc
    .record({
      path: fc.constantFrom('a', 'a*', '+'),
      granted: fc.constantFrom('"read"', '"update"', '"read", "sudo"', '"update"', '"deny"'),
      allowed: parameters,
      denied: parameters,
      required: fc.constantFrom('', '', '"x"'),
      max: ttl,
    })
    .map((one) =>
      block(
        `capabilities = [${one.granted}] allowed_parameters = ${one.allowed} denied_parameters = ${one.denied}
         required_parameters = [${one.required}] max_wrapping_ttl = ${one.max}`,
        one.path,
      ),
    )
  const policy = fc.array(rule, { minLength: 1, maxLength: 3 }).map((rules) => rules.join('\n'))
  const data = fc.dictionary(
    fc.constantFrom('x', 'Y', 'z'),
    fc.constantFrom<unknown>('1', '2', '22', true, 1, ['1', '2']),
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(
      fc.array(policy, { minLength: 2, maxLength: 4 }),
      fc.array(data, { minLength: 8, maxLength: 8 }),
      (policies, calls) => {
        const there = aclOf(...policies)
        const back = aclOf(...policies.toReversed())
        return calls.every((each, at) => {
          const request = {
            operation: at % 2 ? 'read' : 'update',
            path: 'a',
            data: each,
            wrapTtl: at % 4 ? 7 : undefined,
          } as const
          const [one, other] = [evaluate(there, request), evaluate(back, request)]
          return (
            one.allowed === other.allowed && one.sudo === other.sudo && one.granting.length === other.granting.length
          )
        })
      },
    ),
    { numRuns: 500 },
  )
  t.end()
})
