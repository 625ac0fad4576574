import t from 'tap'
import fc from 'fast-check'
import { parseHcl } from '../../../src/access/policies/hcl.ts'
import { parseJson } from '../../../src/access/policies/json.ts'
import type { Item, Node } from '../../../src/access/policies/syntax.ts'

/** A tree without its offsets, numbers as their text. */
const plainNode = (node: Node): unknown => {
  switch (node.kind) {
    case 'string':
    case 'bool':
      return node.value
    case 'number':
      return { number: node.text }
    case 'null':
      return null
    case 'list':
      return node.items.map(plainNode)
    case 'object':
      return { block: plain(node.items) }
  }
}
const plain = (items: readonly Item[]): unknown[] => items.map((item) => [...item.keys, plainNode(item.value)])

const value = (text: string): unknown => (plain(parseHcl(`k = ${text}`))[0] as unknown[])[1]

t.test('HCL reads every kind of value', (t) => {
  const rows: [text: string, value: unknown][] = [
    ['"text"', 'text'],
    ['true', true],
    ['false', false],
    ['12', { number: '12' }],
    ['-1.5e3', { number: '-1.5e3' }],
    ['0x1F', { number: '0x1F' }],
    ['[]', []],
    ['["a", 1, true, ["b"],]', ['a', { number: '1' }, true, ['b']]],
    ['[,"a",,"b"]', ['a', 'b']],
    ['{}', { block: [] }],
    [
      '{ a = 1, "b" = { } }',
      {
        block: [
          ['a', { number: '1' }],
          ['b', { block: [] }],
        ],
      },
    ],
  ]
  for (const [text, expected] of rows) t.strictSame(value(text), expected, text)
  t.end()
})

t.test('HCL reads blocks with and without an equals sign, labels and comments', (t) => {
  const text = `# one
// two
path "a" { /* three
  lines */ k = "v" # four
}
path "b" "c" { k { } }
d-e.f = { }`
  t.strictSame(plain(parseHcl(text)), [
    ['path', 'a', { block: [['k', 'v']] }],
    ['path', 'b', 'c', { block: [['k', { block: [] }]] }],
    ['d-e.f', { block: [] }],
  ])
  t.strictSame(parseHcl(''), [])
  t.strictSame(parseHcl('# nothing but this'), [])
  t.end()
})

t.test('HCL reads the escapes of strings', (t) => {
  t.equal(value(String.raw`"\a\b\f\n\r\t\v\\\""`), '\x07\b\f\n\r\t\v\\"')
  t.equal(value(String.raw`"\101\x42\u00e9\U0001F600"`), 'ABé😀')
  t.equal(value('"$ $$ {x}"'), '$ $$ {x}')
  t.equal(value('"a${ "b" \n {c} }d"'), 'a${ "b" \n {c} }d', 'what looks like an interpolation stays as it is')
  t.end()
})

t.test('HCL reads heredocs, and takes the indent of the last line away where it is asked to', (t) => {
  t.equal(value('<<EOF\na\n  b "\nEOF\n'), 'a\n  b "\n')
  t.equal(value('<<-EOF\n    a\n      b\n    EOF\n'), 'a\n  b\n')
  t.equal(value('<<-EOF\n a\n    b\n    EOF\n'), ' a\n    b\n', 'a line with less indent keeps them all')
  t.end()
})

t.test('HCL says what is wrong, with line and column', (t) => {
  const rows: [text: string, message: string][] = [
    ['path "a" {', 'At 1:11: object expected closing RBRACE got: EOF'],
    ['path "a" }', `At 1:10: key 'path "a"' expected start of object ('{') or assignment ('=')`],
    ['}', 'At 1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: RBRACE'],
    ['a = 1\n b c = 2', 'At 2:6: nested object expected: LBRACE got: ASSIGN'],
    ['a = ["x" "y"]', 'At 1:10: error parsing list, expected comma or list end, got: STRING'],
    ['a = [', 'At 1:6: Unknown token: EOF'],
    ['a = [x]', 'At 1:6: Unknown token: IDENT x'],
    ['a =', 'At 1:4: Unknown token: EOF'],
    ['a = "b', 'At 1:5: literal not terminated'],
    ['a = "b\n"', 'At 1:5: literal not terminated'],
    ['a = "${b"', 'At 1:5: literal not terminated'],
    [String.raw`a = "\q"`, 'At 1:7: illegal char escape'],
    [String.raw`a = "\xff"`, 'At 1:7: illegal char escape'],
    [String.raw`a = "\ud800"`, 'At 1:7: illegal char escape'],
    [String.raw`a = "\U00110000"`, 'At 1:7: illegal char escape'],
    ["a = 'b'", 'At 1:5: illegal char'],
    ['é\n  @', 'At 2:3: illegal char'],
    ['/* a', 'At 1:1: comment not terminated'],
    ['/ a', "At 1:1: expected '/' for comment"],
    ['a = <<EOF\nb\nEOF', 'At 1:5: heredoc not terminated'],
    ['a = <EOF\n', 'At 1:5: invalid characters in heredoc anchor'],
    ['true = 1', 'At 1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: BOOL'],
  ]
  for (const [text, message] of rows) {
    t.throws(() => parseHcl(text), { kind: 'invalid request', message: `failed to parse policy: ${message}` }, text)
  }
  t.end()
})

