import t from 'tap'
import { fileOptions } from '../../src/audit/file-options.ts'

t.test('a path is all that is needed', async (t) => {
  const expected = { path: '/a/b', mode: 0o600, hmacAccessor: true, elideListResponses: false }
  t.strictSame(fileOptions({ file_path: '/a/b' }), expected)
  t.strictSame(fileOptions({ path: '/a/b' }), expected)
})

t.test('options are texts, as the command line sends them', async (t) => {
  const options = { file_path: 'STDOUT', format: 'json', hmac_accessor: 'false', elide_list_responses: 'true' }
  t.match(fileOptions(options), { path: 'stdout', hmacAccessor: false, elideListResponses: true })
  t.match(fileOptions({ file_path: 'Discard', log_raw: 'false', prefix: '' }), { path: 'discard' })
})

t.test('a mode is octal, never lets a log be run, and 0000 keeps the mode that is there', async (t) => {
  for (const [text, mode] of [
    ['0600', 0o600],
    ['640', 0o640],
    ['0644', 0o644],
    ['0755', 0o644],
    ['0o660', 0o660],
    ['0000', undefined],
    ['0', undefined],
  ] as const) {
    t.equal(fileOptions({ file_path: 'x', mode: text }).mode, mode, text)
  }
  for (const mode of ['', '0999', '-1', 'rw', '04755', '0x1ff', '100600']) {
    t.throws(() => fileOptions({ file_path: 'x', mode }), { kind: 'invalid request', message: /^mode: / }, mode)
  }
  t.throws(() => fileOptions({ file_path: 'x', mode: '0444' }), { message: /owner/ })
})

t.test('what is not supported is refused, not ignored', async (t) => {
  for (const [options, message] of [
    [{}, /^file_path is required$/],
    [{ file_path: '' }, /^file_path is required$/],
    [{ file_path: 'x', format: 'jsonx' }, /unknown format type "jsonx"/],
    [{ file_path: 'x', log_raw: 'true' }, /log_raw is not supported/],
    [{ file_path: 'x', prefix: '@cee: ' }, /prefixing is not allowed/],
    [{ file_path: 'x', hmac_accessor: 'perhaps' }, /hmac_accessor: strconv\.ParseBool: parsing "perhaps"/],
    [{ file_path: 'x', hmac_accessor: '' }, /hmac_accessor/],
    [{ file_path: 'x', colour: 'red' }, /unknown option "colour"/],
  ] as const) {
    t.throws(() => fileOptions(options as Record<string, string>), { kind: 'invalid request', message })
  }
})
