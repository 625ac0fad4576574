import { createPrivateKey, createPublicKey } from 'node:crypto'
import t from 'tap'
import { type GeneratedKey, generateKey } from '../../src/keys/generate.ts'
import { softwareSigner } from '../../src/keys/software.ts'
import type { KeyType } from '../../src/x509/algorithms.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { openssl, opensslText } from '../support/openssl.ts'

const kinds: [KeyType, number, string][] = [
  ['ec', 224, 'EC PRIVATE KEY'],
  ['ec', 256, 'EC PRIVATE KEY'],
  ['ec', 384, 'EC PRIVATE KEY'],
  ['ec', 521, 'EC PRIVATE KEY'],
  ['ed25519', 0, 'PRIVATE KEY'],
  ['rsa', 2048, 'RSA PRIVATE KEY'],
]

const check = (pem: string): Promise<string> => opensslText(['pkey', '-check', '-noout'], { input: pem })

for (const [type, bits, label] of kinds) {
  t.test(`openssl finds a new key of type ${type} ${bits || ''} valid, in both forms, and the pair fits`, async (t) => {
    const key = await generateKey(type, bits)
    t.match(parsePublicKey(key.spki), { type, bits })
    t.match(key, { type, bits })
    t.match(key.pem('traditional'), new RegExp(`^-----BEGIN ${label}-----\n`))
    t.match(key.pem('pkcs8'), /^-----BEGIN PRIVATE KEY-----\n/)
    for (const format of ['traditional', 'pkcs8'] as const) {
      t.match(await check(key.pem(format)), /Key is valid/, format)
      t.same(await openssl(['pkey', '-pubout', '-outform', 'DER'], { input: key.pem(format) }), key.spki, format)
      t.same(
        await openssl(['pkey', '-pubout', '-outform', 'DER', '-inform', 'DER'], { input: key.der(format) }),
        key.spki,
      )
    }
    t.same(key.der('pkcs8'), key.pkcs8)
  })
}

t.test('the bytes are those that OpenSSL writes for the same key', async (t) => {
  for (const [type, bits] of kinds) {
    const key = await generateKey(type, bits)
    const loaded = createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' })
    t.same(loaded.export({ format: 'der', type: 'pkcs8' }), key.pkcs8, `${type} ${bits}`)
    t.same(createPublicKey(loaded).export({ format: 'der', type: 'spki' }), key.spki)
    if (type === 'ec') t.same(loaded.export({ format: 'der', type: 'sec1' }), key.der('traditional'))
    if (type === 'rsa') t.same(loaded.export({ format: 'der', type: 'pkcs1' }), key.der('traditional'))
  }
})

t.test('private keys that begin with a zero octet keep their length', async (t) => {
  // One in 256 keys has one; P-521 keys have a first octet of 0 or 1.
  const keys = Array.from({ length: 2000 }, () => generateKey('ec', 256) as GeneratedKey)
  const lengths = new Set(keys.map(({ pkcs8 }) => pkcs8.length))
  t.equal(lengths.size, 1)
  for (const key of keys.filter(({ pkcs8 }) => pkcs8[36] === 0)) {
    const loaded = createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' })
    t.same(createPublicKey(loaded).export({ format: 'der', type: 'spki' }), key.spki)
  }
})

t.test('no two keys are the same', async (t) => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => generateKey('ed25519', 0)))
  t.equal(new Set(keys.map(({ spki }) => spki.toString('hex'))).size, 20)
})

t.test('RSA keys are made while the event loop runs', async (t) => {
  const key = generateKey('rsa', 2048)
  t.ok(key instanceof Promise)
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  await key
  clearInterval(timer)
  t.ok(turns > 0)
})

t.test('a signature does not wait for the RSA keys that were asked for before it', async (t) => {
  const signer = softwareSigner((await generateKey('ec', 384)).pkcs8)
  let made = 0
  const keys = Array.from({ length: 8 }, async () => {
    await generateKey('rsa', 2048)
    made++
  })
  await signer.sign(Buffer.from('text'), signer.defaultAlgorithm)
  t.ok(made < 4, `${made} keys were made first`)
  await Promise.all(keys)
})

t.test('a crowd that waits for RSA keys is turned away at some point, and only while it waits', async (t) => {
  const outcomes = await Promise.allSettled(Array.from({ length: 130 }, () => generateKey('rsa', 512)))
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  t.equal(refused.length, 28, 'two were made at once and a hundred waited')
  for (const { reason } of refused) t.match(reason, { kind: 'unavailable' })
  t.match(await generateKey('rsa', 512), { bits: 512 })
})

t.test('there is no curve of another size', async (t) => {
  t.throws(() => generateKey('ec', 255), { kind: 'internal', message: /curve/ })
})
