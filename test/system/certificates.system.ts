/**
 * Every combination of key, kind of name and extension that the API can make: what openssl and GnuTLS read in the
 * certificate is what was asked for, field by field.
 */
import { createPublicKey, hash, X509Certificate } from 'node:crypto'
import t from 'tap'
import { opensslVerify } from '../support/openssl.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { certtool, certtoolFields } from './certtool-fields.ts'
import type { Fields } from './fields.ts'
import { extensions, names } from './matrix.ts'
import { opensslFields } from './openssl-fields.ts'
import { keyKinds, requestWith } from './requests.ts'

const urls = {
  issuing_certificates: 'http://ca.example.com/a,http://ca.example.com/b',
  crl_distribution_points: 'http://ca.example.com/crl,http://ca.example.com/crl2',
  ocsp_servers: 'http://ca.example.com/ocsp',
}

const open = {
  key_type: 'any',
  allow_any_name: true,
  enforce_hostnames: false,
  allowed_uri_sans: '*',
  allowed_other_sans: '*',
  use_csr_common_name: false,
  use_csr_sans: false,
  ttl: '1h',
}

/** @throws Error with what the server complains of */
const must = async (server: TestServer, path: string, body: object): Promise<Record<string, unknown>> => {
  const { status, data, errors } = await server.call('POST', path, body)
  if (status >= 300) throw new Error(`${path}: ${status} ${errors.join()}`)
  return data
}

/** SHA-1 of the public key's bits (RFC 5280 §4.2.1.2), by other means than ours. */
const keyIdOf = (pem: string): string => {
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  const contents = (at: number): number => {
    const length = spki.readUInt8(at + 1)
    return at + (length < 0x80 ? 2 : 2 + (length & 0x7f))
  }
  const algorithm = contents(0)
  const bits = contents(algorithm) + spki.readUInt8(algorithm + 1)
  // The first octet says how many bits of the last one are unused.
  return hash('sha1', spki.subarray(contents(bits) + 1), 'hex')
}

const expected = (data: Record<string, unknown>, parts: Partial<Fields>): Partial<Fields> => ({
  serial: String(data['serial_number']).replaceAll(':', ''),
  issuer: 'CN=Root',
  subject: 'CN=a.example.com',
  notAfter: new Date(Number(data['expiration']) * 1000).toISOString().replace('.000', ''),
  signature: 'ECDSA SHA256',
  keyUsage: ['DigitalSignature', 'KeyEncipherment', 'KeyAgreement'],
  extKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
  ca: 'absent',
  policies: [],
  access: ['OCSP http://ca.example.com/ocsp', 'CA http://ca.example.com/a', 'CA http://ca.example.com/b'],
  crls: ['http://ca.example.com/crl', 'http://ca.example.com/crl2'],
  ...parts,
})

t.test('every key, with every kind of name, under every extension', async (t) => {
  const server = await startServer(t)
  await must(server, 'sys/mounts/pki', { type: 'pki' })
  const root = await must(server, 'pki/root/generate/internal', { common_name: 'Root', key_type: 'ec', key_bits: 256 })
  const rootPem = String(root['certificate'])
  await must(server, 'pki/config/urls', urls)
  for (const [index, { role }] of extensions.entries()) {
    await must(server, `pki/roles/role-${index}`, { ...open, ...role })
  }
  const authorityKeyId = keyIdOf(rootPem)

  for (const kind of keyKinds) {
    await t.test(kind, async (t) => {
      const csr = await requestWith(kind)
      const rows = extensions.flatMap((extension, index) => names.map((row) => ({ index, extension, row })))
      const answers: Record<string, unknown>[] = []
      for (const { index, row } of rows) {
        const asked = { csr, common_name: 'a.example.com', exclude_cn_from_sans: true, ...row.request }
        answers.push(await must(server, `pki/sign/role-${index}`, asked))
      }
      const pems = answers.map(({ certificate }) => String(certificate))
      const [a, b] = await Promise.all([opensslFields(pems), certtoolFields(pems)])
      t.equal(a.length, rows.length)
      for (const [at, { extension, row }] of rows.entries()) {
        const { name, fields } = extension
        const title = `${kind}, ${row.kind}, ${name}`
        t.same(a[at], b[at], `${title}: both readers agree`)
        const hasUsages = fields.keyUsage?.length !== 0
        const wanted = expected(answers[at] ?? {}, {
          key: kind,
          subjectKeyId: keyIdOf(pems[at] ?? ''),
          authorityKeyId,
          sans: row.sans,
          critical: [...(hasUsages ? ['keyUsage'] : []), ...(fields.ca ? ['ca'] : [])],
          ...fields,
        })
        t.same({ ...a[at], ...wanted }, a[at], `${title}: is what was asked for`)
      }
    })
  }
})

