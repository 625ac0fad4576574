import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import { ChanceryError, invalidRequest, permissionDenied, unavailable } from '../../src/errors.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { bytewise, echo, type Edge, jsonReply, message, startEdge, statuses, talk, url } from './edge.ts'

const ask = (edge: Edge, path: string, init: RequestInit = {}): Promise<Response> => fetch(url(edge, path), init)

const write = (
  edge: Edge,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  ask(edge, '/v1/a', { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } })

const internalError = '{"errors":["1 error occurred:\\n\\t* internal error\\n\\n"]}\n'

t.test('every reply is exactly application/json and not to be stored', async (t) => {
  const edge = await startEdge(t, (request) => {
    if (request.path === 'nothing') return { status: 204, contentType: 'application/json', body: undefined }
    if (request.path === 'denied') throw permissionDenied()
    if (request.path === 'broken') throw new Error('detail')
    return echo(request)
  })
  const expected: [path: string, status: number][] = [
    ['/v1/a', 200],
    ['/v1/nothing', 204],
    ['/v1/denied', 403],
    ['/v1/broken', 500],
    ['/v1/a%00', 400],
    ['/v1/%zz', 400],
    ['/elsewhere', 404],
  ]
  for (const [path, status] of expected) {
    const response = await ask(edge, path)
    t.equal(response.status, status, path)
    t.equal(response.headers.get('content-type'), 'application/json', path)
    t.equal(response.headers.get('cache-control'), 'no-store', path)
    t.equal(response.headers.get('strict-transport-security'), null, path)
    const body = await response.text()
    if (status !== 204) t.match(body, /^\{.*\}\n$/, path)
  }
})

t.test('POST and PUT read a JSON body, whatever its content type', async (t) => {
  const edge = await startEdge(t)
  for (const verb of ['POST', 'PUT']) {
    for (const type of [
      'application/json',
      'text/plain',
      'garbage',
      '',
      'a/b; =',
      'application/x-www-form-urlencoded',
    ]) {
      const body = '{"a":"1"}'
      const headers = [`Content-Length: ${body.length}`, `Content-Type: ${type}`, 'Connection: close']
      t.match(await talk(edge.port, message(verb, '/v1/a', { headers, body })), '"data":{"a":"1"}', `${verb} ${type}`)
    }
  }
  t.match(await talk(edge.port, message('POST', '/v1/a')), '"data":{}')
})

t.test('curl works as in the documentation', async (t) => {
  const edge = await startEdge(t)
  const curl = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await promisify(execFile)('curl', ['-sS', ...args])).stdout)
  const address = url(edge, '/v1/pki/issue/web')
  t.match(await curl('-H', 'X-Vault-Token: t', '-d', '{"common_name":"a.b"}', address), {
    method: 'POST',
    token: 't',
    data: { common_name: 'a.b' },
  })
  t.match(await curl('-X', 'PUT', '-d', 'a=1', '-d', 'a=2', address), { method: 'PUT', data: { a: '1,2' } })
  t.match(await curl('-X', 'POST', address), { data: {} })
  t.match(await curl('-X', 'DELETE', `${address}?a=1&a=2&help=1`), { verb: 'delete', data: { a: ['1', '2'] } })
  t.match(await curl(`${address}?list=true&after=x`), { verb: 'list', path: 'pki/issue/web/', data: { after: 'x' } })
  t.match(await curl('--http1.0', '-d', '{"a":1}', address), { data: { a: 1 } })
})

t.test('the body of a GET or DELETE is not read', async (t) => {
  const edge = await startEdge(t)
  for (const verb of ['GET', 'DELETE']) {
    const received = await talk(
      edge.port,
      message(verb, '/v1/a?q=1', { headers: ['Content-Length: 9'], body: '{"a":"b"}' }) + message('GET', '/v1/b'),
    )
    t.strictSame(statuses(received), [200, 200])
    t.match(received, '"data":{"q":"1"}')
  }
  t.strictSame(edge.executed, ['GET a', 'GET b', 'DELETE a', 'GET b'])
})

