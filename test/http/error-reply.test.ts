import t from 'tap'
import { ChanceryError, type ErrorKind, invalidRequest, permissionDenied, unavailable } from '../../src/errors.ts'
import { errorReply, type Log } from '../../src/http/error-reply.ts'

const logTo = (lines: unknown[]): Log => {
  const line = (fields: object, text: string) => lines.push({ ...fields, text })
  return { error: line, warn: line, info: line }
}

const render = (error: unknown) => errorReply(error, 'the-id', logTo([]))

const rows: [kind: ErrorKind, status: number, errors: string[]][] = [
  ['invalid request', 400, ['the text']],
  ['permission denied', 403, ['the text']],
  ['invalid token', 403, ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n']],
  ['not found', 404, []],
  ['no handler', 404, ['the text']],
  ['unsupported path', 404, ['1 error occurred:\n\t* the text\n\n']],
  ['unsupported operation', 405, ['1 error occurred:\n\t* the text\n\n']],
  ['too large', 413, ['the text']],
  ['unsupported media type', 415, ['the text']],
  ['sealed', 503, ['the text']],
  ['unavailable', 503, ['the text']],
  ['internal', 500, ['1 error occurred:\n\t* internal error\n\n']],
]

t.test('each kind has the status and the shape that clients look for', (t) => {
  for (const [kind, status, errors] of rows) {
    const reply = render(new ChanceryError(kind, 'the text'))
    t.strictSame(reply, { status, contentType: 'application/json', body: `${JSON.stringify({ errors })}\n` }, kind)
  }
  t.end()
})

t.test('a denial is the sentence that clients search for', (t) => {
  t.equal(render(permissionDenied()).body, '{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}\n')
  t.end()
})

t.test('who is asked to come again is told when', (t) => {
  t.strictSame(render(unavailable('busy', 3)).headers, { 'Retry-After': '3' })
  t.equal(render(invalidRequest('x')).headers, undefined)
  t.end()
})

t.test('whatever is thrown, a 500 says nothing about it, and the log all', (t) => {
  const secret = 'password=hunter2'
  const thrown: unknown[] = [
    new Error(secret),
    Object.assign(new Error(secret), { statusCode: 400, status: 400, code: secret }),
    new ChanceryError('internal', secret, { cause: new Error(secret) }),
    secret,
    { message: secret, kind: 'invalid request' },
    undefined,
    null,
  ]
  for (const error of thrown) {
    const lines: unknown[] = []
    const reply = errorReply(error, 'the-id', logTo(lines))
    t.strictSame(reply, {
      status: 500,
      contentType: 'application/json',
      body: '{"errors":["1 error occurred:\\n\\t* internal error\\n\\n"]}\n',
    })
    t.strictSame(lines, [{ err: error, request_id: 'the-id', text: 'request failed' }])
  }
  t.end()
})

t.test("a client's own mistakes do not fill the log", (t) => {
  const lines: unknown[] = []
  for (const [kind] of rows) if (kind !== 'internal') errorReply(new ChanceryError(kind, 'x'), 'the-id', logTo(lines))
  t.strictSame(lines, [])
  t.end()
})
