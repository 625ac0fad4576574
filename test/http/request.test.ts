import fc from 'fast-check'
import t from 'tap'
import { readTarget } from '../../src/http/request.ts'

const pathOf = (url: string, method = 'GET'): string | undefined => readTarget(method, url)?.path
const refusal = (message: string) => ({ kind: 'invalid request', message })

t.test('each verb has its meaning', (t) => {
  const meanings = {
    GET: 'read',
    HEAD: 'read',
    POST: 'write',
    PUT: 'write',
    PATCH: 'patch',
    DELETE: 'delete',
    LIST: 'list',
  }
  for (const [method, verb] of Object.entries(meanings)) {
    t.match(readTarget(method, '/v1/pki/roles'), { method, verb })
  }
  for (const method of ['LINK', 'SCAN', 'OPTIONS', 'TRACE', 'get', '', 'constructor', '__proto__']) {
    t.throws(
      () => readTarget(method, '/v1/pki/roles'),
      { kind: 'unsupported operation', message: 'unsupported operation' },
      method,
    )
  }
  t.end()
})

t.test('GET with a true list is a list', (t) => {
  for (const value of ['1', 't', 'T', 'TRUE', 'true', 'True'])
    t.equal(readTarget('GET', `/v1/a?list=${value}`)?.verb, 'list')
  for (const value of ['0', 'f', 'F', 'FALSE', 'false', 'False', '']) {
    t.equal(readTarget('GET', `/v1/a?list=${value}`)?.verb, 'read')
  }
  t.throws(() => readTarget('GET', '/v1/a?list=yes'), refusal('strconv.ParseBool: parsing "yes": invalid syntax'))
  t.equal(readTarget('POST', '/v1/a?list=yes')?.verb, 'write')
  t.end()
})

t.test("a list's path ends in a slash", (t) => {
  t.equal(pathOf('/v1/pki/roles', 'LIST'), 'pki/roles/')
  t.equal(pathOf('/v1/pki/roles/', 'LIST'), 'pki/roles/')
  t.equal(pathOf('/v1/pki/roles?list=true'), 'pki/roles/')
  t.equal(pathOf('/v1/pki/roles/?list=true'), 'pki/roles/')
  t.equal(pathOf('/v1/', 'LIST'), '')
  t.equal(pathOf('/v1/pki/roles'), 'pki/roles')
  t.equal(pathOf('/v1/pki/roles/'), 'pki/roles/')
  t.end()
})

t.test('a path is decoded exactly once', (t) => {
  t.equal(pathOf('/v1/pki/cert/1a%3A2b'), 'pki/cert/1a:2b')
  t.equal(pathOf('/v1/a%252e%252e/b%252Fc'), 'a%2e%2e/b%2Fc')
  t.equal(pathOf('/v1/a%20b%C3%A9+c'), 'a bé+c')
  t.equal(pathOf('/v1/a%3Fb%23c'), 'a?b#c')
  t.equal(pathOf('/v1/é'.replace('é', Buffer.from('é').toString('latin1'))), 'é')
  t.equal(pathOf('/%76%31/a'), 'a')
  for (const url of ['/v1/%', '/v1/%4', '/v1/%zz', '/v1/%ff', '/v1/%c3', '/v1/\xff']) {
    t.throws(() => pathOf(url), refusal('invalid URL escape'), url)
  }
  t.end()
})

t.test('an encoded slash is a slash, and several are one', (t) => {
  t.equal(pathOf('/v1/pki%2Froles%2fweb'), 'pki/roles/web')
  t.equal(pathOf('//v1//pki///roles'), 'pki/roles')
  t.equal(pathOf('/v1/pki%2F%2Froles/%2Fweb'), 'pki/roles/web')
  t.equal(pathOf('/v1//'), '')
  t.equal(pathOf('%2Fv1/a'), 'a')
  t.end()
})

t.test('dot segments are refused, raw and encoded', (t) => {
  const relative = refusal('relative paths not supported')
  for (const dots of ['.', '..', '%2e', '%2E%2e', '.%2e', '%2e.']) {
    for (const url of [
      `/v1/${dots}`,
      `/v1/${dots}/a`,
      `/v1/a/${dots}`,
      `/v1/a/${dots}/b`,
      `/v1/a%2f${dots}%2Fb`,
      `/${dots}/v1/a`,
    ]) {
      for (const method of ['GET', 'LIST', 'POST', 'DELETE']) t.throws(() => pathOf(url, method), relative, url)
    }
  }
  t.equal(pathOf('/v1/a.b/..c/d../...'), 'a.b/..c/d../...')
  t.end()
})