t.test('PATCH takes a merge patch and nothing else', async (t) => {
  const edge = await startEdge(t)
  const patch = async (type: string | undefined): Promise<[number, string]> => {
    const headers = ['Content-Length: 7', 'Connection: close', ...(type === undefined ? [] : [`Content-Type: ${type}`])]
    const received = await talk(edge.port, message('PATCH', '/v1/a', { headers, body: '{"a":1}' }))
    return [statuses(received)[0] ?? 0, received]
  }
  t.match(await patch('application/merge-patch+json'), [200, '"verb":"patch","path":"a"'])
  t.match(await patch('Application/Merge-Patch+JSON; charset=utf-8'), [200, '"data":{"a":1}'])
  t.match(await patch('application/json'), [
    415,
    '{"errors":["PATCH requires Content-Type of application/merge-patch+json, provided application/json"]}',
  ])
  t.match(await patch(undefined), [400, '{"errors":["mime: no media type"]}'])
  t.match(await patch('a b/c'), [400, '{"errors":["mime: '])
})

t.test('HEAD has the status and the headers of GET and no body', async (t) => {
  const edge = await startEdge(t)
  const head = await talk(edge.port, message('HEAD', '/v1/a'))
  t.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json\r\n/)
  t.match(head, /\r\nContent-Length: [1-9]\d*\r\n[^]*\r\n\r\n$/)
  t.strictSame(edge.executed, ['HEAD a'])
})

t.test('other verbs are 405', async (t) => {
  const edge = await startEdge(t)
  for (const verb of ['OPTIONS', 'TRACE', 'PURGE', 'LINK', 'SEARCH', 'SCAN', 'FOO']) {
    const received = await talk(edge.port, message(verb, '/v1/a'))
    t.strictSame(statuses(received), [405], verb)
    t.match(received, '{"errors":["1 error occurred:\\n\\t* unsupported operation\\n\\n"]}', verb)
  }
  t.strictSame(edge.executed, [])
})

t.test('bad paths are refused before anything else sees them', async (t) => {
  const edge = await startEdge(t)
  const relative = 'relative paths not supported'
  const refusals: [path: string, text: string][] = [
    ['/v1/a/../b', relative],
    ['/v1/a/%2e%2E/b', relative],
    ['/v1/./a', relative],
    ['/v1/a%2f..%2fb', relative],
    ['/v1/a%00b', 'the path contains a non-printable character'],
    ['/v1/a%0d%0aX:%20y', 'the path contains a non-printable character'],
    ['/v1/%', 'invalid URL escape'],
    ['/v1/%ff', 'invalid URL escape'],
    ['/v1/a?list=maybe', 'strconv.ParseBool: parsing \\"maybe\\": invalid syntax'],
  ]
  for (const [path, text] of refusals) {
    const received = await talk(edge.port, message('GET', path))
    t.strictSame(statuses(received), [400], path)
    t.match(received, `{"errors":["${text}"]}`, path)
  }
  t.match(await talk(edge.port, message('POST', '/v1/a/')), `{"errors":["cannot write to a path ending in '/'"]}`)
  t.strictSame(edge.executed, [])
})

t.test('slashes, encoded or many, and long paths arrive as policy must see them', async (t) => {
  const edge = await startEdge(t)
  for (const path of ['//v1//pki///roles/web', '/v1/pki%2Froles%2F/web', 'http://x/v1/pki/roles/web']) {
    await talk(edge.port, message('GET', path))
  }
  t.strictSame(edge.executed, new Array(3).fill('GET pki/roles/web'))
  t.match(await talk(edge.port, message('GET', `/v1/${'a'.repeat(5000)}`)), `"path":"${'a'.repeat(5000)}"`)
})

