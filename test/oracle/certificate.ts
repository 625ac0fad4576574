/** What a certificate says, so that two from different keys and moments can be compared. */
import { createHash } from 'node:crypto'
import { type ParsedCertificate, parseCertificate } from '../../src/x509/certificate.ts'
import { generalNameText } from '../../src/x509/general-names.ts'
import { extensionOids } from '../../src/x509/oids.ts'
import { formatTime } from '../../src/pki/issuance/rfc3339.ts'
import { moments } from './moments.ts'
import { readBitString, readElement, readSequence } from '../../src/x509/der-reader.ts'

export interface CertificateReading {
  subject: string
  /** Hex: two encodings of one text are a difference. */
  subjectDer: string
  issuer: string
  sans: string[]
  keyUsage: string[]
  extKeyUsage: string[]
  ca: string
  key: string
  signature: string
  /** OID, criticality and value in the order of the certificate; identifiers of keys are only said to be right. */
  extensions: string[]
  /** Seconds. */
  lifetime: number
  /** Only where a call fixes it. */
  ends?: string
}

const keyHash = (spki: Buffer): string => {
  const key = readBitString(readSequence(readElement(spki))[1])
  return createHash('sha1').update(key).digest('hex')
}

const extensionTexts = (certificate: ParsedCertificate): string[] =>
  certificate.extensions.map(({ oid, critical, value }) => {
    const name = `${oid}${critical ? ' critical' : ''}`
    if (oid === extensionOids.subjectKeyIdentifier) {
      const right = certificate.subjectKeyIdentifier?.toString('hex') === keyHash(certificate.spki)
      return `${name} ${right ? 'SHA-1 of the key' : 'something else'}`
    }
    if (oid === extensionOids.authorityKeyIdentifier) {
      return `${name} ${value.length} octets`
    }
    return `${name} ${value.toString('hex')}`
  })

const momentName = (time: Date): string => {
  const text = formatTime(time)
  return Object.keys(moments).find((name) => moments[name] === text) ?? text
}

/** @throws for what is no certificate */
export const readCertificate = (der: Buffer, fixedEnd: boolean): CertificateReading => {
  const certificate = parseCertificate(der)
  const { publicKey, notBefore, notAfter } = certificate
  return {
    subject: certificate.subjectText,
    subjectDer: certificate.subject.toString('hex'),
    issuer: certificate.issuerText,
    sans: certificate.sans.map(generalNameText),
    keyUsage: [...(certificate.keyUsage ?? ['none'])],
    extKeyUsage: [...certificate.extKeyUsage],
    ca: certificate.isCa ? `yes, ${certificate.pathLength ?? 'any length'}` : 'no',
    key: publicKey ? `${publicKey.type} ${publicKey.bits}` : 'unknown',
    signature: certificate.signatureAlgorithm?.name ?? 'unknown',
    extensions: extensionTexts(certificate),
    lifetime: fixedEnd ? 0 : (notAfter.getTime() - notBefore.getTime()) / 1000,
    ...(fixedEnd && { ends: momentName(notAfter) }),
  }
}
