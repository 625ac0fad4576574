/**
 * New private keys, already in every form in which they leave. Curves go around OpenSSL's encoders, which cost more
 * than the key itself: the DER around a key of one size is always the same.
 */
import { createECDH, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { ChanceryError } from '../errors.ts'
import { type Curve, curves, type KeyType, type PublicKey, rsaKeyIdentifier } from '../x509/algorithms.ts'
import { bitString, explicit, integer, octetString, oid, sequence } from '../x509/der.ts'
import { curveOids, keyOids } from '../x509/oids.ts'
import { encodePem } from '../x509/pem.ts'
import { WaitingLine } from './waiting-line.ts'

/** `traditional` is Vault's default: SEC 1 for EC, PKCS#1 for RSA, and PKCS#8 for Ed25519, which has no other. */
export type PrivateKeyFormat = 'traditional' | 'pkcs8'

export interface GeneratedKey extends PublicKey {
  /** DER; how the store keeps it. */
  readonly pkcs8: Buffer
  der(format: PrivateKeyFormat): Buffer
  /** Without a newline at the end. */
  pem(format: PrivateKeyFormat): string
}

const version0 = integer(0)
const version1 = integer(1)

const generated = (
  publicKey: PublicKey,
  pkcs8: Buffer,
  traditional: { label: string; der: Buffer } = { label: 'PRIVATE KEY', der: pkcs8 },
): GeneratedKey => ({
  ...publicKey,
  pkcs8,
  der: (format) => (format === 'pkcs8' ? pkcs8 : traditional.der),
  pem: (format) =>
    format === 'pkcs8' ? encodePem('PRIVATE KEY', pkcs8) : encodePem(traditional.label, traditional.der),
})

/** RFC 5208 PrivateKeyInfo. */
const privateKeyInfo = (algorithm: Buffer, privateKey: Buffer): Buffer =>
  sequence(version0, algorithm, octetString(privateKey))

/** OpenSSL leaves out leading zeros; RFC 5915 section 3 wants as many octets as the order has. */
const leftPadded = (bytes: Buffer, length: number): Buffer =>
  bytes.length === length ? bytes : Buffer.concat([Buffer.alloc(length - bytes.length), bytes])

const ecGenerator = (curve: Curve): (() => GeneratedKey) => {
  const curveOid = oid(curveOids[curve.name])
  const algorithm = sequence(oid(keyOids.ecPublicKey), curveOid)
  const parameters = explicit(0, curveOid)
  return () => {
    const ecdh = createECDH(curve.name)
    const point = ecdh.generateKeys()
    const secret = octetString(leftPadded(ecdh.getPrivateKey(), curve.octets))
    const publicPoint = explicit(1, bitString(point))
    return generated(
      { type: 'ec', bits: curve.bits, spki: Buffer.concat([curve.spkiPrefix, point]) },
      // Inside PKCS#8 the algorithm already names the curve.
      privateKeyInfo(algorithm, sequence(version1, secret, publicPoint)),
      { label: 'EC PRIVATE KEY', der: sequence(version1, secret, parameters, publicPoint) },
    )
  }
}

const ecGenerators = new Map([...curves.values()].map((curve) => [curve.bits, ecGenerator(curve)]))

const generateInThread = promisify(generateKeyPair)

/**
 * An RSA key takes up to seconds, and the process has four threads for this, for signatures and for files: two of them
 * are always left. The threads are the process's, and so is the line.
 */
const rsaLine = new WaitingLine({ maxRunning: 2, maxWaiting: 100 })

const generateRsa = async (bits: number): Promise<GeneratedKey> => {
  const { publicKey, privateKey } = await rsaLine.take(() =>
    generateInThread('rsa', {
      modulusLength: bits,
      publicExponent: 0x10001,
      publicKeyEncoding: { format: 'der', type: 'spki' },
      privateKeyEncoding: { format: 'der', type: 'pkcs1' },
    }),
  )
  return generated({ type: 'rsa', bits, spki: publicKey }, privateKeyInfo(rsaKeyIdentifier, privateKey), {
    label: 'RSA PRIVATE KEY',
    der: privateKey,
  })
}

const generateEd25519 = async (): Promise<GeneratedKey> => {
  const { publicKey, privateKey } = await generateInThread('ed25519', {
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  })
  return generated({ type: 'ed25519', bits: 0, spki: publicKey }, privateKey)
}

/**
 * A new key. EC keys come at once: the largest curve takes a millisecond, P-256 a thirtieth of one. The others are made
 * in a thread.
 * @param bits as `keyParameters` resolved them; of no meaning for Ed25519
 * @throws unavailable when too many RSA keys are waited for
 */
export const generateKey = (type: KeyType, bits: number): GeneratedKey | Promise<GeneratedKey> => {
  if (type === 'rsa') return generateRsa(bits)
  if (type === 'ed25519') return generateEd25519()
  const generate = ecGenerators.get(bits)
  if (!generate) throw new ChanceryError('internal', `no curve of ${bits} bits`)
  return generate()
}