t.test('outside /v1/ is an empty 404, and / says where to go', async (t) => {
  const edge = await startEdge(t)
  for (const path of ['/ui/', '/v1', '/v2/sys/health', '/V1/sys/health']) {
    const response = await ask(edge, path)
    t.equal(response.status, 404)
    t.equal(await response.text(), '{"errors":[]}\n')
  }
  t.match(await (await ask(edge, '/')).text(), 'Chancery')
  t.strictSame(edge.executed, [])
})

t.test('the token comes from X-Vault-Token, else from a bearer', async (t) => {
  const edge = await startEdge(t)
  const seen = async (headers: Record<string, string>): Promise<unknown> =>
    ((await (await ask(edge, '/v1/a', { headers })).json()) as { token: unknown }).token
  t.equal(await seen({ 'X-Vault-Token': 'one' }), 'one')
  t.equal(await seen({ Authorization: 'Bearer  two ' }), 'two')
  t.equal(await seen({ 'X-Vault-Token': 'one', Authorization: 'Bearer two' }), 'one')
  t.equal(await seen({ 'X-Vault-Token': '', Authorization: 'Bearer two' }), 'two')
  t.equal(await seen({ Authorization: 'bearer two' }), null)
  t.equal(await seen({ Authorization: 'Basic two' }), null)
  t.equal(await seen({}), null)
})

t.test('X-Vault-Namespace is echoed when it was sent', async (t) => {
  const edge = await startEdge(t, (request) => {
    if (request.path === 'denied') throw permissionDenied()
    return jsonReply(request.namespaceHeader ?? null)
  })
  for (const path of ['/v1/a', '/v1/denied', '/v1/%2e', '/other']) {
    const response = await ask(edge, path, { headers: { 'X-Vault-Namespace': 'team/a/' } })
    t.equal(response.headers.get('x-vault-namespace'), 'team/a/', path)
  }
  const response = await ask(edge, '/v1/a', { headers: { 'X-Vault-Namespace': '' } })
  t.equal(response.headers.get('x-vault-namespace'), null)
  t.equal(await response.json(), '')
  t.equal(await (await ask(edge, '/v1/a')).json(), null)
})

t.test('a raw reply keeps its bytes, its type and its own headers', async (t) => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  const edge = await startEdge(t, () => ({
    status: 200,
    contentType: 'application/pkix-crl',
    body: bytes,
    headers: { 'cache-control': 'max-age=60', 'Last-Modified': 'x' },
  }))
  const response = await ask(edge, '/v1/pki/crl')
  t.equal(response.headers.get('content-type'), 'application/pkix-crl')
  t.equal(response.headers.get('cache-control'), 'max-age=60')
  t.equal(response.headers.get('last-modified'), 'x')
  t.strictSame(new Uint8Array(await response.arrayBuffer()), bytes)
})

t.test('text beyond ASCII has the right length', async (t) => {
  const edge = await startEdge(t)
  const received = await (await write(edge, '{"a":"é漢😀"}')).json()
  t.match(received, { data: { a: 'é漢😀' } })
})

t.test('large bodies share a limit, which those that wait do not take from small ones', async (t) => {
  const edge = await startEdge(t, (request) => echo(request), { maxBodiesBytes: 200_000 })
  const large = JSON.stringify({ a: 'x'.repeat(200_000) })
  const head = message('POST', '/v1/a', { headers: [`Content-Length: ${large.length}`] })
  const slow = connect(edge.port, '127.0.0.1')
  await once(slow, 'connect')
  slow.write(head + large.slice(0, -1))
  // Until the slow one has been read, there is room for both.
  let refused = await write(edge, large)
  for (let tries = 0; refused.status === 200 && tries < 100; tries++) refused = await write(edge, large)
  t.equal(refused.status, 503)
  t.equal(await refused.text(), '{"errors":["too many large requests at a time"]}\n')
  t.equal((await write(edge, '{"a":1}')).status, 200)
  slow.end(large.slice(-1))
  t.match(String((await once(slow, 'data'))[0]), /^HTTP\/1\.1 200 /)
  slow.destroy()
  t.equal((await write(edge, large)).status, 200, 'there is room again')
})

