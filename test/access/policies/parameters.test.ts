/** What a rule asks of a call besides its capability: core-behaviour 4.6. */
import t from 'tap'
import type { Operation } from '../../../src/route.ts'
import { aclOf, allows } from './acl-of.ts'

const everything = '"create", "read", "update", "delete", "list", "patch"'

const acl = (inside: string) => aclOf(`path "a" { capabilities = [${everything}] ${inside} }`)

const passes = (inside: string, data: Record<string, unknown>, operation: Operation = 'update'): boolean =>
  allows(acl(inside), operation, 'a', { data })

t.test('a wrapping TTL that is set makes wrapping mandatory', (t) => {
  const rows: [inside: string, wrapTtl: number | undefined, allowed: boolean][] = [
    ['', undefined, true],
    ['', 60, true],
    ['max_wrapping_ttl = 60', undefined, false],
    ['max_wrapping_ttl = 60', 60, true],
    ['max_wrapping_ttl = 60', 61, false],
    ['max_wrapping_ttl = 60', 0, true],
    ['min_wrapping_ttl = 60', undefined, false],
    ['min_wrapping_ttl = 60', 59, false],
    ['min_wrapping_ttl = 60', 60, true],
    ['max_wrapping_ttl = 0', undefined, true],
  ]
  for (const [inside, wrapTtl, allowed] of rows) {
    for (const operation of ['update', 'list', 'delete'] as const) {
      t.equal(allows(acl(inside), operation, 'a', { wrapTtl }), allowed, `${inside} ${wrapTtl}`)
    }
  }
  t.end()
})

t.test('required, denied and allowed parameters', (t) => {
  const rows: [inside: string, data: Record<string, unknown>, allowed: boolean][] = [
    ['required_parameters = ["x"]', {}, false],
    ['required_parameters = ["x"]', { x: '' }, true],
    ['required_parameters = ["x"]', { x: null }, true],
    ['required_parameters = ["X"]', { x: 1 }, true],
    ['required_parameters = ["x"]', { X: 1 }, false],
    ['required_parameters = ["toString"]', {}, false],
    ['required_parameters = ["constructor"]', {}, false],
    ['denied_parameters { x = [] }', {}, true],
    ['denied_parameters { x = [] }', { x: 1 }, false],
    ['denied_parameters { x = [] }', { X: 1 }, false],
    ['denied_parameters { X = [] }', { x: 1 }, false],
    ['denied_parameters { x = [] }', { y: 1 }, true],
    ['denied_parameters { x = ["1"] }', { x: '1' }, false],
    ['denied_parameters { x = ["1"] }', { x: '2' }, true],
    ['denied_parameters { "*" = [] }', {}, true],
    ['denied_parameters { "*" = [] }', { x: 1 }, false],
    ['denied_parameters { "*" = ["1"] }', { x: '2' }, false],
    ['allowed_parameters { x = [] }', {}, true],
    ['allowed_parameters { x = [] }', { x: 1 }, true],
    ['allowed_parameters { x = [] }', { X: 1 }, true],
    ['allowed_parameters { X = [] }', { x: 1 }, true],
    ['allowed_parameters { x = [] }', { y: 1 }, false],
    ['allowed_parameters { x = [] }', { x: 1, y: 1 }, false],
    ['allowed_parameters { x = ["1"] }', { x: '1' }, true],
    ['allowed_parameters { x = ["1"] }', { x: '2' }, false],
    ['allowed_parameters { "*" = [] }', { y: 1 }, true],
    ['allowed_parameters { "*" = ["1"] }', { y: '2' }, true],
    ['allowed_parameters { "*" = [] x = ["1"] }', { x: '1', y: 2 }, true],
    ['allowed_parameters { "*" = [] x = ["1"] }', { x: '2' }, false],
    ['allowed_parameters { x = [] } denied_parameters { x = [] }', { x: 1 }, false],
    ['allowed_parameters { }', { y: 1 }, true],
    ['allowed_parameters { x = [] }', { constructor: 1 }, false],
  ]
  for (const [inside, data, allowed] of rows)
    t.equal(passes(inside, data), allowed, `${inside} ${JSON.stringify(data)}`)
  t.end()
})

