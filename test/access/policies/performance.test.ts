/** A smoke test with wide bounds: what it would find is a search that has become a walk over all rules. */
import t from 'tap'
import { evaluate } from '../../../src/access/policies/evaluate.ts'
import { aclOf, policyText } from './acl-of.ts'

const thousand = (pattern: (at: number) => string) =>
  aclOf(policyText(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [pattern(at), 'update list']))))

/** Every path of ten segments that are `a` or `+`, but one: all of them match `a/a/…`. */
const pluses = (at: number): string =>
  [...(at + 1).toString(2).padStart(10, '0')].map((bit) => (bit === '1' ? '+' : 'a')).join('/')

const kinds: [name: string, pattern: (at: number) => string, path: string][] = [
  ['exact rules', (at) => `pki/issue/team-${at}`, 'pki/issue/team-500'],
  ['prefixes', (at) => `pki/issue/team-${at}*`, 'pki/issue/team-500/x'],
  ['prefixes of as many lengths', (at) => `pki/${'x'.repeat(at)}*`, `pki/${'x'.repeat(500)}y`],
  ['segments', (at) => `+/issue/team-${at}`, 'pki/issue/team-500'],
  ['segments that all match', pluses, Array(10).fill('a').join('/')],
]

t.test('permission for one call is a matter of microseconds with 1,000 rules', (t) => {
  for (const [name, pattern, path] of kinds) {
    const acl = thousand(pattern)
    for (const operation of ['update', 'list'] as const) {
      const request = { operation, path: operation === 'list' ? `${path}/` : path, data: { common_name: 'a.example' } }
      const runs = 3_000
      for (let at = 0; at < runs; at++) evaluate(acl, request)
      const start = performance.now()
      for (let at = 0; at < runs; at++) evaluate(acl, request)
      const microseconds = ((performance.now() - start) * 1_000) / runs
      t.ok(microseconds < 200, `${operation} with ${name}`)
      t.comment(`${operation} with ${name}: ${microseconds.toFixed(2)} µs`)
    }
  }
  t.end()
})
