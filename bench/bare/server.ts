/**
 * The bound: the least that a server must do to answer the same two requests. Fastify, a new P-256 key or a verified
 * CSR, one certificate encoded and signed, PEM, JSON. No token, no policy, no role, no audit, no store.
 * It imports nothing of ours, so it cannot get slower or faster with us.
 */
import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import Fastify from 'fastify'

const length = (bytes: number): Buffer =>
  bytes < 0x80
    ? Buffer.from([bytes])
    : bytes < 0x100
      ? Buffer.from([0x81, bytes])
      : Buffer.from([0x82, bytes >> 8, bytes & 0xff])
const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([tag]), length(size), ...parts])
}
const sequence = (...parts: Uint8Array[]): Buffer => tlv(0x30, ...parts)
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const commonName = (text: string): Buffer =>
  sequence(tlv(0x31, sequence(hex('06 03 55 04 03'), tlv(0x0c, Buffer.from(text)))))
const utcTime = (time: Date): Buffer =>
  tlv(0x17, Buffer.from(`${time.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----`

const ecdsaSha256 = hex('30 0a 06 08 2a 86 48 ce 3d 04 03 02')
const spkiPrefix = hex('30 59 30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07 03 42 00')
const version3 = hex('a0 03 02 01 02')
const keyUsage = hex('30 0e 06 03 55 1d 0f 01 01 ff 04 04 03 02 03 a8')
const extendedKeyUsage = hex(
  '30 1d 06 03 55 1d 25 04 16 30 14 06 08 2b 06 01 05 05 07 03 01 06 08 2b 06 01 05 05 07 03 02',
)
const keyId = (point: Uint8Array): Buffer => createHash('sha1').update(point).digest()

const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const authorityKey = createPrivateKey(authority.privateKey.export({ format: 'pem', type: 'pkcs8' }))
const authoritySpki = authority.publicKey.export({ format: 'der', type: 'spki' })
const authorityName = commonName('bare bound')
const authorityKeyId = sequence(
  hex('06 03 55 1d 23'),
  tlv(0x04, sequence(tlv(0x80, keyId(authoritySpki.subarray(26))))),
)

const certify = (name: string, spki: Buffer): { der: Buffer; serial: Buffer; notAfter: number } => {
  const serial = randomBytes(20)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const now = Date.now()
  const notAfter = now + 3_600_000
  const extensions = sequence(
    keyUsage,
    extendedKeyUsage,
    sequence(hex('06 03 55 1d 0e'), tlv(0x04, tlv(0x04, keyId(spki.subarray(26))))),
    authorityKeyId,
    sequence(hex('06 03 55 1d 11'), tlv(0x04, sequence(tlv(0x82, Buffer.from(name))))),
  )
  const toBeSigned = sequence(
    version3,
    tlv(0x02, serial),
    ecdsaSha256,
    authorityName,
    sequence(utcTime(new Date(now - 30_000)), utcTime(new Date(notAfter))),
    commonName(name),
    spki,
    tlv(0xa3, extensions),
  )
  const signature = sign('sha256', toBeSigned, authorityKey)
  const der = sequence(toBeSigned, ecdsaSha256, tlv(0x03, Buffer.from([0]), signature))
  return { der, serial, notAfter }
}

const authorityPem = pem('CERTIFICATE', certify('bare bound', authoritySpki).der)

const reply = (name: string, spki: Buffer, extra: object) => {
  const { der, serial, notAfter } = certify(name, spki)
  return {
    request_id: crypto.randomUUID(),
    data: {
      ca_chain: [authorityPem],
      certificate: pem('CERTIFICATE', der),
      expiration: Math.floor(notAfter / 1000),
      issuing_ca: authorityPem,
      serial_number: serial.toString('hex').replace(/..(?!$)/g, '$&:'),
      ...extra,
    },
  }
}

/** One element of DER: where its content begins and where it ends. */
const element = (der: Buffer, at: number): { content: number; end: number } => {
  const first = der[at + 1] ?? 0
  const wide = first < 0x80 ? 0 : first & 0x7f
  const size = wide === 0 ? first : der.readUIntBE(at + 2, wide)
  return { content: at + 2 + wide, end: at + 2 + wide + size }
}

const app = Fastify({ logger: false })

app.post<{ Body: { common_name: string } }>('/issue', async (request) => {
  const ecdh = createECDH('prime256v1')
  const point = ecdh.generateKeys()
  const sec1 = sequence(
    hex('02 01 01'),
    tlv(0x04, ecdh.getPrivateKey()),
    tlv(0xa0, hex('06 08 2a 86 48 ce 3d 03 01 07')),
    tlv(0xa1, tlv(0x03, Buffer.from([0]), point)),
  )
  return reply(request.body.common_name, Buffer.concat([spkiPrefix, point]), {
    private_key: pem('EC PRIVATE KEY', sec1),
    private_key_type: 'ec',
  })
})

app.post<{ Body: { common_name: string; csr: string } }>('/sign', async (request) => {
  const der = Buffer.from(request.body.csr.replace(/-----[^-]+-----/g, ''), 'base64')
  const info = element(der, element(der, 0).content)
  const subject = element(der, element(der, info.content).end)
  const spki = der.subarray(subject.end, element(der, subject.end).end)
  const signature = element(der, element(der, info.end).end)
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const signed = der.subarray(element(der, 0).content, info.end)
  if (!verify('sha256', signed, key, der.subarray(signature.content + 1, signature.end))) throw new Error('bad CSR')
  return reply(request.body.common_name, spki, {})
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 0) })
console.log(`listening ${JSON.stringify(app.server.address())}`)
