/** A root made with our own x509/ and keys/, and leaves from it: for tests of what others read in them. */
import { generateKey } from '../../src/keys/generate.ts'
import type { Signer } from '../../src/keys/signer.ts'
import { softwareSigner } from '../../src/keys/software.ts'
import type { KeyType, SignatureAlgorithm } from '../../src/x509/algorithms.ts'
import { assemble, type CertificateTemplate, toBeSigned } from '../../src/x509/certificate.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  inOrder,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.ts'
import type { GeneralName } from '../../src/x509/general-names.ts'
import { keyIdentifier } from '../../src/x509/key-identifier.ts'
import { encodeName, isEmptyName, type Name } from '../../src/x509/name.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { randomSerial } from '../../src/x509/serial.ts'

export interface Authority {
  signer: Signer
  /** Name, DER. */
  name: Buffer
  keyId: Buffer
  der: Buffer
  pem: string
}

const day = 86_400_000
export const certificatePem = (der: Buffer): string => `${encodePem('CERTIFICATE', der)}\n`

const sign = async (signer: Signer, template: CertificateTemplate): Promise<Buffer> => {
  const bytes = toBeSigned(template)
  return assemble(bytes, template.signature, await signer.sign(bytes, template.signature))
}

export const makeRoot = async (
  type: KeyType = 'ec',
  bits = 256,
  signature?: SignatureAlgorithm,
  subject: Name = { commonName: 'Test Root', organization: ['Chancery'] },
): Promise<Authority> => {
  const key = await generateKey(type, bits)
  const signer = softwareSigner(key.pkcs8)
  const name = encodeName(subject)
  const keyId = keyIdentifier(key.spki)
  const der = await sign(signer, {
    serial: randomSerial(),
    signature: signature ?? signer.defaultAlgorithm,
    issuer: name,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    subject: name,
    spki: key.spki,
    extensions: inOrder({
      keyUsage: keyUsage(['CertSign', 'CRLSign']),
      basicConstraints: basicConstraints(true),
      subjectKeyIdentifier: subjectKeyIdentifier(keyId),
      authorityKeyIdentifier: authorityKeyIdentifier(keyId),
    }),
  })
  return { signer, name, keyId, der, pem: certificatePem(der) }
}

export interface LeafParts extends Partial<Omit<CertificateTemplate, 'subject'>> {
  spki: Buffer
  subject?: Name
  sans?: readonly GeneralName[]
}

/** A leaf for the key, valid from yesterday to tomorrow where `parts` do not say otherwise. */
export const makeLeaf = (root: Authority, { subject = {}, sans = [], ...parts }: LeafParts): Promise<Buffer> => {
  const name = encodeName(subject)
  return sign(root.signer, {
    serial: randomSerial(),
    signature: root.signer.defaultAlgorithm,
    issuer: root.name,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    subject: name,
    extensions: inOrder({
      keyUsage: keyUsage(['DigitalSignature', 'KeyEncipherment']),
      subjectKeyIdentifier: subjectKeyIdentifier(keyIdentifier(parts.spki)),
      authorityKeyIdentifier: authorityKeyIdentifier(root.keyId),
      subjectAltName: sans.length === 0 ? undefined : subjectAltName(sans, isEmptyName(name)),
    }),
    ...parts,
  })
}