t.test('a body over 32 MiB is refused, and the connection is of further use', async (t) => {
  const edge = await startEdge(t, (request) => jsonReply(request.rawBody?.length))
  const limit = 32 * 1024 * 1024
  t.equal(await (await write(edge, Buffer.alloc(limit, ' '))).json(), limit)
  const refused = await write(edge, Buffer.alloc(limit + 1, ' '))
  t.equal(refused.status, 413)
  t.equal(await refused.text(), '{"errors":["http: request body too large"]}\n')
  t.strictSame(edge.executed, ['POST a'])

  const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`
  const pieces = [
    message('POST', '/v1/a', { headers: ['Transfer-Encoding: chunked'] }),
    ...new Array<string>(33).fill(chunk),
    `0\r\n\r\n${message('GET', '/v1/b')}`,
  ]
  t.strictSame(statuses(await talk(edge.port, ...pieces)), [413, 200])
  t.strictSame(edge.executed, ['POST a', 'GET b'])
})

t.test('hostile JSON is 400', async (t) => {
  const edge = await startEdge(t)
  const bodies = {
    'deep arrays': `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    'deep objects': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    'unclosed brackets': '['.repeat(1_000_000),
    'many strings': `{"a":[${'"x",'.repeat(100_000)}"x"]}`,
    'many objects': `{"a":[${'{},'.repeat(5_000_000)}{}]}`,
    'no object': '[{"a":1}]',
    'no JSON': '{"a":1,}',
    'a prototype': '{"__proto__":{"admin":true}}',
    NUL: '{"a":"\\u0000"}',
  }
  for (const [name, body] of Object.entries(bodies)) {
    const response = await write(edge, body)
    t.equal(response.status, 400, name)
    t.match(await response.text(), /^\{"errors":\["(failed to decode|refused) JSON input[^]*"\]\}\n$/, name)
  }
  t.equal((await write(edge, Buffer.from('{"a":"\xff"}', 'latin1'))).status, 400)
  t.strictSame(edge.logged, [])
})

t.test('a request that is refused early is not parsed at all', async (t) => {
  const edge = await startEdge(t, () => {
    throw permissionDenied()
  })
  t.equal((await write(edge, '{"a":')).status, 403)
})

t.test('parameters are parsed once', async (t) => {
  const edge = await startEdge(t, (request) => jsonReply(request.data() === request.data()))
  t.equal(await (await write(edge, '{"a":1}')).json(), true)
  t.equal(await (await ask(edge, '/v1/a?b=1')).json(), true)
})

t.test('whatever the checklist throws, the detail stays in the log', async (t) => {
  const thrown: Record<string, () => unknown> = {
    error: () => new Error('hunter2'),
    internal: () => new ChanceryError('internal', 'hunter2'),
    overflow: () => {
      const recurse = (): number => recurse() + 1
      return recurse()
    },
    text: () => 'hunter2',
    nothing: () => undefined,
    status: () => Object.assign(new Error('hunter2'), { statusCode: 400 }),
  }
  const edge = await startEdge(t, async (request) => {
    await Promise.resolve()
    throw thrown[request.path]?.()
  })
  for (const name of Object.keys(thrown)) {
    edge.logged.length = 0
    const response = await ask(edge, `/v1/${name}`)
    t.equal(response.status, 500, name)
    t.equal(await response.text(), internalError, name)
    t.equal(edge.logged.length, 1, name)
    t.match(edge.logged[0], /"request_id":"[0-9a-f-]{36}"/, name)
  }
})

t.test('a reply that cannot be sent is a 500 and not the end of the process', async (t) => {
  const edge = await startEdge(t, () => ({
    status: 200,
    contentType: 'application/json',
    body: '{}',
    headers: { 'Last-Modified': 'a\r\nSet-Cookie: b' },
  }))
  const response = await ask(edge, '/v1/a')
  t.equal(response.status, 500)
  t.equal(response.headers.get('set-cookie'), null)
  t.equal(await response.text(), internalError)
})