t.test('they are asked of reads and writes, not of lists and deletes', (t) => {
  const rules = 'required_parameters = ["q"] denied_parameters { x = [] } allowed_parameters { y = [] }'
  for (const operation of ['read', 'update', 'create', 'patch'] as const) {
    t.equal(passes(rules, { x: '1' }, operation), false, operation)
  }
  for (const operation of ['list', 'delete'] as const) t.equal(passes(rules, { x: '1' }, operation), true, operation)
  t.end()
})

t.test('values match as Vault compares them', (t) => {
  const rows: [list: string, value: unknown, matches: boolean][] = [
    ['["abc"]', 'abc', true],
    ['["abc"]', 'ABC', false],
    ['["abc"]', 'abcd', false],
    ['["abc*"]', 'abcd', true],
    ['["abc*"]', 'xabc', false],
    ['["*abc"]', 'xabc', true],
    ['["*abc"]', 'abcx', false],
    ['["*abc*"]', 'xabcx', true],
    ['["a*c"]', 'abc', false],
    ['["a*c"]', 'a*c', true],
    ['["*"]', '*', true],
    ['["*"]', 'abc', false],
    ['["**"]', 'abc', true],
    ['["a"]', 'a', true],
    ['[""]', '', true],
    ['[""]', 'a', false],
    ['["1"]', 1, false],
    ['[1]', 1, false],
    ['[1]', '1', false],
    ['[1.0]', 1, false],
    ['["true"]', 'true', true],
    ['["true"]', true, false],
    ['[true]', true, true],
    ['[true]', 'true', false],
    ['[false]', true, false],
    ['["null"]', null, false],
    ['[[]]', null, false],
    ['[["a", "b"]]', ['a', 'b'], true],
    ['[["a", "b"]]', ['b', 'a'], false],
    ['[["a*"]]', ['ab'], false],
    ['[["a", 1]]', ['a', 1], false],
    ['[{ k = "v" }]', { k: 'v' }, true],
    ['[{ k = "v" }]', { k: 'v', l: 'w' }, false],
    ['[{ k = "v" }]', { k: 'w' }, false],
    ['[{ }]', {}, true],
    ['[{ }]', [], false],
    ['["[object Object]"]', {}, false],
  ]
  for (const [list, value, matches] of rows) {
    const name = `${list} and ${JSON.stringify(value)}`
    t.equal(passes(`allowed_parameters { x = ${list} }`, { x: value }), matches, `allowed ${name}`)
    t.equal(passes(`denied_parameters { x = ${list} }`, { x: value }), !matches, `denied ${name}`)
  }
  t.end()
})

t.test('the items of a list are compared one by one: all must be allowed, none denied', (t) => {
  const rows: [list: string, value: unknown, allowed: boolean, denied: boolean][] = [
    ['["a", "b"]', ['a', 'b'], true, true],
    ['["a", "b"]', ['a', 'c'], false, true],
    ['["a", "b"]', ['c'], false, false],
    ['["a", "b"]', 'a,b', true, true],
    ['["a", "b"]', 'a, b', true, true],
    ['["a", "b"]', 'a,c', false, true],
    ['["a", "b"]', 'c,d', false, false],
    ['["a*"]', ['ab', 'ac'], true, true],
    ['["a"]', ['a', ['a']], false, true],
    // Nothing vouches for an empty list.
    ['["a"]', [], false, false],
    ['["a"]', '', false, false],
    ['["a"]', ',', false, false],
    ['[[]]', [], true, true],
    ['["a,b"]', 'a,b', true, true],
  ]
  for (const [list, value, allowed, denied] of rows) {
    const name = `${list} and ${JSON.stringify(value)}`
    t.equal(passes(`allowed_parameters { x = ${list} }`, { x: value }), allowed, `allowed ${name}`)
    t.equal(passes(`denied_parameters { x = ${list} }`, { x: value }), !denied, `denied ${name}`)
  }
  t.end()
})

t.test('policy names are compared in their one form, so that no spelling of one gets past', (t) => {
  for (const policies of ['Admin', ' admin', 'web, ADMIN', ['web', ' Admin ']]) {
    t.equal(passes('denied_parameters { policies = ["admin"] }', { policies }), false)
    t.equal(passes('allowed_parameters { token_policies = ["web"] }', { token_policies: policies }), false)
  }
  t.equal(passes('allowed_parameters { policies = ["web"] }', { policies: [' Web'] }), true)
  t.equal(passes('denied_parameters { other = ["admin"] }', { other: 'Admin' }), true)
  t.end()
})
