import fc from 'fast-check'
import t from 'tap'
import { decodePem, encodePem } from '../../src/x509/pem.ts'
import { openssl } from '../support/openssl.ts'

t.test('what is encoded comes back, with text and other blocks around it', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('\n', '\r\n'),
      (bodies, newline) => {
        const text = bodies.map((body) => `subject=x\n${encodePem('CERTIFICATE', body)}\n`).join('\n')
        const blocks = decodePem(text.replaceAll('\n', newline))
        return blocks.length === bodies.length && blocks.every(({ der }, at) => der.equals(bodies[at] ?? der))
      },
    ),
  )
  t.pass('holds for every example')
})

t.test('lines have 64 characters and no newline ends the text', async (t) => {
  const lines = encodePem('X', Buffer.alloc(100)).split('\n')
  t.same(
    lines.map(({ length }) => length),
    [17, 64, 64, 8, 15],
  )
  t.equal(lines.at(-1), '-----END X-----')
})

t.test('openssl reads it', async (t) => {
  const key = await openssl(['genpkey', '-algorithm', 'ed25519', '-outform', 'DER'])
  const again = await openssl(['pkey', '-outform', 'DER'], { input: encodePem('PRIVATE KEY', key) })
  t.same(again, key)
})

t.test('passes over damaged blocks and finds the next', async (t) => {
  const good = encodePem('GOOD', Buffer.from('good'))
  const damaged = {
    'no end': '-----BEGIN A-----\nAAAA\n',
    'another label at the end': '-----BEGIN A-----\nAAAA\n-----END B-----\n',
    'bad base64': '-----BEGIN A-----\nA!AA\n-----END A-----\n',
    'base64 of a wrong length': '-----BEGIN A-----\nAAA\n-----END A-----\n',
    'an end alone': '-----END A-----\n',
    'not at the beginning of a line': ' -----BEGIN A-----\nAAAA\n-----END A-----\n',
  }
  for (const [title, text] of Object.entries(damaged)) {
    t.same(
      decodePem(text + good).map(({ label }) => label),
      ['GOOD'],
      title,
    )
  }
})

t.test('passes over headers', async (t) => {
  const [block] = decodePem('-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nX: y\n\nAAAA\n-----END A-----')
  t.same(block?.der, Buffer.alloc(3))
  t.same(decodePem('-----BEGIN A-----\r\nX: y\r\n\r\nAAAA\r\n-----END A-----')[0]?.der, Buffer.alloc(3))
  t.same(decodePem('-----BEGIN A-----\nX: y\nAAAA\n-----END A-----'), [])
})

t.test('a text made to take long does not', async (t) => {
  const begins = '-----BEGIN A-----\n'.repeat(200_000)
  const started = performance.now()
  t.same(decodePem(begins), [])
  t.same(decodePem(`${begins}-----END B-----\n`.repeat(2)), [])
  t.same(decodePem(`-----BEGIN ${'-'.repeat(2_000_000)}x`), [])
  t.same(decodePem('\n'.repeat(8_000_000)), [])
  t.same(decodePem(`-----BEGIN A-----${'\n'.repeat(8_000_000)}:-----END A-----`), [])
  t.ok(performance.now() - started < 3000)
})
