import fc from 'fast-check'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { request as httpRequest, Agent } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import t from 'tap'
import { bytewise, exchange, jsonReply, message, startEdge, statuses, talk, url } from './edge.ts'

const keepAlive = { headers: [] }

const withLength = (body: string) => ({ headers: [`Content-Length: ${body.length}`], body })
const chunked = (body: string) => ({
  headers: ['Transfer-Encoding: chunked'],
  body: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
})

t.test('LIST is answered, and the connection closes', async (t) => {
  const edge = await startEdge(t)
  const received = await talk(edge.port, message('LIST', '/v1/pki/roles?after=a', keepAlive))
  t.match(received, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(received, /\r\nConnection: close\r\n/i)
  t.match(received, '"method":"LIST","verb":"list","path":"pki/roles/"')
  t.match(received, '"remote":"127.0.0.1","data":{"after":"a"}')
  t.strictSame(edge.executed, ['LIST pki/roles/'])
})

t.test('curl -X LIST works', async (t) => {
  const edge = await startEdge(t)
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-X', 'LIST', url(edge, '/v1/a'), url(edge, '/v1/b')])
  t.equal(stdout.trim().split('\n').length, 2)
  t.strictSame(edge.executed, ['LIST a/', 'LIST b/'])
})

t.test('a LIST is understood wherever packets split it', async (t) => {
  const edge = await startEdge(t)
  const whole = message('LIST', '/v1/a', keepAlive)
  for (let at = 1; at < whole.length; at++) {
    const received = await talk(edge.port, whole.slice(0, at), whole.slice(at))
    t.strictSame(statuses(received), [200], `split after ${at}`)
  }
  t.equal(edge.executed.length, whole.length - 1)
})

t.test('a LIST is understood byte by byte', async (t) => {
  const edge = await startEdge(t)
  t.strictSame(statuses(await talk(edge.port, ...bytewise(message('LIST', '/v1/a', keepAlive)))), [200])
  t.strictSame(edge.executed, ['LIST a/'])
})

t.test('a LIST behind another request is understood wherever packets split them', async (t) => {
  const edge = await startEdge(t)
  const whole = message('POST', '/v1/a', withLength('{"x":"LI"}')) + message('LIST', '/v1/b', keepAlive)
  for (let at = 1; at < whole.length; at++) {
    const received = await talk(edge.port, whole.slice(0, at), whole.slice(at))
    t.strictSame(statuses(received), [200, 200], `split after ${at}`)
  }
  t.equal(edge.executed.length, 2 * (whole.length - 1))
})

t.test('a body that begins with LIST is a body', async (t) => {
  const edge = await startEdge(t, (request) => jsonReply(request.rawBody?.toString()))
  const body = 'LIST /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const post of [
    message('POST', '/v1/a', withLength(body)),
    message('POST', '/v1/a', chunked(body)),
    message('PUT', '/v1/a', {
      ...withLength(body),
      headers: [`Content-Length: ${body.length}`, 'Content-Type: text/x'],
    }),
  ]) {
    const last = message('GET', '/v1/last')
    t.strictSame(statuses(await talk(edge.port, post + last)), [200, 200])
    t.strictSame(
      statuses(await talk(edge.port, post.slice(0, -body.length), post.slice(-body.length), last)),
      [200, 200],
    )
  }
  t.notMatch(edge.executed.join(), 'smuggled')
  t.equal(edge.executed.length, 12)
})

t.test('the body of a LIST is dropped, whatever its framing', async (t) => {
  const edge = await startEdge(t)
  const body = message('GET', '/v1/smuggled')
  for (const framing of [withLength(body), chunked(body)]) {
    t.strictSame(statuses(await talk(edge.port, message('LIST', '/v1/a', framing))), [200])
    t.strictSame(statuses(await talk(edge.port, ...bytewise(message('LIST', '/v1/a', framing)))), [200])
  }
  t.strictSame(edge.executed, ['LIST a/', 'LIST a/', 'LIST a/', 'LIST a/'])
})

