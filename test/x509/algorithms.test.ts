import t from 'tap'
import {
  chooseSignature,
  defaultSignature,
  type KeyType,
  signatureAlgorithmIn,
  signatureAlgorithmNamed,
  signatureAlgorithms,
} from '../../src/x509/algorithms.ts'
import { nullValue, oid, sequence } from '../../src/x509/der.ts'
import { readElement } from '../../src/x509/der-reader.ts'

const key = (type: KeyType, bits = 0) => ({ type, bits, spki: Buffer.alloc(0) })

t.test('every row is found by its name in any case and by its identifier', async (t) => {
  for (const row of Object.values(signatureAlgorithms)) {
    t.equal(signatureAlgorithmNamed(row.name.toUpperCase()), row)
    t.equal(signatureAlgorithmIn(readElement(row.identifier)), row)
  }
  t.equal(signatureAlgorithmNamed('PureEd25519'), signatureAlgorithms.Ed25519)
  t.equal(signatureAlgorithmNamed('SHA1WithRSA'), undefined)
  t.equal(signatureAlgorithmIn(readElement(sequence(oid('1.2.3'), nullValue))), undefined)
})

t.test('a key signs with the hash that fits it', async (t) => {
  t.equal(defaultSignature(key('rsa', 4096)).name, 'SHA256WithRSA')
  t.equal(defaultSignature(key('ec', 224)).name, 'ECDSAWithSHA256')
  t.equal(defaultSignature(key('ec', 256)).name, 'ECDSAWithSHA256')
  t.equal(defaultSignature(key('ec', 384)).name, 'ECDSAWithSHA384')
  t.equal(defaultSignature(key('ec', 521)).name, 'ECDSAWithSHA512')
  t.equal(defaultSignature(key('ed25519')).name, 'Ed25519')
})

t.test('a role chooses the hash and the padding', async (t) => {
  const name = (type: KeyType, bits: number, signatureBits: number, usePss = false): string =>
    chooseSignature(key(type, bits), { signatureBits, usePss }).name
  t.equal(name('rsa', 2048, 0), 'SHA256WithRSA')
  t.equal(name('rsa', 2048, 384), 'SHA384WithRSA')
  t.equal(name('rsa', 2048, 512, true), 'SHA512WithRSAPSS')
  t.equal(name('rsa', 2048, 0, true), 'SHA256WithRSAPSS')
  t.equal(name('ec', 384, 0), 'ECDSAWithSHA384')
  t.equal(name('ec', 384, 256), 'ECDSAWithSHA256')
  t.equal(name('ec', 256, 256, true), 'ECDSAWithSHA256')
  t.equal(name('ec', 521, 1), 'ECDSAWithSHA512')
  t.equal(name('ed25519', 0, 512, true), 'Ed25519')
})