t.test('JSON keeps equal keys apart, which JSON.parse does not', (t) => {
  t.strictSame(plain(parseJson(' {"a": {"x": 1}, "a": [true, null, "b\\u00e9"]} ')), [
    ['a', { block: [['x', { number: '1' }]] }],
    ['a', [true, null, 'bé']],
  ])
  t.end()
})

t.test('JSON says what is wrong, with line and column', (t) => {
  const rows: [text: string, message: string][] = [
    ['{', 'At 1:2: expected a string'],
    ['{"a"}', "At 1:5: expected ':' got: '}'"],
    ['{"a":1,}', 'At 1:8: expected a string'],
    ['{"a":1} x', 'At 1:9: unexpected text after the end'],
    ['{"a":[1 2]}', "At 1:9: expected ']' got: '2'"],
    ['{\n"a": nul}', 'At 2:6: expected a value'],
    ['{"a":"\\q"}', 'At 1:6: illegal char escape'],
    ['{"a":"\n"}', 'At 1:6: expected a string'],
    ['{"a":1', "At 1:7: expected '}' got: EOF"],
  ]
  for (const [text, message] of rows) {
    t.throws(() => parseJson(text), { kind: 'invalid request', message: `failed to parse policy: ${message}` }, text)
  }
  t.end()
})

t.test('nesting is bounded', (t) => {
  const deep = { message: /more than 32 levels of nesting$/ }
  t.throws(() => parseHcl(`a = ${'['.repeat(500_000)}`), deep)
  t.throws(() => parseHcl('a {'.repeat(300_000)), deep)
  t.throws(() => parseJson('{"a":'.repeat(200_000)), deep)
  t.doesNotThrow(() => parseHcl(`a = ${'['.repeat(30)}${']'.repeat(30)}`))
  t.end()
})

type Tree = string | boolean | Tree[] | { [key: string]: Tree }

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    fc.boolean(),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

const asPlain = (node: Tree): unknown => {
  if (Array.isArray(node)) return node.map(asPlain)
  return typeof node === 'object' ? { block: Object.entries(node).map(([key, each]) => [key, asPlain(each)]) } : node
}

const writtenString = (text: string): string =>
  `"${[...text].map((one) => `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`).join('')}"`

const written = (node: Tree): string => {
  if (typeof node === 'string') return writtenString(node)
  if (typeof node === 'boolean') return String(node)
  if (Array.isArray(node)) return `[ ${node.map(written).join(' ,\n')} ]`
  return `{ ${Object.entries(node)
    .map(([key, each]) => `${writtenString(key)} = ${written(each)}`)
    .join('\n')} }`
}

t.test('what is written comes back, as HCL and as JSON', (t) => {
  fc.assert(
    fc.property(tree, (node) => {
      const expected = [['k', asPlain(node)]]
      t.strictSame(plain(parseHcl(`k = ${written(node)}`)), expected)
      t.strictSame(plain(parseJson(JSON.stringify({ k: node }))), expected)
    }),
    { numRuns: 200 },
  )
  t.end()
})

t.test('no text makes either parser fail in another way than by refusing it', (t) => {
  const pieces = fc.constantFrom(
    'path',
    ' ',
    '"',
    'a',
    '{',
    '}',
    '[',
    ']',
    '=',
    ',',
    '\n',
    '#',
    '/*',
    '*/',
    '<<A\n',
    'A',
    '\\',
    '${',
    '1',
    '-',
    ':',
    'true',
    '\0',
    '\ud800',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      for (const parse of [parseHcl, parseJson]) {
        try {
          parse(text)
        } catch (error) {
          t.match(error, { kind: 'invalid request', message: /^failed to parse policy: At \d+:\d+: / })
        }
      }
    }),
    { numRuns: 1_000 },
  )
  t.end()
})
