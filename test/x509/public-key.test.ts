import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { curves, rsaKeyIdentifier } from '../../src/x509/algorithms.ts'
import { bitString, integer, sequence, unsignedInteger } from '../../src/x509/der.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'

const refused = { kind: 'invalid request', message: /./ }
const spkiOf = (type: 'ec' | 'ed25519' | 'ed448', namedCurve = 'P-256'): Buffer =>
  (type === 'ec' ? generateKeyPairSync(type, { namedCurve }) : generateKeyPairSync(type as 'ed25519')).publicKey.export(
    {
      format: 'der',
      type: 'spki',
    },
  )

t.test('finds the key in a SubjectPublicKeyInfo', async (t) => {
  for (const { bits, name } of curves.values()) t.match(parsePublicKey(spkiOf('ec', name)), { type: 'ec', bits })
  t.match(parsePublicKey(spkiOf('ed25519')), { type: 'ed25519', bits: 0 })
  for (const modulusLength of [1024, 1030, 2048]) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    t.match(parsePublicKey(spki), { type: 'rsa', bits: modulusLength })
  }
})

t.test('does not know other algorithms, and refuses other curves', async (t) => {
  t.equal(parsePublicKey(spkiOf('ed448')), undefined)
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey
  t.equal(parsePublicKey(pss.export({ format: 'der', type: 'spki' })), undefined)
  t.throws(() => parsePublicKey(spkiOf('ec', 'secp256k1')), { message: /unsupported elliptic curve/ })
})

t.test('refuses points that are not written out', async (t) => {
  const spki = spkiOf('ec')
  const hybrid = Buffer.from(spki)
  hybrid[spki.length - 65] = 6
  t.throws(() => parsePublicKey(hybrid), { message: /elliptic curve point/ })
})

t.test('refuses a key whose exponent takes long', async (t) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 0xffff_ffff })
  t.throws(() => parsePublicKey(publicKey.export({ format: 'der', type: 'spki' })), refused)
})

const rsaSpki = (modulus: Buffer, exponent: number): Buffer =>
  sequence(rsaKeyIdentifier, bitString(sequence(unsignedInteger(modulus), integer(exponent))))

t.test('refuses RSA keys whose signatures anybody can make', async (t) => {
  const modulus = Buffer.alloc(256, 0xff)
  t.match(parsePublicKey(rsaSpki(modulus, 3)), { type: 'rsa', bits: 2048 })
  for (const exponent of [0, 1, 2, 0x10000]) {
    t.throws(() => parsePublicKey(rsaSpki(modulus, exponent)), { ...refused, message: /exponent/ }, `${exponent}`)
  }
  modulus[255] = 0xfe
  t.throws(() => parsePublicKey(rsaSpki(modulus, 3)), { ...refused, message: /modulus/ })
  t.throws(() => parsePublicKey(rsaSpki(Buffer.of(0), 3)), { ...refused, message: /modulus/ })
})

t.test('refuses an RSA modulus that takes long', async (t) => {
  t.throws(() => parsePublicKey(rsaSpki(Buffer.alloc(2049, 0xff), 3)), { ...refused, message: /modulus/ })
})

t.test('refuses RSA and Ed25519 keys that are written in another way', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' })
  const withoutNull = Buffer.from(
    rsa.toString('hex').replace('300d06092a864886f70d0101010500', '300d06092a864886f70d0101010400'),
    'hex',
  )
  t.throws(() => parsePublicKey(withoutNull), { message: /NULL parameters/ })
  const ed25519 = spkiOf('ed25519')
  t.throws(() => parsePublicKey(Buffer.concat([ed25519, Buffer.of(0)])), refused)
  const short = Buffer.from(ed25519.subarray(0, -1))
  short[1] = (short[1] ?? 0) - 1
  short[10] = (short[10] ?? 0) - 1
  t.throws(() => parsePublicKey(short), { message: /Ed25519/ })
})
