import t from 'tap'
import { capabilityNames } from '../../../src/access/policies/capability.ts'
import { maxPolicySize, parsePolicy } from '../../../src/access/policies/parse.ts'

const only = (text: string) => {
  const { paths } = parsePolicy(text)
  if (paths.length !== 1 || !paths[0]) throw new Error(`${paths.length} rules`)
  return { ...paths[0], granted: capabilityNames(paths[0].capabilities).join(' ') }
}

t.test('reads a policy in the style of the documentation', (t) => {
  const text = `
# Issue from one role, read it, and see the certificates.
path "pki/issue/web" {
  capabilities = ["create", "update"]
  required_parameters = ["common_name"]
  allowed_parameters = {
    "common_name" = ["*.example.com"]
    "TTL"         = []
    "*"           = []
  }
  denied_parameters = {
    "ip_sans" = []
  }
  min_wrapping_ttl = "1m"
  max_wrapping_ttl = 90
}

path "/pki/+/roles/*" { policy = "read" }

path "pki/issue/{{identity.entity.metadata.TeamName}}" {
  capabilities = ["update"]
  comment = "later"
  mfa_methods = ["my_totp"]
  control_group = {
    factor "authorizers" {
      identity {
        group_names = ["managers"]
        approvals = 1
      }
    }
  }
}`
  const [issue, roles, template] = parsePolicy(text).paths
  t.strictSame(issue && { ...issue, capabilities: capabilityNames(issue.capabilities) }, {
    pattern: 'pki/issue/web',
    templated: false,
    capabilities: ['create', 'update'],
    minWrappingTtl: 60,
    maxWrappingTtl: 90,
    allowedParameters: new Map([
      ['common_name', ['*.example.com']],
      ['ttl', []],
      ['*', []],
    ]),
    deniedParameters: new Map([['ip_sans', []]]),
    requiredParameters: new Set(['common_name']),
  })
  t.match(roles, { pattern: 'pki/+/roles/*', templated: false })
  t.match(template, { pattern: 'pki/issue/{{identity.entity.metadata.TeamName}}', templated: true })
  t.end()
})

t.test('JSON says the same as HCL', (t) => {
  const json = {
    name: 'ignored',
    path: {
      'a/*': { capabilities: ['read', 'list'], allowed_parameters: { x: ['y', true] }, max_wrapping_ttl: '1h' },
      b: { policy: 'deny', comment: null },
    },
  }
  const hcl = `name = "ignored"
path "a/*" {
  capabilities = ["read", "list"]
  allowed_parameters { x = ["y", true] }
  max_wrapping_ttl = "1h"
}
path "b" { policy = "deny" }`
  t.strictSame(parsePolicy(JSON.stringify(json)), parsePolicy(hcl))
  t.strictSame(
    parsePolicy('{"path":[{"a":{"policy":"read"}},{"b":[{"policy":"deny"}]}]}').paths.map((rule) => rule.pattern),
    ['a', 'b'],
  )
  t.end()
})

t.test('a JSON policy that names a path twice keeps both blocks', (t) => {
  const { paths } = parsePolicy('{"path":{"a":{"capabilities":["deny"]},"a":{"capabilities":["read"]}}}')
  t.strictSame(
    paths.map((rule) => capabilityNames(rule.capabilities)),
    [['deny'], ['read']],
  )
  t.end()
})

t.test('the words of the older form stand for capabilities', (t) => {
  const rows: [policy: string, granted: string][] = [
    ['deny', 'deny'],
    ['read', 'list read'],
    ['write', 'create delete list read update'],
    ['sudo', 'create delete list read sudo update'],
  ]
  for (const [policy, granted] of rows) t.equal(only(`path "a" { policy = "${policy}" }`).granted, granted)
  t.equal(only('path "a" { policy = "read" capabilities = ["sudo"] }').granted, 'list read sudo')
  t.end()
})

t.test('deny in a list clears the rest of it', (t) => {
  t.equal(only('path "a" { capabilities = ["read", "deny", "sudo"] }').granted, 'deny')
  t.equal(only('path "a" { policy = "deny" capabilities = ["read"] }').granted, 'deny')
  t.equal(only('path "a" { policy = "write" capabilities = ["deny"] }').granted, 'deny')
  t.end()
})

t.test('a key that is given twice adds up, or is refused where it is one value', (t) => {
  t.equal(only('path "a" { capabilities = ["read"] capabilities = ["list"] }').granted, 'list read')
  t.strictSame(
    only('path "a" { allowed_parameters { x = ["1"] } allowed_parameters { x = ["2"] y = [] } }').allowedParameters,
    new Map([
      ['x', ['1', '2']],
      ['y', []],
    ]),
  )
  t.throws(() => parsePolicy('path "a" {\n policy = "read"\n policy = "deny"\n}'), {
    message:
      'failed to parse policy: path "a": At 3:2: The argument "policy" was already set. Each argument can only be defined once',
  })
  t.end()
})

