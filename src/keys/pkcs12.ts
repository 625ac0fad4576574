/**
 * PKCS#12 (RFC 7292): a private key and its chain in one file under a password. Of its many old ciphers only what is
 * sound: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, and a MAC of HMAC-SHA-256. OpenSSL since 1.1, Java since 8u301,
 * Windows since 10 1709 and macOS read it.
 */
import { createCipheriv, createHmac, hash, pbkdf2, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  constructedContextTag,
  contextTag,
  element,
  explicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  sequenceOf,
  setOf,
} from '../x509/der.ts'
import { hashOids } from '../x509/oids.ts'

const oids = {
  data: oid('1.2.840.113549.1.7.1'),
  encryptedData: oid('1.2.840.113549.1.7.6'),
  shroudedKeyBag: oid('1.2.840.113549.1.12.10.1.2'),
  certBag: oid('1.2.840.113549.1.12.10.1.3'),
  x509Certificate: oid('1.2.840.113549.1.9.22.1'),
  localKeyId: oid('1.2.840.113549.1.9.21'),
  pbes2: oid('1.2.840.113549.1.5.13'),
  pbkdf2: oid('1.2.840.113549.1.5.12'),
  hmacWithSha256: oid('1.2.840.113549.2.9'),
  aes256Cbc: oid('2.16.840.1.101.3.4.1.42'),
} as const

/** Of both key derivations: the weaker one is what an attacker tries. */
const iterations = 10_000
/** Of the derivation that runs on the event loop, between two turns of it: about a quarter of a millisecond. */
const roundsPerTurn = 250
const saltLength = 16

const derive = promisify(pbkdf2)

interface Cipher {
  readonly key: Buffer
  readonly salt: Buffer
}

/** RFC 8018 B.2 takes the password as UTF-8. */
const cipherFor = async (password: string): Promise<Cipher> => {
  const salt = randomBytes(saltLength)
  return { key: await derive(Buffer.from(password, 'utf8'), salt, iterations, 32, 'sha256'), salt }
}

/** The AlgorithmIdentifier of PBES2 (RFC 8018 appendix A.4) and what it makes of the bytes. */
const encrypt = ({ key, salt }: Cipher, bytes: Buffer): { algorithm: Buffer; encrypted: Buffer } => {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const derivation = sequence(
    oids.pbkdf2,
    sequence(octetString(salt), integer(iterations), sequence(oids.hmacWithSha256, nullValue)),
  )
  return {
    algorithm: sequence(oids.pbes2, sequence(derivation, sequence(oids.aes256Cbc, octetString(iv)))),
    encrypted: Buffer.concat([cipher.update(bytes), cipher.final()]),
  }
}

/** As often as fills whole blocks of SHA-256. */
const repeated = (bytes: Buffer): Buffer => {
  const blocks = Buffer.alloc(Math.ceil(bytes.length / 64) * 64)
  for (let at = 0; at < blocks.length; at++) blocks[at] = bytes[at % bytes.length] ?? 0
  return blocks
}

/** RFC 7292 B.1: BMPString, big-endian, with two zero octets at the end. */
const bmpPassword = (password: string): Buffer => Buffer.from(`${password}\0`, 'utf16le').swap16()

/** RFC 7292 B.2 and B.3: the key of a MAC (ID 3), which is as long as one hash. */
const macKey = async (password: string, salt: Buffer): Promise<Buffer> => {
  let block = Buffer.concat([Buffer.alloc(64, 3), repeated(salt), repeated(bmpPassword(password))])
  for (let round = 1; round <= iterations; round++) {
    block = hash('sha256', block, 'buffer')
    if (round % roundsPerTurn === 0) await setImmediate()
  }
  return block
}

const bag = (type: Buffer, value: Buffer, attributes: readonly Buffer[]): Buffer =>
  sequence(type, explicit(0, value), ...(attributes.length > 0 ? [setOf(attributes)] : []))

const certBag = (der: Buffer, attributes: readonly Buffer[] = []): Buffer =>
  bag(oids.certBag, sequence(oids.x509Certificate, explicit(0, octetString(der))), attributes)

const dataContent = (bytes: Buffer): Buffer => sequence(oids.data, explicit(0, octetString(bytes)))

const encryptedContent = (cipher: Cipher, bytes: Buffer): Buffer => {
  const { algorithm, encrypted } = encrypt(cipher, bytes)
  const content = sequence(oids.data, algorithm, element(contextTag(0), [encrypted]))
  return sequence(oids.encryptedData, element(constructedContextTag(0), [sequence(integer(0), content)]))
}

export interface Pkcs12Contents {
  /** Private key, PKCS#8 DER. */
  readonly pkcs8: Buffer
  /** The key's own certificate, DER. */
  readonly certificate: Buffer
  /** DER, from its issuer up. */
  readonly chain: readonly Buffer[]
}

/** The file, DER. */
export const encodePkcs12 = async (contents: Pkcs12Contents, password: string): Promise<Buffer> => {
  const cipher = await cipherFor(password)
  // Whoever reads the file finds the key's certificate by this.
  const link = sequence(oids.localKeyId, setOf([octetString(hash('sha1', contents.certificate, 'buffer'))]))
  const key = encrypt(cipher, contents.pkcs8)
  const certificates = sequenceOf([certBag(contents.certificate, [link]), ...contents.chain.map((der) => certBag(der))])
  const keyBag = bag(oids.shroudedKeyBag, sequence(key.algorithm, octetString(key.encrypted)), [link])
  const safe = sequence(encryptedContent(cipher, certificates), dataContent(sequence(keyBag)))
  const macSalt = randomBytes(saltLength)
  const mac = createHmac('sha256', await macKey(password, macSalt))
    .update(safe)
    .digest()
  const digest = sequence(sequence(oid(hashOids.sha256), nullValue), octetString(mac))
  return sequence(integer(3), dataContent(safe), sequence(digest, octetString(macSalt), integer(iterations)))
}
