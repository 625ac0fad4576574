import t from 'tap'
import { refuseUnlessClean, refuseUnlessCsrClean } from '../../../src/pki/issuance/lint-leaf.ts'
import type { Mould } from '../../../src/pki/issuance/mould.ts'
import { generateKey } from '../../../src/keys/generate.ts'
import { signatureAlgorithms } from '../../../src/x509/algorithms.ts'
import { keyIdentifier } from '../../../src/x509/key-identifier.ts'
import { makeLeaf, makeRoot } from '../../support/authority.ts'

const root = await makeRoot()
const key = await generateKey('ec', 256)
const der = await makeLeaf(root, { spki: key.spki, subject: { commonName: 'a.example.com' } })
const context = { issuerKeyId: root.keyId, subjectKeyId: keyIdentifier(key.spki), isCa: false }
const newMould = (): Mould => ({ signature: signatureAlgorithms.ECDSAWithSHA256, extensions: {} })

t.test('a certificate that breaks a rule does not leave, and the log says which', async (t) => {
  refuseUnlessClean(der, newMould(), context)
  t.throws(() => refuseUnlessClean(der, newMould(), { ...context, issuerKeyId: Buffer.alloc(20) }), {
    kind: 'internal',
    message:
      'a certificate was not let out: RFC 5280 4.2.1.1: authority key identifier is that of the issuer and not critical',
  })
})

t.test('a mould is looked at until a certificate of it has passed', async (t) => {
  const mould = newMould()
  const wrongIssuer = { ...context, issuerKeyId: Buffer.alloc(20) }
  t.throws(() => refuseUnlessClean(der, mould, wrongIssuer))
  t.throws(() => refuseUnlessClean(der, mould, wrongIssuer), 'a refusal is no pass')
  refuseUnlessClean(der, mould, context)
  t.throws(() => refuseUnlessClean(der, mould, { ...context, subjectKeyId: Buffer.alloc(20) }), /4\.2\.1\.2/)
})

t.test('what a CSR brings is its own fault', async (t) => {
  t.throws(() => refuseUnlessCsrClean(der, { issuerKeyId: root.keyId, isCa: true }), {
    kind: 'invalid request',
    message: /^specified CSR cannot be signed verbatim: /,
  })
})