t.test('what cannot be printed is refused', (t) => {
  for (const character of [
    '%00',
    '%0a',
    '%0D',
    '%7f',
    '%1b',
    '%C2%80',
    '%E2%80%8B',
    '%EF%BB%BF',
    '%C2%A0',
    '\x7f',
    '\x01',
  ]) {
    t.throws(() => pathOf(`/v1/a${character}b`), refusal('the path contains a non-printable character'), character)
  }
  t.end()
})

t.test('only what is below /v1/ is ours', (t) => {
  for (const url of ['/', '/v1', '/v2/a', '/V1/a', '/ui/', '/v1x/a', '*', '']) t.equal(pathOf(url), undefined, url)
  t.equal(pathOf('http://localhost:8200/v1/a'), 'a')
  t.equal(pathOf('HTTPS://x/v1/a'), 'a')
  t.equal(pathOf('http://x'), undefined)
  t.end()
})

t.test('a write needs a path that does not end in a slash, except for mounts and devices', (t) => {
  const refused = refusal("cannot write to a path ending in '/'")
  for (const method of ['POST', 'PUT', 'PATCH']) {
    for (const url of [
      '/v1/pki/roles/',
      '/v1/pki/roles//',
      '/v1/pki/roles%2F',
      '/v1/sys/mounts/',
      '/v1/sys/policy/a/',
    ]) {
      t.throws(() => pathOf(url, method), refused, url)
    }
    t.equal(pathOf('/v1/sys/mounts/pki/', method), 'sys/mounts/pki/')
    t.equal(pathOf('/v1/team/sys/auth/approle/', method), 'team/sys/auth/approle/')
    t.equal(pathOf('/v1/sys/audit/file/', method), 'sys/audit/file/')
  }
  t.equal(pathOf('/v1/sys/mounts/pki/', 'DELETE'), 'sys/mounts/pki/')
  t.end()
})

t.test('the query is no part of the path', (t) => {
  t.match(readTarget('GET', '/v1/a?b=/../c&d=%2F&d=2'), { path: 'a', query: { b: '/../c', d: ['/', '2'] } })
  t.match(readTarget('GET', '/v1/a?b=?c'), { path: 'a', query: { b: '?c' } })
  t.throws(() => readTarget('GET', '/v1/a?b=%zz'), refusal('invalid URL escape'))
  t.end()
})

t.test('however a path is escaped, it is the same path', (t) => {
  const printable = fc.constantFrom(...Array.from('aZ0-_.~:@!$&()*+,;= \'"<>[]^`{|}%?#\\éß漢😀/'))
  const path = fc.array(printable, { minLength: 1, maxLength: 30 }).map((characters) => `${characters.join('')}x`)
  const escapeAll = (text: string): string =>
    Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  fc.assert(
    fc.property(path, (text) => {
      const outcome = (url: string): string | undefined => {
        try {
          return pathOf(url)
        } catch (error) {
          return `! ${(error as Error).message}`
        }
      }
      const plain = outcome(`/v1/${encodeURI(text).replaceAll('?', '%3f').replaceAll('#', '%23')}`)
      t.equal(outcome(`/v1/${escapeAll(text)}`), plain)
      t.equal(outcome(`/v1/${encodeURIComponent(text)}`), plain)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('a path that was let through has no empty and no dot segment', (t) => {
  const part = fc.constantFrom('.', '..', '/', '%2e', '%2F', '%2f', '%252e', 'a', 'b', '%61', '?', '#', '//', '\\')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      let path: string | undefined
      try {
        path = pathOf(`/v1/${parts.join('')}`)
      } catch {
        return
      }
      const segments = (path ?? '').replace(/\/$/, '').split('/')
      if (path !== '' && path !== undefined)
        t.notOk(
          segments.some((segment) => ['', '.', '..'].includes(segment)),
          path,
        )
    }),
    { numRuns: 500 },
  )
  t.end()
})
