import fc from 'fast-check'
import t from 'tap'
import { assemble, type CrlTemplate, parseCrl, toBeSigned } from '../../src/x509/crl.ts'
import { authorityKeyIdentifier, crlNumber, deltaCrlIndicator } from '../../src/x509/extensions.ts'
import { serialText } from '../../src/x509/serial.ts'
import { type Authority, makeRoot } from '../support/authority.ts'
import { openssl, opensslText, withFiles } from '../support/openssl.ts'

const root = await makeRoot()

const makeCrl = async (parts: Partial<CrlTemplate> = {}, authority: Authority = root): Promise<Buffer> => {
  const { signer } = authority
  const template: CrlTemplate = {
    signature: signer.defaultAlgorithm,
    issuer: authority.name,
    thisUpdate: new Date('2026-01-02T03:04:05Z'),
    nextUpdate: new Date('2050-01-05T03:04:05Z'),
    entries: [],
    extensions: [authorityKeyIdentifier(authority.keyId), crlNumber(1)],
    ...parts,
  }
  const bytes = toBeSigned(template)
  return assemble(bytes, template.signature, await signer.sign(bytes, template.signature))
}

/** What openssl shows, once it has checked the signature. */
const show = (crl: Buffer, authority: Authority = root): Promise<string> =>
  withFiles({ ca: authority.pem, crl }, ({ ca, crl }) =>
    opensslText(['crl', '-inform', 'DER', '-in', crl, '-noout', '-text', '-CAfile', ca]),
  )

t.test('openssl accepts a list with nothing on it', async (t) => {
  const text = await show(await makeCrl())
  t.match(text, 'No Revoked Certificates.')
  t.match(text, 'Version 2 (0x1)')
  t.match(text, 'Last Update: Jan  2 03:04:05 2026 GMT')
  t.match(text, 'Next Update: Jan  5 03:04:05 2050 GMT')
  t.match(text, /CRL Number: \s+1\n/)
  t.match(text, `Authority Key Identifier: \n                ${serialText(root.keyId).toUpperCase()}`)
})

t.test('openssl checks the signature of every kind of key', async (t) => {
  const kinds = [
    ['ec', 384],
    ['rsa', 2048],
    ['ed25519', 0],
  ] as const
  for (const [type, bits] of kinds) {
    const authority = await makeRoot(type, bits)
    const crl = await makeCrl({}, authority)
    const checked = await withFiles({ ca: authority.pem, crl }, ({ ca, crl }) =>
      openssl(['crl', '-inform', 'DER', '-in', crl, '-noout', '-CAfile', ca]),
    )
    t.equal(checked.length, 0, type)
  }
})

t.test('openssl shows the entries, and a delta its base', async (t) => {
  const text = await show(
    await makeCrl({
      entries: [
        { serial: Buffer.from('8001', 'hex'), revokedAt: new Date('2026-01-01T00:00:00Z') },
        { serial: Buffer.of(5), revokedAt: new Date('2050-01-01T00:00:00Z') },
      ],
      extensions: [authorityKeyIdentifier(root.keyId), crlNumber(2 ** 40), deltaCrlIndicator(300)],
    }),
  )
  t.match(text, /Serial Number: 8001\s+Revocation Date: Jan  1 00:00:00 2026 GMT/)
  t.match(text, /Serial Number: 05\s+Revocation Date: Jan  1 00:00:00 2050 GMT/)
  t.match(text, /Delta CRL Indicator: critical\s+(300|0x0?12C)/i)
})

t.test('what was put on a list comes back', async (t) => {
  const entries = fc.array(
    fc.record({
      serial: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((octets) => {
        octets[0] = (octets[0] ?? 0) || 1
        return Buffer.from(octets)
      }),
      revokedAt: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000)),
    }),
    { maxLength: 20 },
  )
  await fc.assert(
    fc.asyncProperty(entries, fc.nat(), async (entries, number) => {
      const parsed = parseCrl(
        await makeCrl({ entries, extensions: [authorityKeyIdentifier(root.keyId), crlNumber(number)] }),
      )
      t.same(parsed.entries, entries)
      t.equal(parsed.number, number)
      t.same(parsed.authorityKeyIdentifier, root.keyId)
      t.same(parsed.issuer, root.name)
      t.same(parsed.nextUpdate, new Date('2050-01-05T03:04:05Z'))
    }),
    { numRuns: 40 },
  )
})

t.test('a list that is cut anywhere is refused', async (t) => {
  const crl = await makeCrl({ entries: [{ serial: Buffer.of(5), revokedAt: new Date(0) }] })
  for (let at = 0; at < crl.length; at++) {
    try {
      parseCrl(crl.subarray(0, at))
      t.fail(`cut at ${at}`)
    } catch (error) {
      if ((error as { kind?: string }).kind !== 'invalid request') t.fail(`cut at ${at}: ${String(error)}`)
    }
  }
})