t.test('a LIST waits for the reply to the request before it', async (t) => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const edge = await startEdge(t, async (request) => {
    if (request.path === 'slow') await released
    return jsonReply(request.path)
  })
  const socket = connect(edge.port, '127.0.0.1')
  await once(socket, 'connect')
  const received = exchange(socket, [
    message('GET', '/v1/slow', keepAlive) +
      message('GET', '/v1/quick', keepAlive) +
      message('LIST', '/v1/b', keepAlive),
  ])
  // Another connection is served meanwhile, and the LIST has not been begun.
  t.strictSame(statuses(await talk(edge.port, message('GET', '/v1/other'))), [200])
  t.strictSame(edge.executed, ['GET slow', 'GET quick', 'GET other'])
  release()
  const replies = await received
  t.strictSame(statuses(replies), [200, 200, 200])
  t.match(replies, /"slow"[^]*"quick"[^]*"b\/"/)
})

t.test('what comes behind a LIST is never executed', async (t) => {
  const edge = await startEdge(t)
  const behind = [
    message('GET', '/v1/behind'),
    message('POST', '/v1/behind', withLength('{}')),
    message('LIST', '/v1/behind', keepAlive),
    message('LINK', '/v1/behind', keepAlive),
    message('GET', '/v1/behind') + message('GET', '/v1/behind'),
    'garbage\r\n\r\n',
  ]
  const first = message('LIST', '/v1/a', { headers: ['Connection: keep-alive'] })
  for (const second of behind) {
    edge.executed.length = 0
    t.strictSame(statuses(await talk(edge.port, first + second)), [200], `together: ${second.slice(0, 10)}`)
    t.strictSame(statuses(await talk(edge.port, first, second)), [200], `apart: ${second.slice(0, 10)}`)
    t.strictSame(
      statuses(await talk(edge.port, ...bytewise(first + second))),
      [200],
      `bytewise: ${second.slice(0, 10)}`,
    )
    t.strictSame(edge.executed, ['LIST a/', 'LIST a/', 'LIST a/'])
  }
})

t.test('what comes behind a LIST is not executed while the LIST still runs', async (t) => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const edge = await startEdge(t, async (request) => {
    await released
    return jsonReply(request.path)
  })
  const socket = connect(edge.port, '127.0.0.1')
  await once(socket, 'connect')
  const behind = message('POST', '/v1/behind', withLength('{}'))
  const received = exchange(socket, [message('LIST', '/v1/a', keepAlive) + behind, behind, behind])
  while (edge.executed.length === 0) await new Promise(setImmediate)
  release()
  t.strictSame(statuses(await received), [200])
  t.strictSame(edge.executed, ['LIST a/'])
})