t.test('errors have their status, and say when to come again', async (t) => {
  const edge = await startEdge(t, (request) => {
    throw request.path === 'busy' ? unavailable('busy', 7) : invalidRequest('no')
  })
  const busy = await ask(edge, '/v1/busy')
  t.equal(busy.status, 503)
  t.equal(busy.headers.get('retry-after'), '7')
  t.equal(await (await ask(edge, '/v1/a')).text(), '{"errors":["no"]}\n')
})

t.test('a request that takes too long is told to come again', async (t) => {
  const edge = await startEdge(t, () => new Promise(() => undefined), { maxRequestSeconds: 0.05 })
  const response = await ask(edge, '/v1/a')
  t.equal(response.status, 503)
  t.equal(await response.text(), '{"errors":["request took longer than 0.05 s"]}\n')
})

t.test('a client that hangs up harms nobody', async (t) => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const edge = await startEdge(t, async (request) => {
    if (request.path === 'slow') await released
    return jsonReply('x'.repeat(1_000_000))
  })
  const hangUpAfter = async (text: string): Promise<void> => {
    const socket = connect(edge.port, '127.0.0.1')
    await once(socket, 'connect')
    await new Promise((resolve) => socket.write(text, resolve))
    while (text.includes('slow') && edge.executed.length === 0) await new Promise(setImmediate)
    socket.resetAndDestroy()
  }
  await hangUpAfter(message('POST', '/v1/body', { headers: ['Content-Length: 100'], body: '{"a":' }))
  await hangUpAfter(message('POST', '/v1/body', { headers: ['Transfer-Encoding: chunked'], body: '5\r\n{"a"' }))
  await hangUpAfter('GET /v1/a HTTP/1.1\r\nHos')
  await hangUpAfter(message('GET', '/v1/slow', { headers: [] }))
  release()

  const reader = connect(edge.port, '127.0.0.1')
  await once(reader, 'connect')
  reader.write(message('GET', '/v1/a', { headers: [] }))
  await once(reader, 'data')
  reader.resetAndDestroy()

  t.equal((await ask(edge, '/v1/a')).status, 200)
  t.notMatch(edge.executed.join(), 'body')
  t.strictSame(edge.logged, [])
})

