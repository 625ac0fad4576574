/** The CA certificates and private keys in a text that somebody wants to import. */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import { importPrivateKey, type ImportedKey } from '../../keys/import.ts'
import { parseCertificate, type ParsedCertificate } from '../../x509/certificate.ts'
import { decodePemWithRest, encodePem, type PemBlock } from '../../x509/pem.ts'
import { loadPublicKey } from '../../x509/verify.ts'

export interface ImportRequest {
  /** Certificates, and keys where the path allows them. */
  pem_bundle?: string | undefined
  /** Certificates only. */
  certificate?: string | undefined
}

export interface Bundle {
  readonly keys: readonly ImportedKey[]
  readonly certificates: readonly ParsedCertificate[]
}

/** Fewer characters hold no certificate: they are rather the name of a file that has one. */
const shortestPem = 75

const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE']
/** CRLs come along in some bundles, and curve parameters beside what OpenSSL writes of an EC key. */
const ignoredLabels = ['CRL', 'X509 CRL', 'EC PARAMS', 'EC PARAMETERS']

const textOf = ({ pem_bundle: bundle = '', certificate = '' }: ImportRequest): string => {
  if (bundle === '' && certificate === '') throw invalidRequest("'pem_bundle' and 'certificate' parameters were empty")
  if (bundle !== '' && certificate !== '') {
    throw invalidRequest("'pem_bundle' and 'certificate' parameters were both provided")
  }
  const text = bundle || certificate
  if (text.length < shortestPem) {
    throw invalidRequest(
      'provided data for import was too short; perhaps a path was passed to the API rather than the contents of a PEM file',
    )
  }
  return text
}

const blocksIn = (text: string): PemBlock[] => {
  const { blocks, rest } = decodePemWithRest(text)
  if (rest.trim() !== '') throw invalidRequest(`error when parsing block ${blocks.length + 1}: invalid PEM data`)
  return blocks
}

/** Says of which block it is that something is wrong. */
const named = <T>(read: () => T, name: (reason: string) => string): T => {
  try {
    return read()
  } catch (error) {
    if (error instanceof ChanceryError && error.kind === 'invalid request') throw invalidRequest(name(error.message))
    throw error
  }
}

const refuseUnlessCa = (certificate: ParsedCertificate): void => {
  if (!certificate.isCa) throw invalidRequest('Refusing to import non-CA certificate')
  if (!certificate.publicKey) {
    throw invalidRequest(
      'Refusing to import CA certificate with empty PublicKey. This usually means the SubjectPublicKeyInfo field has an OID not recognized by Go, such as 1.2.840.113549.1.1.10 for rsaPSS.',
    )
  }
  loadPublicKey(certificate.spki)
}

const readIssuer = ({ label, der }: PemBlock, at: number): ParsedCertificate => {
  // Vault shows what it could not read as well; a key under a wrong label would then be in the answer and the audit log.
  const certificate = named(
    () => parseCertificate(der),
    (reason) => `Error parsing issuer ${at}: ${reason}`,
  )
  named(
    () => refuseUnlessCa(certificate),
    (reason) => `Error parsing issuer ${at}: ${reason}\n${encodePem(label, der)}\n`,
  )
  return certificate
}

/** @throws ChanceryError in Vault's words for the first thing in the text that cannot be imported */
export const readBundle = (request: ImportRequest, keysAllowed: boolean): Bundle => {
  const blocks = blocksIn(textOf(request)).filter(({ label }) => !ignoredLabels.includes(label))
  const certificates = blocks.filter(({ label }) => certificateLabels.includes(label))
  const keys = blocks.filter(({ label }) => !certificateLabels.includes(label))
  if (keys.length > 0 && !(keysAllowed && request.pem_bundle)) {
    throw invalidRequest('private keys found in the PEM bundle but not allowed by the path; use /issuers/import/bundle')
  }
  return {
    keys: keys.map(({ der }, at) =>
      named(
        () => importPrivateKey(der),
        (reason) => `Error parsing key ${at}: ${reason}`,
      ),
    ),
    certificates: certificates.map(readIssuer),
  }
}
