import fc from 'fast-check'
import t from 'tap'
import { ChanceryError } from '../../src/errors.ts'
import { newKey } from '../../src/seal/aes-gcm.ts'
import { Barrier } from '../../src/seal/barrier.ts'
import { decodeKeyring, encodeKeyring, newKeyring, withNewTerm } from '../../src/seal/keyring.ts'

const openBarrier = (keyring = newKeyring()): Barrier => {
  const barrier = new Barrier()
  barrier.install({ keyring, hmacKeys: new Map([['token', newKey()]]) })
  return barrier
}

const kindOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    return error instanceof ChanceryError ? error.kind : String(error)
  }
}

const places = fc.array(fc.string(), { minLength: 1, maxLength: 4 })
const bytes = fc.uint8Array({ maxLength: 200 })

t.test('what was encrypted comes back at the same place', async (t) => {
  const barrier = openBarrier()
  fc.assert(
    fc.property(places, bytes, (place, plaintext) =>
      barrier.decrypt(place, barrier.encrypt(place, plaintext)).equals(plaintext),
    ),
  )
  t.pass()
})

t.test('a ciphertext moved to any other place does not open', async (t) => {
  const barrier = openBarrier()
  fc.assert(
    fc.property(places, places, bytes, (place, other, plaintext) => {
      fc.pre(JSON.stringify(place) !== JSON.stringify(other))
      return kindOf(() => barrier.decrypt(other, barrier.encrypt(place, plaintext))) === 'internal'
    }),
  )
  const value = barrier.encrypt(['ab', 'c'], Buffer.from('x'))
  t.equal(
    kindOf(() => barrier.decrypt(['a', 'bc'], value)),
    'internal',
  )
  t.equal(
    kindOf(() => barrier.decrypt(['abc'], value)),
    'internal',
  )
  t.equal(
    kindOf(() => barrier.decrypt(['ab', 'c', ''], value)),
    'internal',
  )
})

t.test('a ciphertext with any bit flipped does not open', async (t) => {
  const barrier = openBarrier()
  fc.assert(
    fc.property(places, bytes, fc.nat(), (place, plaintext, at) => {
      const value = barrier.encrypt(place, plaintext)
      const bit = at % (value.length * 8)
      value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return kindOf(() => barrier.decrypt(place, value)) !== undefined
    }),
  )
  t.pass()
})

t.test('a ciphertext cut short anywhere does not open', async (t) => {
  const barrier = openBarrier()
  const value = barrier.encrypt(['p'], Buffer.from('secret'))
  for (let length = 0; length < value.length; length++) {
    t.equal(
      kindOf(() => barrier.decrypt(['p'], value.subarray(0, length))),
      'internal',
      `${length} bytes`,
    )
  }
})

t.test('a value is a term, a version, a nonce, the ciphertext and a tag', async (t) => {
  const value = openBarrier().encrypt(['p'], Buffer.from('secret'))
  t.equal(value.readUInt32BE(0), 1)
  t.equal(value[4], 2)
  t.equal(value.length, 4 + 1 + 12 + 6 + 16)
})

t.test('one plaintext never encrypts to the same bytes twice', async (t) => {
  const barrier = openBarrier()
  const values = Array.from({ length: 200 }, () => barrier.encrypt(['p'], Buffer.from('same')).toString('hex'))
  t.equal(new Set(values).size, 200)
})

t.test('a sealed barrier encrypts, decrypts and hashes nothing', async (t) => {
  const barrier = openBarrier()
  const value = barrier.encrypt(['p'], Buffer.from('x'))
  barrier.clear()
  t.equal(barrier.sealed, true)
  const sealed = { kind: 'sealed', message: 'Vault is sealed' }
  t.throws(() => barrier.encrypt(['p'], Buffer.from('x')), sealed)
  t.throws(() => barrier.decrypt(['p'], value), sealed)
  t.throws(() => barrier.hmacKey('token'), sealed)
  t.throws(() => barrier.term, sealed)
})

t.test('sealing overwrites the keys in memory', async (t) => {
  const keyring = withNewTerm(newKeyring())
  openBarrier(keyring).clear()
  t.ok(keyring.keys.every((key) => key.every((byte) => byte === 0)))
})

t.test('a new term encrypts, and the old one still opens what it wrote', async (t) => {
  const first = newKeyring()
  const second = withNewTerm(decodeKeyring(encodeKeyring(first)))
  const barrier = openBarrier(first)
  const old = barrier.encrypt(['p'], Buffer.from('old'))
  barrier.install({ keyring: second, hmacKeys: new Map() })
  t.equal(barrier.encrypt(['p'], Buffer.from('new')).readUInt32BE(0), 2)
  t.equal(barrier.decrypt(['p'], old).toString(), 'old')
})

t.test('a value under a term that is not here yet asks for the keyring and for patience', async (t) => {
  let asked = 0
  const keyring = newKeyring()
  const ahead = openBarrier(withNewTerm(decodeKeyring(encodeKeyring(keyring))))
  const behind = new Barrier(() => void asked++)
  behind.install({ keyring, hmacKeys: new Map() })
  t.equal(
    kindOf(() => behind.decrypt(['p'], ahead.encrypt(['p'], Buffer.from('x')))),
    'unavailable',
  )
  t.equal(asked, 1)
})

t.test('encryptions are counted per term, and a count is taken once', async (t) => {
  const barrier = openBarrier()
  for (let n = 0; n < 3; n++) barrier.encrypt(['p'], Buffer.from('x'))
  t.strictSame([...barrier.takeCounts()], [[1, 3]])
  t.strictSame([...barrier.takeCounts()], [])
  barrier.returnCounts(new Map([[1, 3]]))
  barrier.encrypt(['p'], Buffer.from('x'))
  t.strictSame([...barrier.takeCounts()], [[1, 4]])
})

t.test('an error names the table and the column, and neither the row nor the secret', async (t) => {
  const barrier = openBarrier()
  const value = barrier.encrypt(['pki_keys', 'private_key', 'row-id'], Buffer.from('topsecret'))
  try {
    barrier.decrypt(['pki_keys', 'other', 'row-id'], value)
    t.fail('it opened')
  } catch (error) {
    t.match(String(error), /pki_keys\.other/)
    t.notMatch(String(error), /topsecret|row-id/)
  }
})
