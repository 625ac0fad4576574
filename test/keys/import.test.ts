import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { importPrivateKey } from '../../src/keys/import.ts'
import { softwareSigner } from '../../src/keys/software.ts'
import { generateKey } from '../../src/keys/generate.ts'

t.test('every form of every kind of key is the same key', async (t) => {
  for (const [type, bits] of [
    ['rsa', 2048],
    ['ec', 224],
    ['ec', 256],
    ['ec', 384],
    ['ec', 521],
    ['ed25519', 0],
  ] as const) {
    const key = await generateKey(type, bits)
    for (const form of ['traditional', 'pkcs8'] as const) {
      const imported = importPrivateKey(key.der(form))
      t.match(imported, { type, bits }, `${type} ${bits} ${form}`)
      t.ok(imported.spki.equals(key.spki))
      t.ok(softwareSigner(imported.pkcs8).publicKey.spki.equals(key.spki))
    }
  }
})

t.test('what is no key of ours is refused, and not quoted', async (t) => {
  const pkcs8 = { format: 'der', type: 'pkcs8' } as const
  const spki = { format: 'der', type: 'spki' } as const
  const table = [
    ['noise', Buffer.from('not a key'), /^failed to parse PEM block: it holds no private key/],
    ['a public key', (await generateKey('ec', 256)).spki, /^failed to parse PEM block/],
    [
      'a short RSA key',
      generateKeyPairSync('rsa', { modulusLength: 1024, publicKeyEncoding: spki, privateKeyEncoding: pkcs8 })
        .privateKey,
      'RSA keys < 2048 bits are unsafe and not supported: got 1024',
    ],
    [
      'a curve that we do not know',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1', publicKeyEncoding: spki, privateKeyEncoding: pkcs8 })
        .privateKey,
      /unsupported elliptic curve/,
    ],
    [
      'a key for agreement',
      generateKeyPairSync('x25519', { publicKeyEncoding: spki, privateKeyEncoding: pkcs8 }).privateKey,
      'unsupported unknown private key type',
    ],
    [
      'a PSS key',
      generateKeyPairSync('rsa-pss', { modulusLength: 2048, publicKeyEncoding: spki, privateKeyEncoding: pkcs8 })
        .privateKey,
      'unsupported unknown private key type',
    ],
  ] as const
  for (const [name, der, message] of table) {
    t.throws(() => importPrivateKey(der), { kind: 'invalid request', message }, name)
  }
})

t.test('a private key with the public half of another is refused', async (t) => {
  const [mine, other] = [await generateKey('ec', 256), await generateKey('ec', 256)]
  const forged = Buffer.from(mine.der('traditional'))
  other.spki.subarray(-65).copy(forged, forged.length - 65)
  t.throws(() => importPrivateKey(forged), { message: /match|cannot be used|no private key/ })
  const offCurve = Buffer.from(mine.der('traditional'))
  offCurve.writeUInt8(offCurve.readUInt8(offCurve.length - 1) ^ 1, offCurve.length - 1)
  t.throws(() => importPrivateKey(offCurve), { message: /match|cannot be used|no private key/ })
})

t.test('an RSA key whose primes are not those of its modulus is refused', async (t) => {
  const jwk = (der: Buffer) => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  const [mine, other] = [await generateKey('rsa', 2048), await generateKey('rsa', 2048)]
  const { p = '', dp = '', qi = '' } = jwk(other.pkcs8)
  const mixed = createPrivateKey({ key: { ...jwk(mine.pkcs8), p, dp, qi }, format: 'jwk' })
  t.throws(() => importPrivateKey(mixed.export({ format: 'der', type: 'pkcs8' })), {
    message: /match|cannot be used|no private key/,
  })
})
