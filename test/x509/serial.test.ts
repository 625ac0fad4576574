import fc from 'fast-check'
import t from 'tap'
import { parseSerial, randomSerial, serialText } from '../../src/x509/serial.ts'

t.test('a new serial has twenty octets and no sign bit, and is never another one', async (t) => {
  const serials = Array.from({ length: 2000 }, randomSerial)
  t.ok(serials.every((serial) => serial.length === 20))
  t.ok(serials.every((serial) => (serial[0] ?? 0xff) < 0x80 && serial[0] !== 0))
  t.equal(new Set(serials.map(serialText)).size, serials.length)
})

t.test('a serial is written as lower-case hex with colons', async (t) => {
  t.equal(serialText(Buffer.from('0aff10', 'hex')), '0a:ff:10')
  t.equal(serialText(Buffer.of(7)), '07')
})

t.test('reads colons and hyphens in any case', async (t) => {
  const expected = Buffer.from('0aff10', 'hex')
  for (const text of ['0a:ff:10', '0A:FF:10', '0a-ff-10', '0A-fF:10']) t.same(parseSerial(text), expected, text)
})

t.test('reads nothing else', async (t) => {
  for (const text of ['', '0aff10', '0x0a', 'a:ff', '0a:', ':0a', '0a::ff', '0a ff', '10.255', '0a:fg', '0a:ff\n']) {
    t.equal(parseSerial(text), undefined, JSON.stringify(text))
  }
})

t.test('a serial comes back from its text', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (octets) =>
      Boolean(parseSerial(serialText(octets))?.equals(octets)),
    ),
  )
  t.pass('holds for every example')
})
