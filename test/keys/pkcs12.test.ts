import t from 'tap'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { generateKey } from '../../src/keys/generate.ts'
import { encodePkcs12 } from '../../src/keys/pkcs12.ts'
import { makeLeaf, makeRoot } from '../support/authority.ts'
import { opensslText, withFiles } from '../support/openssl.ts'

const password = 'pässword, 🗝 and all'

const bundle = async (type: 'ec' | 'rsa' | 'ed25519', bits: number) => {
  const root = await makeRoot()
  const key = await generateKey(type, bits)
  const certificate = await makeLeaf(root, { spki: key.spki, subject: { commonName: 'a.example.com' } })
  return {
    root,
    key,
    certificate,
    file: await encodePkcs12({ pkcs8: key.pkcs8, certificate, chain: [root.der] }, password),
  }
}

for (const [type, bits] of [
  ['ec', 256],
  ['rsa', 2048],
  ['ed25519', 0],
] as const) {
  t.test(`openssl opens a file with a key of type ${type}`, async (t) => {
    const { root, key, certificate, file } = await bundle(type, bits)
    await withFiles({ file }, async (paths) => {
      const read = (...args: string[]) =>
        opensslText(['pkcs12', '-in', paths.file, '-passin', `pass:${password}`, ...args])
      const found = createPrivateKey(await read('-nocerts', '-noenc'))
      t.ok(
        found
          .export({ format: 'der', type: 'pkcs8' })
          .equals(
            createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'der', type: 'pkcs8' }),
          ),
      )
      t.ok(new X509Certificate(await read('-clcerts', '-nokeys')).raw.equals(certificate))
      t.ok(new X509Certificate(await read('-cacerts', '-nokeys')).raw.equals(root.der))
      await t.rejects(opensslText(['pkcs12', '-in', paths.file, '-passin', 'pass:wrong', '-noout']), /Mac verify error/)
    })
  })
}

t.test('nothing in it is of the old ciphers', async (t) => {
  const { file } = await bundle('ec', 256)
  await withFiles({ file }, async (paths) => {
    const { stderr } = spawnSync('openssl', [
      ...['pkcs12', '-info', '-noout', '-in', paths.file, '-passin', `pass:${password}`],
    ])
    const text = stderr.toString()
    t.match(text, /MAC: sha256, Iteration 10000/)
    t.equal(text.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256/g)?.length, 2)
  })
})

t.test('two files of the same contents share nothing', async (t) => {
  const { key, certificate, file } = await bundle('ec', 256)
  const other = await encodePkcs12({ pkcs8: key.pkcs8, certificate, chain: [] }, password)
  t.notOk(other.includes(file.subarray(60, 100)))
})