t.test('an empty subject makes the names critical', async (t) => {
  const server = await startServer(t)
  await must(server, 'sys/mounts/pki', { type: 'pki' })
  await must(server, 'pki/root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  await must(server, 'pki/roles/open', { ...open, require_cn: false })
  const csr = await requestWith('ec 256')
  for (const { kind, request, sans } of names.filter(({ sans }) => sans.length > 0)) {
    const pem = String((await must(server, 'pki/sign/open', { csr, ...request }))['certificate'])
    const [[a], [b]] = await Promise.all([opensslFields([pem]), certtoolFields([pem])])
    t.same(a, b, `${kind}: both readers agree`)
    t.same([a?.subject, a?.sans, a?.critical], ['', sans, ['keyUsage', 'sans']], kind)
  }
})

const authorities: readonly (readonly [parameters: Record<string, unknown>, signature: string])[] = [
  [{ key_type: 'rsa' }, 'RSA SHA256'],
  [{ key_type: 'rsa', signature_bits: 384 }, 'RSA SHA384'],
  [{ key_type: 'rsa', signature_bits: 512 }, 'RSA SHA512'],
  [{ key_type: 'rsa', use_pss: true }, 'RSA-PSS SHA256'],
  [{ key_type: 'rsa', use_pss: true, signature_bits: 384 }, 'RSA-PSS SHA384'],
  [{ key_type: 'rsa', use_pss: true, signature_bits: 512 }, 'RSA-PSS SHA512'],
  [{ key_type: 'rsa', key_bits: 3072 }, 'RSA SHA256'],
  [{ key_type: 'rsa', key_bits: 4096 }, 'RSA SHA256'],
  [{ key_type: 'ec', key_bits: 224 }, 'ECDSA SHA256'],
  [{ key_type: 'ec', key_bits: 256 }, 'ECDSA SHA256'],
  [{ key_type: 'ec', key_bits: 384 }, 'ECDSA SHA384'],
  [{ key_type: 'ec', key_bits: 521 }, 'ECDSA SHA512'],
  [{ key_type: 'ed25519' }, 'Ed25519'],
]

t.test('every key of a root signs itself and leaves, and both verify the chain', async (t) => {
  const server = await startServer(t)
  for (const [index, [parameters, signature]] of authorities.entries()) {
    const title = JSON.stringify(parameters)
    const mount = `pki-${index}`
    await must(server, `sys/mounts/${mount}`, { type: 'pki' })
    const body = { common_name: 'Root', ttl: '8760h', ...parameters }
    await server.call('POST', `sys/mounts/${mount}/tune`, { max_lease_ttl: '87600h' })
    const root = String((await must(server, `${mount}/root/generate/internal`, body))['certificate'])
    const { signature_bits = 0, use_pss = false } = parameters
    await must(server, `${mount}/roles/open`, { ...open, key_type: 'ec', signature_bits, use_pss })
    const leaf = await must(server, `${mount}/issue/open`, { common_name: 'a.example.com' })
    const pem = String(leaf['certificate'])
    const [a, b] = await Promise.all([opensslFields([root, pem]), certtoolFields([root, pem])])
    t.same(a, b, `${title}: both readers agree`)
    t.same(
      a.map((fields) => fields.signature),
      [signature, signature],
      `${title}: signatures`,
    )
    t.match(await opensslVerify(root, pem), /: OK/, `${title}: openssl verifies`)
    t.match(
      await certtool(['--verify-chain'], `${pem}\n${root}\n`),
      /Chain verification output: Verified/,
      `${title}: certtool verifies`,
    )
    t.ok(new X509Certificate(pem).verify(new X509Certificate(root).publicKey), `${title}: Node verifies`)
  }
})