t.test('a keep-alive connection carries GETs and then a LIST', async (t) => {
  const edge = await startEdge(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ports = new Set<number | undefined>()
  for (let count = 0; count < 3; count++) {
    const request = httpRequest(url(edge, '/v1/a'), { agent }).end()
    const [response] = await once(request, 'response')
    await text(response)
    ports.add(request.socket?.localPort)
  }
  t.equal(ports.size, 1)
  const socket = connect(edge.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(message('GET', '/v1/first', keepAlive))
  await once(socket, 'data')
  t.strictSame(statuses(await exchange(socket, ['LI', 'ST /v1/then HTTP/1.1\r\nHost: x\r\n\r\n'])), [200])
  t.strictSame(edge.executed.slice(3), ['GET first', 'LIST then/'])
})

t.test('LINK from the net is no LIST', async (t) => {
  const edge = await startEdge(t)
  t.strictSame(statuses(await talk(edge.port, message('LINK', '/v1/a'))), [405])
  t.strictSame(
    statuses(await talk(edge.port, message('GET', '/v1/a', keepAlive) + message('LINK', '/v1/b'))),
    [200, 405],
  )
  t.strictSame(edge.executed, ['GET a'])
})

t.test('other verbs that the parser does not know are refused', async (t) => {
  const edge = await startEdge(t)
  for (const verb of ['SCAN', 'HELP', 'LISX', 'LISTX', 'LIS', 'list']) {
    const request = message(verb, '/v1/a')
    const received = await talk(edge.port, request)
    t.match(received, /^HTTP\/1\.1 40[05] [^]*\r\nContent-Type: application\/json\r\n[^]*\{"errors":\["/, verb)
    t.match(await talk(edge.port, ...bytewise(request)), /^HTTP\/1\.1 40[05] /, `${verb}, byte by byte`)
  }
  for (const verb of ['UNLIST', 'GEST', 'PUST']) {
    t.strictSame(statuses(await talk(edge.port, message(verb, '/v1/a'))), [405], verb)
  }
  t.strictSame(edge.executed, [])
})

t.test('two framings of one body are refused, and nothing of it is executed', async (t) => {
  const edge = await startEdge(t)
  const smuggled = message('GET', '/v1/smuggled')
  for (const verb of ['LIST', 'POST']) {
    const both = message(verb, '/v1/a', {
      headers: [`Content-Length: ${smuggled.length + 5}`, 'Transfer-Encoding: chunked'],
      body: `0\r\n\r\n${smuggled}`,
    })
    t.strictSame(statuses(await talk(edge.port, both)), [400])
    t.strictSame(statuses(await talk(edge.port, message('GET', '/v1/first', keepAlive) + both)), [200, 400])
    const twice = message(verb, '/v1/a', { headers: ['Content-Length: 3', 'Content-Length: 4'], body: 'abc' })
    t.strictSame(statuses(await talk(edge.port, twice)), [400])
  }
  t.strictSame(edge.executed, ['GET first', 'GET first'])
})

t.test('malformed heads behind LIST are refused like any other', async (t) => {
  const edge = await startEdge(t)
  t.strictSame(statuses(await talk(edge.port, 'LIST /v1/a HTTP/9.1\r\n\r\n')), [400])
  t.strictSame(statuses(await talk(edge.port, 'LIST /v1/a HTTP/1.1\r\nHost : x\r\n\r\n')), [400])
  t.strictSame(statuses(await talk(edge.port, `LIST /v1/a HTTP/1.1\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`)), [431])
  t.strictSame(statuses(await talk(edge.port, message('LIST', '/v1/../a'))), [400])
  t.strictSame(edge.executed, [])
})

t.test('a client that hangs up in the middle of a LIST harms nobody', async (t) => {
  const edge = await startEdge(t)
  const whole = message('LIST', '/v1/a', keepAlive)
  for (let length = 1; length <= whole.length; length += 3) {
    const socket = connect(edge.port, '127.0.0.1')
    await once(socket, 'connect')
    await new Promise((resolve) => socket.write(whole.slice(0, length), resolve))
    socket.resetAndDestroy()
  }
  t.strictSame(statuses(await talk(edge.port, whole)), [200])
})

t.test('any sequence of requests, cut anywhere, is executed up to and including its first LIST', async (t) => {
  const edge = await startEdge(t)
  const one = fc.constantFrom(
    message('GET', '/v1/g', keepAlive),
    message('POST', '/v1/p', withLength('LIST /v1/x HTTP/1.1\r\n\r\n')),
    message('POST', '/v1/c', chunked('LIST ')),
    message('LIST', '/v1/l', keepAlive),
  )
  const requestsAndCuts = fc.asyncProperty(
    fc.array(one, { maxLength: 5 }),
    fc.array(fc.nat(600), { maxLength: 4 }),
    async (requests, cuts) => {
      edge.executed.length = 0
      const whole = [...requests, message('LIST', '/v1/end', keepAlive)].join('')
      const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length]
      const pieces = at.slice(1).map((to, index) => whole.slice(at[index], to))
      await talk(edge.port, ...pieces.filter((piece) => piece !== ''))
      const first = requests.findIndex((request) => request.startsWith('LIST'))
      const expected = first < 0 ? requests.length + 1 : first + 1
      return edge.executed.length === expected && edge.executed.filter((line) => line.startsWith('LIST')).length === 1
    },
  )
  await t.resolves(fc.assert(requestsAndCuts, { numRuns: 60 }))
})