t.test('wrapping TTLs are seconds or durations', (t) => {
  const rows: [text: string, seconds: number][] = [
    ['60', 60],
    ['"60"', 60],
    ['"1h30m"', 5_400],
    ['"2d"', 172_800],
    ['0x10', 16],
    ['010', 8],
    ['1.5', 1],
    ['0', 0],
    ['""', 0],
    ['"0s"', 0],
  ]
  for (const [text, seconds] of rows) {
    t.equal(only(`path "a" { max_wrapping_ttl = ${text} }`).maxWrappingTtl, seconds, text)
  }
  // Less than a second would be rounded to "no limit", and a negative one is none.
  for (const text of ['"500ms"', '0.5', '-5', '"-1h"', '"soon"', 'true', '[]', '089']) {
    t.throws(
      () => parsePolicy(`path "a" { max_wrapping_ttl = ${text} }`),
      { message: /^failed to parse policy: path "a": error parsing max_wrapping_ttl: time: invalid duration "/ },
      text,
    )
  }
  t.end()
})

t.test('refuses in the words of Vault', (t) => {
  const rows: [text: string, message: string][] = [
    ['path "x" { capabilities = ["reed"] }', 'path "x": invalid capability "reed"'],
    ['path "x" { capabilities = ["READ"] }', 'path "x": invalid capability "READ"'],
    ['path "x" { capabilities = ["root"] }', 'path "x": invalid capability "root"'],
    ['path "x" { capabilities = ["constructor"] }', 'path "x": invalid capability "constructor"'],
    ['path "x" { policy = "admin" }', 'path "x": invalid policy "admin"'],
    ['path "a/+*" { }', `path "a/+*": invalid use of wildcards ('+*' is forbidden)`],
    ['path "a+*b" { }', `path "a+*b": invalid use of wildcards ('+*' is forbidden)`],
    [
      'path "x" { min_wrapping_ttl = "1h" max_wrapping_ttl = "1m" }',
      'path "x": max_wrapping_ttl cannot be less than min_wrapping_ttl',
    ],
    ['path "a/{{x" { }', 'failed to validate policy templating: unbalanced templating characters'],
    ['path "a/x}}" { }', 'failed to validate policy templating: unbalanced templating characters'],
    ['path "a/{{x{{y}}}}" { }', 'failed to validate policy templating: unbalanced templating characters'],
    ['\nfoo "x" { }', '1 error occurred:\n\t* invalid key "foo" on line 2\n\n'],
    [
      'PATH "x" { }\nbar = 1',
      '2 errors occurred:\n\t* invalid key "PATH" on line 1\n\t* invalid key "bar" on line 2\n\n',
    ],
    ['path "x" {\n  ttl = 5\n}', '1 error occurred:\n\t* path "x": invalid key "ttl" on line 2\n\n'],
    ['path "x" { capabilities = "read" }', 'path "x": At 1:27: capabilities: expected a list'],
    ['path "x" { capabilities = [true] }', 'path "x": At 1:28: capabilities: expected a string'],
    ['path "x" { allowed_parameters { a = "b" } }', 'path "x": At 1:33: allowed_parameters: expected a list for "a"'],
    ['path "x" { allowed_parameters = ["a"] }', 'path "x": At 1:34: expected a block'],
    ['path "x" { allowed_parameters "y" { } }', 'path "x": At 1:12: allowed_parameters: unexpected "y"'],
    ['path "x" "y" { }', 'path "x": At 1:1: unexpected "y"'],
    ['path = "x"', 'At 1:8: expected a block'],
    ['path "x" {} \0', 'At 1:13: unexpected null character (0x00)'],
    ['# \ud800', 'text is not valid UTF-8'],
  ]
  for (const [text, message] of rows) {
    t.throws(() => parsePolicy(text), { kind: 'invalid request', message: `failed to parse policy: ${message}` }, text)
  }
  t.end()
})

t.test('refuses what would restrict and would not be obeyed', (t) => {
  for (const key of ['pagination_limit', 'expiration', 'list_scan_response_keys_filter_path']) {
    t.throws(() => parsePolicy(`path "x" { ${key} = 1 }`), { message: new RegExp(`invalid key "${key}" on line 1`) })
  }
  t.end()
})

t.test('a policy of comments is a policy without rules', (t) => {
  t.strictSame(parsePolicy('# nobody may do anything\n').paths, [])
  t.end()
})

t.test('takes Windows line ends', (t) => {
  t.equal(only('path "a" {\r\n capabilities = ["read"]\r\n}\r\n').granted, 'read')
  t.end()
})

t.test('size is bounded, and a megabyte is parsed in linear time whatever it holds', (t) => {
  t.throws(() => parsePolicy(`#${' '.repeat(maxPolicySize)}`), { message: /policy is larger than 1048576 bytes/ })
  const megabyte = (piece: string, before = '', after = ''): string =>
    before + piece.repeat(Math.floor((maxPolicySize - before.length - after.length) / piece.length)) + after
  const texts = [
    megabyte('path "a" {}\n'),
    megabyte('path "a'),
    megabyte('a'),
    megabyte('"', 'path "a" { comment = '),
    megabyte('\\n', 'path "', '" { }'),
    megabyte('{{a}}', 'path "', '" { }'),
    megabyte('${', 'path "'),
    megabyte('<<A\n'),
    megabyte('x\n', 'path "a" { comment = <<EOF\n'),
    megabyte('/**/'),
    megabyte('a=1 '),
    megabyte('"a",', 'path "a" { required_parameters = [', '] }'),
    megabyte('"a"=[],', 'path "a" { allowed_parameters {', '} }'),
    megabyte('capabilities=["read"] ', 'path "a" { ', '}'),
    megabyte('{"path":{"a":{}},', ''),
    megabyte('"a":{},', '{"path":{', '"b":{}}}'),
    megabyte('\\n', '{"path":{"', '":{}}}'),
    megabyte('9', 'path "a" { max_wrapping_ttl = ', '}'),
  ]
  for (const text of texts) {
    const start = performance.now()
    try {
      parsePolicy(text)
    } catch (error) {
      t.match(error, { kind: 'invalid request' })
      t.ok((error as Error).message.length < 5_000, 'the message does not repeat the text')
    }
    // Linear takes some tens of milliseconds; anything worse takes minutes.
    t.ok(performance.now() - start < 5_000, text.slice(0, 40))
  }
  t.end()
})
