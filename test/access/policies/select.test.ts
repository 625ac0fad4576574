/** Which rule decides: core-behaviour 4.3 and 4.5. */
import fc from 'fast-check'
import t from 'tap'
import { compileAcl } from '../../../src/access/policies/acl.ts'
import { capabilities, evaluate, reaches } from '../../../src/access/policies/evaluate.ts'
import { parsePolicy } from '../../../src/access/policies/parse.ts'
import { rootNamespace } from '../../../src/route.ts'
import { aclOf, allows, policyText } from './acl-of.ts'

t.test('a pattern matches as Vault has it', (t) => {
  const rows: [pattern: string, path: string, matches: boolean][] = [
    ['a/b', 'a/b', true],
    ['/a/b', 'a/b', true],
    ['a/b', '/a/b', true],
    ['a/b', 'a/b/', false],
    ['a/b/', 'a/b', false],
    ['a/b', 'A/b', false],
    ['a/b', 'a/bc', false],
    ['a/b*', 'a/b', true],
    ['a/b*', 'a/bc/d', true],
    ['a/b*', 'a/', false],
    ['a/*', 'a', false],
    ['a/*', 'a/', true],
    ['a/*', 'a/b/c/d', true],
    ['*', 'a', true],
    ['*', '', true],
    ['a*b', 'a*b', true],
    ['a*b', 'axb', false],
    ['a*/b*', 'a*/bc', true],
    ['a**', 'a*b', true],
    ['a**', 'ab', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['+', 'a', true],
    ['+', 'a/b', false],
    ['+/b', 'a/b', true],
    ['+/b', '/b', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a//c', true],
    ['a/+/c', 'a/b/b/c', false],
    ['+/+', 'a/b', true],
    ['a+', 'a+', true],
    ['a+', 'ab', false],
    ['a/+x', 'a/+x', true],
    ['a/+x', 'a/bx', false],
    ['a/b+', 'a/bc', false],
    ['a/+/b*', 'a/x/bcd/e', true],
    ['a/+/b*', 'a/x/b', true],
    ['a/+/b*', 'a/x/b/c', true],
    ['a/+/b*', 'a/x/c', false],
    ['a/+/b*', 'a/x', false],
    ['a/+/*', 'a/x/', true],
    ['a/+/*', 'a/x', false],
    ['a/+/*', 'a/x/y/z', true],
    ['', '', true],
    ['', 'a', false],
    ['é/+', 'é/x', true],
  ]
  for (const [pattern, path, matches] of rows) {
    t.equal(allows(aclOf(policyText({ [pattern]: 'read' })), 'read', path), matches, `${pattern} and ${path}`)
  }
  t.end()
})

t.test('of the rules that match, the most specific decides', (t) => {
  const rows: [path: string, winner: string, losers: string[]][] = [
    // An exact rule beats all.
    ['a/b', 'a/b', ['*', 'a/*', 'a/b*', 'a/+', '+/b', '+/+']],
    ['a/b', '/a/b', ['a/b*', 'a/+']],
    // Of prefixes the longest.
    ['a/b/c', 'a/b/*', ['*', 'a/*', 'a*', 'a/b*']],
    ['a/bc', 'a/b*', ['a/*', 'a*']],
    // The first wildcard: the later wins.
    ['a/b/c', 'a/b/+', ['a/+/c', '+/b/c', 'a/*', 'a/b*']],
    ['a/b/c', 'a/b/*', ['a/+/c', 'a/+/+', '+/b/c']],
    ['a/bc', 'a/b*', ['a/+', '+/bc']],
    ['a/b/c', 'a/+/c', ['+/b/c', '+/b/+', 'a*']],
    // In the same place a rule without the glob wins.
    ['a/b', 'a/+', ['a/*']],
    ['a/b/c', 'a/+/c', ['a/+/c*', 'a/+/*', 'a/*']],
    ['a/b/c', 'a/+/+', ['a/+/c*', 'a/+/*']],
    ['a/b/cd', 'a/+/+', ['a/+/cd*']],
    // Then fewer segments that are wild.
    ['a/b/c', 'a/+/c', ['a/+/+']],
    ['a/b/c/d', 'a/+/c/+', ['a/+/+/+']],
    ['a/b/c/d', 'a/+/c/d*', ['a/+/+/d*', 'a/+/+/*']],
    // Then the longer text.
    ['a/b/cd/e', 'a/+/cd*', ['a/+/c*', 'a/+/*']],
    ['a/b/c/d', 'a/+/c/*', ['a/+/c*']],
    // Then the greater text.
    ['a/b/c/d', 'a/+/c/+', ['a/+/+/d']],
    // A plus that is part of a longer segment counts for the place all the same.
    ['a+/b/c', 'a+/b/*', ['a+/+/c', '+/b/c']],
    // Bytes, not characters.
    ['é/b', 'é/*', ['é*', '+/b']],
  ]
  for (const [path, winner, losers] of rows) {
    for (const loser of losers) {
      const name = `${winner} before ${loser} at ${path}`
      for (const order of [true, false]) {
        const grants = policyText({ [winner]: 'read' })
        const denies = policyText({ [loser]: 'deny' })
        t.equal(allows(order ? aclOf(grants, denies) : aclOf(denies, grants), 'read', path), true, name)
      }
      const other = aclOf(policyText({ [winner]: 'read', [loser]: 'update' }))
      t.equal(allows(other, 'update', path), false, `${name}: the other adds nothing`)
    }
    const all = aclOf(policyText({ ...Object.fromEntries(losers.map((loser) => [loser, 'deny'])), [winner]: 'read' }))
    t.strictSame(capabilities(all, path), ['read'], `${winner} before all of them`)
  }
  t.end()
})

t.test('what no rule matches is refused', (t) => {
  const decision = evaluate(aclOf(policyText({ 'a/*': 'read' })), { operation: 'read', path: 'b' })
  t.strictSame(decision, { allowed: false, sudo: false, root: false, granting: [] })
  t.equal(allows(aclOf(), 'read', ''), false)
  t.equal(allows(aclOf('# nothing'), 'read', 'a'), false)
  t.end()
})

t.test('each operation needs the capability of its name', (t) => {
  const operations = ['create', 'read', 'update', 'delete', 'list', 'patch'] as const
  for (const granted of operations) {
    const acl = aclOf(policyText({ a: granted }))
    for (const operation of operations) t.equal(allows(acl, operation, 'a'), operation === granted)
  }
  t.end()
})

t.test('sudo is told apart from the operation, and is none where the operation is refused', (t) => {
  const acl = aclOf(policyText({ a: 'read sudo', b: 'sudo', c: 'read' }))
  t.match(evaluate(acl, { operation: 'read', path: 'a' }), { allowed: true, sudo: true, root: false })
  t.match(evaluate(acl, { operation: 'read', path: 'b' }), { allowed: false, sudo: true })
  t.match(evaluate(acl, { operation: 'read', path: 'c' }), { allowed: true, sudo: false })
  t.end()
})

t.test('a list of a/b/ is decided by the rules for a/b and for a/b/ together', (t) => {
  const rows: [rules: Record<string, string>, path: string, allowed: boolean][] = [
    [{ 'a/b': 'list' }, 'a/b/', true],
    [{ 'a/b/': 'list' }, 'a/b/', true],
    [{ 'a/b/': 'list', 'a/b': 'deny' }, 'a/b/', true],
    [{ 'a/b/': 'deny', 'a/b': 'list' }, 'a/b/', false],
    [{ 'a/b': 'list', 'a/b/*': 'deny' }, 'a/b/', true],
    [{ 'a/b': 'deny', 'a/b/*': 'list' }, 'a/b/', false],
    [{ 'a/b*': 'list' }, 'a/b/', true],
    [{ 'a/b/*': 'list' }, 'a/b/', true],
    [{ 'a/+': 'list' }, 'a/b/', true],
    [{ 'a/+/': 'list' }, 'a/b/', true],
    [{ 'a/+/+': 'list' }, 'a/b/', true],
    // Neither form hides the deny that the other one meets (GHSA-xp3c-3jw3-4vcr).
    [{ 'a/*': 'list', 'a/+': 'deny' }, 'a/b/', false],
    [{ 'a/*': 'list', 'a/b/*': 'deny' }, 'a/b/', false],
    [{ '+/+': 'list', 'a/+/': 'deny' }, 'a/b/', false],
    [{ '+/+/': 'list', 'a/+': 'deny' }, 'a/b/', false],
    [{ 'a/b/*': 'list', 'a/*': 'deny' }, 'a/b/', true],
    [{ 'a/b/*': 'list', 'a/+': 'deny' }, 'a/b/', true],
    // A rule that grants something else does not hide one that grants the list.
    [{ 'a/+': 'read', 'a/*': 'list' }, 'a/b/', true],
    [{ 'a/b*': 'read', 'a/+': 'list' }, 'a/b/', true],
    // But a longer prefix replaces a shorter one.
    [{ 'a/b*': 'read', 'a/*': 'list' }, 'a/b/', false],
    [{ 'a/b*': 'read', 'a/+': 'deny' }, 'a/b/', false],
    [{ 'a/*': 'read' }, 'a/b/', false],
    [{ 'a/': 'list' }, 'a/b/', false],
  ]
  for (const [rules, path, allowed] of rows) {
    t.equal(allows(aclOf(policyText(rules)), 'list', path), allowed, JSON.stringify(rules))
  }
  t.equal(allows(aclOf(policyText({ 'a/b': 'read' })), 'read', 'a/b/'), false, 'only a list has two forms')
  t.end()
})

t.test('the root policy allows everything in its namespace and below', (t) => {
  const root = (path: string) =>
    compileAcl([{ name: 'root', namespace: { id: path || 'root', path }, policy: parsePolicy('#') }])
  t.strictSame(evaluate(root(''), { operation: 'delete', path: 'any/thing' }), {
    allowed: true,
    sudo: true,
    root: true,
    granting: [{ name: 'root', namespace: rootNamespace, type: 'acl' }],
  })
  t.strictSame(capabilities(root(''), 'x'), ['root'])
  t.equal(allows(root('team/'), 'read', 'team/pki/ca'), true)
  t.equal(allows(root('team/'), 'read', 'teams/pki/ca'), false)
  t.equal(allows(root('team/'), 'read', 'pki/ca'), false)
  t.strictSame(capabilities(root('team/'), 'pki/ca'), ['deny'])
  t.throws(
    () => compileAcl(['root', 'web'].map((name) => ({ name, namespace: rootNamespace, policy: parsePolicy('#') }))),
    { message: 'other policies present along with root' },
  )
  t.end()
})

t.test('the paths of a policy lie in its namespace', (t) => {
  const acl = compileAcl([
    {
      name: 'web',
      namespace: { id: 'x', path: 'team/' },
      policy: parsePolicy(policyText({ 'pki/*': 'read', '+': 'list' })),
    },
  ])
  t.equal(allows(acl, 'read', 'team/pki/ca'), true)
  t.equal(allows(acl, 'read', 'pki/ca'), false)
  t.equal(allows(acl, 'list', 'team/pki'), true)
  t.equal(allows(acl, 'list', 'team'), false)
  t.end()
})

t.test('capabilities are sorted names, or root, or deny', (t) => {
  const acl = aclOf(
    policyText({ a: 'update read sudo list scan', b: 'deny', c: '', 'd/*': 'list', 'e/+': 'recover subscribe' }),
  )
  t.strictSame(capabilities(acl, 'a'), ['list', 'read', 'scan', 'sudo', 'update'])
  t.strictSame(capabilities(acl, 'b'), ['deny'])
  t.strictSame(capabilities(acl, 'c'), ['deny'])
  t.strictSame(capabilities(acl, 'nowhere'), ['deny'])
  t.strictSame(capabilities(acl, 'a/'), ['list', 'read', 'scan', 'sudo', 'update'], 'a trailing slash as for a list')
  t.strictSame(capabilities(acl, 'd'), ['deny'])
  t.strictSame(capabilities(acl, '/e/x'), ['recover', 'subscribe'])
  t.end()
})

t.test('an unresolved template drops what it would grant, and denies whatever it might deny', (t) => {
  const acl = aclOf(`
    path "*" { capabilities = ["read", "list"] }
    path "pki/issue/web" { capabilities = ["read"] }
    path "own/{{identity.entity.id}}" { capabilities = ["update"] }
    path "pki/issue/{{ identity.entity.name }}" { capabilities = ["deny"] }
    path "{{a}}/x/{{b}}/y*" { capabilities = ["deny"] }
    path "q/+/{{c}}/r" { policy = "deny" }`)
  t.equal(allows(acl, 'update', 'own/{{identity.entity.id}}'), false)
  t.equal(allows(acl, 'update', 'own/'), false)
  const rows: [path: string, denied: boolean][] = [
    ['pki/issue/web', true],
    ['pki/issue/', true],
    ['pki/issue/a/b/c', true],
    ['pki/issue', false],
    ['pki/sign/web', false],
    ['1/x/2/y', true],
    ['1/2/x/3/4/yes/and/more', true],
    ['/x//y', true],
    ['1/x/y', false],
    ['1/2/y', false],
    ['q/1/2/r', true],
    ['q/1/2/3/4/r', true],
    ['q/1/2/rr', false],
    ['q/1/r', false],
  ]
  for (const [path, denied] of rows) {
    t.equal(allows(acl, 'read', path), !denied, path)
    t.strictSame(capabilities(acl, path).includes('deny'), denied, path)
  }
  t.equal(allows(acl, 'list', 'pki/issue/'), false)
  t.equal(allows(aclOf('path "*" { policy = "read" }\npath "a/{{b}}c" { policy = "deny" }'), 'list', 'a/c/'), false)
  t.end()
})

t.test('an unresolved deny with many templates is matched in linear time', (t) => {
  const acl = aclOf(`path "${'a{{x}}'.repeat(1_000)}b" { policy = "deny" }\npath "*" { policy = "read" }`)
  const start = performance.now()
  t.equal(allows(acl, 'read', 'a'.repeat(100_000)), true)
  t.ok(performance.now() - start < 1_000)
  t.end()
})

t.test('reaches says whether anything is granted at a path or below', (t) => {
  const rows: [rules: Record<string, string>, reached: boolean][] = [
    [{ 'pki/*': 'read' }, true],
    [{ 'pki/': 'read' }, true],
    [{ pki: 'list' }, true],
    [{ 'pki/issue/web': 'update' }, true],
    [{ 'pki/issue/*': 'update' }, true],
    [{ 'pki/+/web': 'update' }, true],
    [{ '+/issue/web': 'update' }, true],
    [{ '+/+': 'update' }, true],
    [{ 'p*': 'update' }, true],
    [{ '*': 'read' }, true],
    [{ 'pki/*': 'deny' }, false],
    [{ 'pki/*': '' }, false],
    [{ 'pki/*': 'deny', 'pki/ca': 'read' }, true],
    [{ 'pkix/*': 'read' }, false],
    [{ 'pk/*': 'read' }, false],
    [{ 'other/+/web': 'read' }, false],
    [{ '+': 'read' }, true],
    [{}, false],
  ]
  for (const [rules, reached] of rows) {
    t.equal(reaches(aclOf(policyText(rules)), 'pki/'), reached, JSON.stringify(rules))
  }
  t.equal(reaches(aclOf(policyText({ 'team/pki/issue/x': 'read' })), 'team/pki/'), true)
  t.equal(reaches(aclOf(policyText({ 'team/other/x': 'read' })), 'team/pki/'), false)
  t.end()
})

/** The rules of 4.5 once more, slow and one after the other. */
const model = (rules: Record<string, string>, path: string, listing: boolean): string | undefined => {
  const patterns = Object.keys(rules)
  const wild = (pattern: string) => /(^|\/)\+/.test(pattern) && (pattern === '+' || /^\+\/|\/\+/.test(pattern))
  const star = (pattern: string) => pattern.endsWith('*')
  const bare = (pattern: string) => pattern.replace(/\*$/, '')
  const matchesWild = (pattern: string, path: string) => {
    const want = bare(pattern).split('/')
    const have = path.split('/')
    if (star(pattern) ? have.length < want.length : have.length !== want.length) return false
    return want.every((part, at) => {
      const last = star(pattern) && at === want.length - 1
      return part === '+' || part === have[at] || (last && (have[at] ?? '').startsWith(part))
    })
  }
  const candidates = (path: string): string[] => {
    const prefixes = patterns.filter((one) => !wild(one) && star(one) && path.startsWith(bare(one)))
    const longest = prefixes.sort((a, b) => b.length - a.length).slice(0, 1)
    return [...longest, ...patterns.filter((one) => wild(one) && matchesWild(one, path))]
  }
  /** Is `a` more specific than `b`? */
  const beats = (a: string, b: string): boolean => {
    const place = (one: string) => (wild(one) ? one.indexOf('+') : bare(one).length)
    const pluses = (one: string) =>
      wild(one)
        ? bare(one)
            .split('/')
            .filter((part) => part === '+').length
        : 0
    if (place(a) !== place(b)) return place(a) > place(b)
    if (star(a) !== star(b)) return star(b)
    if (pluses(a) !== pluses(b)) return pluses(a) < pluses(b)
    if (bare(a).length !== bare(b).length) return bare(a).length > bare(b).length
    return bare(a) > bare(b)
  }
  const best = (these: string[]): string | undefined =>
    these.find((one) => these.every((other) => other === one || beats(one, other)))
  const exact = (path: string) => patterns.find((one) => !wild(one) && !star(one) && one === path)

  if (!listing || !path.endsWith('/')) return exact(path) ?? best(candidates(path))
  const found = exact(path) ?? exact(path.slice(0, -1))
  if (found !== undefined) return found
  const all = [...new Set([...candidates(path), ...candidates(path.slice(0, -1))])]
  const deny = best(all.filter((one) => rules[one] === 'deny'))
  const list = best(all.filter((one) => rules[one]?.split(' ').includes('list')))
  if (deny !== undefined && (list === undefined || beats(deny, list))) return deny
  return list ?? best(all)
}

t.test('selection agrees with the rules written down one after the other', (t) => {
  const segment = fc.constantFrom('a', 'b', 'ab', '', '+', '+', 'a+', '+a')
  const pattern = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '*'))
    .map(([segments, glob]) => (segments.join('/') + glob).replace(/^\/+/, ''))
    .filter((text) => !text.includes('+*'))
  const granted = fc.constantFrom('read', 'list', 'read list', 'update', 'deny')
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'abb', '', '+', '+a'), { minLength: 1, maxLength: 4 })
    .map((segments) => segments.join('/').replace(/^\/+/, ''))
  let decided = 0
  fc.assert(
    fc.property(
      fc.dictionary(pattern, granted, { maxKeys: 8, noNullPrototype: true }),
      fc.array(path, { minLength: 20, maxLength: 20 }),
      (rules, paths) => {
        const acl = aclOf(policyText(rules))
        for (const each of paths) {
          for (const operation of ['read', 'list', 'update'] as const) {
            const rule = model(rules, each, operation === 'list')
            if (rule !== undefined) decided++
            const expected = rule !== undefined && (rules[rule] ?? '').split(' ').includes(operation)
            if (allows(acl, operation, each) !== expected) return false
          }
        }
        return true
      },
    ),
    { numRuns: 1_500 },
  )
  t.ok(decided > 10_000, 'most of the paths meet a rule')
  t.end()
})
