import t from 'tap'
import { refuseUnlessRootClean } from '../../../src/pki/issuers/lint-root.ts'
import { makeLeaf, makeRoot } from '../../support/authority.ts'

t.test('a root that keeps to the profile is kept', async (t) => {
  for (const [type, bits] of [
    ['ec', 256],
    ['ec', 521],
    ['ed25519', 0],
  ] as const) {
    const { der, keyId } = await makeRoot(type, bits)
    t.doesNotThrow(() => refuseUnlessRootClean(der, keyId, true))
  }
})

t.test('one that does not is refused, and the rule is named', async (t) => {
  const { der } = await makeRoot()
  t.throws(() => refuseUnlessRootClean(der, Buffer.alloc(20, 7), true), {
    message: /^no root was made: .*RFC 5280 4\.2\.1\.2: subject key identifier is that of the key/,
  })
})

t.test('what is no CA is no root', async (t) => {
  const root = await makeRoot()
  const leaf = await makeLeaf(root, { subject: { commonName: 'a.example.com' }, spki: root.signer.publicKey.spki })
  t.throws(() => refuseUnlessRootClean(leaf, root.keyId, true), { message: /RFC 5280 4\.2\.1\.9/ })
})
