import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions, createServer, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ConfigError } from '../../src/config.ts'
import { readTls } from '../../src/http/tls.ts'
import { bytewise, exchange, message, startEdge, statuses } from './edge.ts'

const folder = mkdtempSync(join(tmpdir(), 'chancery-tls-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const file = (name: string): string => join(folder, name)

/** A self-signed certificate and its key, `<name>.crt` and `<name>.key`. */
const makeCertificate = (name: string): void => {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync('openssl', [...args, ...subject, '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)], {
    stdio: 'ignore',
  })
}

makeCertificate('first')
makeCertificate('second')
makeCertificate('client')
makeCertificate('stranger')

const use = (certificate: string, key = certificate): void => {
  copyFileSync(file(`${certificate}.crt`), file('server.crt'))
  copyFileSync(file(`${key}.key`), file('server.key'))
}

const files = (clientCa?: string) => ({ cert: file('server.crt'), key: file('server.key'), clientCa })

const startTls = (t: Test, clientCa?: string) => {
  use('first')
  return startEdge(t, undefined, { tls: files(clientCa) })
}

const connectTls = async (port: number, options: object = {}): Promise<TLSSocket> => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  return socket
}

const nameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN

const nameOnNewConnection = async (port: number): Promise<unknown> => {
  const socket = await connectTls(port)
  const name = nameOf(socket)
  socket.destroy()
  return name
}

t.test('answers over TLS, and says that it is to stay so', async (t) => {
  const edge = await startTls(t)
  const received = await exchange(await connectTls(edge.port), [message('GET', '/v1/a')])
  t.strictSame(statuses(received), [200])
  t.match(received, '\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n')
  const { stdout } = await promisify(execFile)('curl', [
    ...['-sS', '--cacert', file('first.crt'), '-X', 'LIST', `https://localhost:${edge.port}/v1/a`],
    ...['--resolve', `localhost:${edge.port}:127.0.0.1`],
  ])
  t.match(JSON.parse(stdout), { verb: 'list', path: 'a/', remote: '127.0.0.1' })
})

t.test('LIST over TLS is understood wherever packets split it', async (t) => {
  const edge = await startTls(t)
  const whole = message('LIST', '/v1/a', { headers: [] })
  for (let at = 1; at < whole.length; at += at < 8 ? 1 : 9) {
    const received = await exchange(await connectTls(edge.port), [whole.slice(0, at), whole.slice(at)])
    t.strictSame(statuses(received), [200], `split after ${at}`)
    t.match(received, '"remote":"127.0.0.1"')
  }
  t.strictSame(statuses(await exchange(await connectTls(edge.port), bytewise(whole))), [200])
})

t.test('nothing is smuggled behind or before a LIST over TLS', async (t) => {
  const edge = await startTls(t)
  const get = message('GET', '/v1/first', { headers: [] })
  const post = message('POST', '/v1/behind', { headers: ['Content-Length: 2'], body: '{}' })
  const received = await exchange(await connectTls(edge.port), [`${get}${message('LIST', '/v1/a')}${post}`, post])
  t.strictSame(statuses(received), [200, 200])
  t.strictSame(edge.executed, ['GET first', 'LIST a/'])
})

t.test('new files are used for new connections, old connections go on', async (t) => {
  const edge = await startTls(t)
  const old = await connectTls(edge.port)
  t.equal(nameOf(old), 'first')
  use('second')
  t.equal(await nameOnNewConnection(edge.port), 'first', 'not before the reload')
  t.equal(edge.server.reloadTls(), true)
  t.equal(await nameOnNewConnection(edge.port), 'second')
  t.strictSame(statuses(await exchange(old, [message('GET', '/v1/a')])), [200])
  const shown = execFile('openssl', ['s_client', '-connect', `127.0.0.1:${edge.port}`, '-servername', 'localhost'])
  shown.stdin?.end()
  const lines: string[] = []
  shown.stdout?.on('data', (chunk: string) => lines.push(chunk))
  await once(shown, 'close')
  t.match(lines.join(''), /subject=CN ?= ?second/)
})

t.test('files that cannot be used leave the old ones in use, with one line in the log', async (t) => {
  const edge = await startTls(t)
  const keyText = readFileSync(file('second.key'), 'utf8')
  const breakages: Record<string, () => void> = {
    'not PEM': () => writeFileSync(file('server.crt'), 'not a certificate'),
    empty: () => writeFileSync(file('server.key'), ''),
    'key of another certificate': () => use('first', 'second'),
    gone: () => rmSync(file('server.key')),
    'key in the place of the certificate': () => copyFileSync(file('second.key'), file('server.crt')),
  }
  for (const [name, breakIt] of Object.entries(breakages)) {
    use('first')
    breakIt()
    edge.logged.length = 0
    t.equal(edge.server.reloadTls(), false, name)
    t.equal(edge.logged.length, 1, name)
    t.match(edge.logged[0], 'CHANCERY_TLS_', name)
    for (const line of keyText.split('\n').filter((part) => part.length > 20)) t.notMatch(edge.logged[0], line)
    t.equal(await nameOnNewConnection(edge.port), 'first', name)
  }
  use('second')
  t.equal(edge.server.reloadTls(), true)
  t.equal(await nameOnNewConnection(edge.port), 'second')
})

t.test('files that cannot be used stop the start with one line', (t) => {
  use('first', 'second')
  t.throws(() => readTls(files()), ConfigError)
  rmSync(file('server.crt'))
  t.throws(() => readTls(files()), { message: `CHANCERY_TLS_CERT: cannot read ${file('server.crt')}: ENOENT` })
  use('first')
  t.throws(() => readTls(files(file('missing.crt'))), { message: /^CHANCERY_TLS_CLIENT_CA: cannot read [^\n]+$/ })
  writeFileSync(file('bad-ca.crt'), 'no CA')
  t.throws(() => readTls(files(file('bad-ca.crt'))), ConfigError)
  t.end()
})

t.test('a client certificate is asked for when there is a client CA, and may be left out', async (t) => {
  const edge = await startTls(t, file('client.crt'))
  const credentials = (name: string) => ({
    cert: readFileSync(file(`${name}.crt`)),
    key: readFileSync(file(`${name}.key`)),
  })
  for (const options of [{}, credentials('client'), credentials('stranger')]) {
    const socket = await connectTls(edge.port, options)
    t.strictSame(statuses(await exchange(socket, [message('GET', '/v1/a')])), [200])
  }
  const asked = execFile('openssl', ['s_client', '-connect', `127.0.0.1:${edge.port}`])
  asked.stdin?.end()
  const lines: string[] = []
  asked.stdout?.on('data', (chunk: string) => lines.push(chunk))
  await once(asked, 'close')
  t.match(lines.join(''), /Acceptable client certificate CA names\nCN ?= ?client/)
})

t.test('TLS before 1.2 is refused', async (t) => {
  const edge = await startTls(t)
  const legacy: Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers'> = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  }
  await t.rejects(connectTls(edge.port, legacy), { code: /PROTOCOL_VERSION|ECONNRESET/ })
  const socket = await connectTls(edge.port, { maxVersion: 'TLSv1.2' })
  t.equal(socket.getProtocol(), 'TLSv1.2')
  socket.destroy()
  // The refusal was the server's: a server that allows TLS 1.1 gets the same client through.
  const lenient = createServer({
    ...legacy,
    cert: readFileSync(file('first.crt')),
    key: readFileSync(file('first.key')),
  })
  lenient.listen(0, '127.0.0.1')
  await once(lenient, 'listening')
  const address = lenient.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const old = await connectTls(port, legacy)
  t.equal(old.getProtocol(), 'TLSv1.1')
  old.destroy()
  lenient.close()
})

t.test('bytes that are no TLS harm nobody', async (t) => {
  const edge = await startTls(t)
  const socket = connectPlain(edge.port, '127.0.0.1')
  await once(socket, 'connect')
  await exchange(socket, [message('LIST', '/v1/a')])
  t.strictSame(statuses(await exchange(await connectTls(edge.port), [message('GET', '/v1/a')])), [200])
  t.strictSame(edge.executed, ['GET a'])
})