t.test('what is no HTTP gets a JSON answer, after the replies to what came before', async (t) => {
  const edge = await startEdge(t)
  const get = message('GET', '/v1/a', { headers: [] })
  const bad: [text: string, status: number][] = [
    ['\x16\x03\x01\x02\x00\x01\x00', 400],
    ['GET /v1/a HTTP/2.5\r\nHost: x\r\n\r\n', 400],
    ['GET /v1/a HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n', 400],
    [`GET /v1/${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    [`GET /v1/a HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(20_000)}\r\n`, 431],
    ['POST /v1/b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST /v1/b HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', 400],
    ['POST /v1/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
  ]
  for (const [text, status] of bad) {
    const received = await talk(edge.port, text)
    t.strictSame(statuses(received), [status], text.slice(0, 60))
    t.match(received, /\r\nContent-Type: application\/json\r\n[^]*\r\n\r\n\{"errors":\["[^"]+"\]\}\n$/)
    t.strictSame(statuses(await talk(edge.port, get + text)), [200, status], `behind a GET: ${text.slice(0, 60)}`)
  }
  t.strictSame(edge.executed, new Array(bad.length).fill('GET a'))
})

t.test('who sends too slowly is cut off', async (t) => {
  const limits = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 50 }
  const edge = await startEdge(t, echo, { limits })
  const slow = [
    '',
    'GET /v1/a HTTP/1.1\r\nHost: x\r\n',
    'LI',
    'LIS',
    'LIST /v1/a HTTP/1.1\r\nHost: x\r\n',
    message('POST', '/v1/a', { headers: ['Content-Length: 100'], body: '{' }),
    message('POST', '/v1/a', { headers: ['Transfer-Encoding: chunked'], body: '1\r\n{' }),
  ]
  const replies = await Promise.all(slow.map((text) => talk(edge.port, text)))
  for (const [index, reply] of replies.entries()) {
    t.strictSame(statuses(reply), [408], slow[index] ?? '')
    t.match(reply, '{"errors":["request timeout"]}')
  }
  t.strictSame(edge.executed, [])
})

t.test('no byte in a header, a path or a query ends the process or is our fault', async (t) => {
  const edge = await startEdge(t)
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(byte)
    const inHeader = message('GET', '/v1/a', { headers: [`X-Vault-Namespace: a${text}b`, 'Connection: close'] })
    const requests = [inHeader, message('GET', `/v1/a${text}b`), message('GET', `/v1/a?b=${text}c`)]
    for (const request of requests) {
      const [status] = statuses(await talk(edge.port, Buffer.from(request, 'latin1')))
      t.ok(status === 200 || status === 400, `${byte}: ${status}`)
    }
  }
  t.strictSame(edge.logged, [])
})

t.test('an upgrade that we do not know is left out, an expectation met', async (t) => {
  const edge = await startEdge(t)
  const upgrade = [
    'Connection: close, Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  ]
  t.strictSame(statuses(await talk(edge.port, message('GET', '/v1/a', { headers: upgrade }))), [200])
  const expectation = ['Expect: 100-continue', 'Content-Length: 2', 'Connection: close']
  t.strictSame(statuses(await talk(edge.port, message('POST', '/v1/a', { headers: expectation }), '{}')), [100, 200])
})

t.test('a request may arrive byte by byte', async (t) => {
  const edge = await startEdge(t)
  const body = '{"a":"é"}'
  const headers = [`Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close']
  const pieces = [
    ...bytewise(message('POST', '/v1/a', { headers })),
    ...Array.from(Buffer.from(body), (byte) => Buffer.of(byte)),
  ]
  t.match(await talk(edge.port, ...pieces), '"data":{"a":"é"}')
})

t.test('closing answers what is in progress and takes no more', async (t) => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const edge = await startEdge(t, async () => {
    await released
    return jsonReply('done')
  })
  const slow = ask(edge, '/v1/a')
  while (edge.executed.length === 0) await new Promise(setImmediate)
  const closed = edge.server.close()
  const refused = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(edge.port, '127.0.0.1', () => {
        socket.destroy()
        resolve(false)
      })
      socket.on('error', () => resolve(true))
    })
  while (!(await refused())) await new Promise(setImmediate)
  release()
  t.equal(await (await slow).json(), 'done')
  await closed
  t.strictSame(edge.executed, ['GET a'])
})

t.test('closing waits for a request whose client has hung up', async (t) => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  let ended = false
  const edge = await startEdge(t, async () => {
    await released
    ended = true
    return jsonReply('done')
  })
  const socket = connect(edge.port, '127.0.0.1', () => socket.write('GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n'))
  while (edge.executed.length === 0) await new Promise(setImmediate)
  socket.destroy()
  await once(socket, 'close')
  const closed = edge.server.close().then(() => ended)
  setTimeout(release, 100)
  t.equal(await closed, true, 'what it works with is still there')
})

t.test('closing does not wait for who never asked anything', async (t) => {
  const edge = await startEdge(t)
  const socket = connect(edge.port, '127.0.0.1')
  const half = connect(edge.port, '127.0.0.1', () => half.write('GET /v1/a HT'))
  await Promise.all([once(socket, 'connect'), once(half, 'connect')])
  for (const one of [socket, half]) one.on('error', () => undefined).resume()
  const began = performance.now()
  await edge.server.close()
  t.ok(performance.now() - began < 5000)
})

t.test('an address in use is an error at the start', async (t) => {
  const edge = await startEdge(t)
  const log = { error: () => undefined, warn: () => undefined, info: () => undefined }
  const second = createHttpServer({ handle: () => Promise.resolve(jsonReply(1)), tls: undefined, log })
  await t.rejects(second.listen({ host: '127.0.0.1', port: edge.port }), { code: 'EADDRINUSE' })
  await second.close()
})
