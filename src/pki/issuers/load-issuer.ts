/**
 * An issuer, ready to sign: its key decrypted, its certificate taken apart, its chain as the texts that answers hold.
 * All of it is made once and cached. The cache has the references that were asked for as keys, so whoever changes an
 * issuer, a key or the default of a mount drops everything of the mount (topic `issuer`).
 */
import { invalidRequest } from '../../errors.ts'
import { softwareSigner } from '../../keys/software.ts'
import type { Signer } from '../../keys/signer.ts'
import type { Mount } from '../../route.ts'
import { findIssuerCertificates, type IssuerRecord } from '../../store/pki-issuers.ts'
import { findKey } from '../../store/pki-keys.ts'
import { parseCertificate, type ParsedCertificate } from '../../x509/certificate.ts'
import { authorityKeyIdentifier } from '../../x509/extensions.ts'
import { keyIdentifier } from '../../x509/key-identifier.ts'
import { encodePem } from '../../x509/pem.ts'
import { decryptPrivateKey } from '../ca-keys/private-key.ts'
import type { PkiDeps } from '../deps.ts'
import type { LeafNotAfterBehavior } from '../issuance/validity.ts'
import type { IssuerDocument } from './issuer-document.ts'
import { findIssuerByReference, unresolvedIssuer } from './resolve-issuer.ts'

/** A certificate in the forms in which answers carry it. */
export interface ChainCertificate {
  readonly der: Buffer
  /** Without a newline at the end. */
  readonly pem: string
  readonly base64: string
  readonly selfSigned: boolean
}

export interface LoadedIssuer {
  readonly id: string
  readonly name: string
  readonly namespace: string
  /** Name, DER, as it is in the certificate. */
  readonly subject: Buffer
  readonly notAfter: Date
  readonly keyIdentifier: Buffer
  /** The whole extension, for what this issuer signs. */
  readonly authorityKeyIdentifier: Buffer
  readonly leafNotAfterBehavior: LeafNotAfterBehavior
  readonly revocationSignatureAlgorithm: string
  /** The issuer itself, then its ancestors as far as they are known. */
  readonly chain: readonly [ChainCertificate, ...ChainCertificate[]]
  /** Absent when only the certificate is known. */
  readonly signer: Signer | undefined
}

export type SigningIssuer = LoadedIssuer & { readonly signer: Signer }

const isSelfSigned = ({ subject, issuer, ...certificate }: ParsedCertificate): boolean => {
  const { subjectKeyIdentifier: own, authorityKeyIdentifier: authority } = certificate
  return authority ? own !== undefined && authority.equals(own) : subject.equals(issuer)
}

const chainCertificate = (certificate: ParsedCertificate): ChainCertificate => ({
  der: certificate.der,
  pem: encodePem('CERTIFICATE', certificate.der),
  base64: certificate.der.toString('base64'),
  selfSigned: isSelfSigned(certificate),
})

const parse = (bytes: Uint8Array): ParsedCertificate =>
  parseCertificate(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))

/** Reads the rest of what `record` names. */
const ready = async ({ db, barrier }: Pick<PkiDeps, 'db' | 'barrier'>, record: IssuerRecord): Promise<LoadedIssuer> => {
  const ancestors = record.ca_chain.filter((id) => id !== record.id)
  const certificates = await findIssuerCertificates(db, record.mount, ancestors)
  const key = record.key_id === null ? undefined : await findKey(db, record.mount, record.key_id)
  const own = parse(record.certificate)
  const document = record.document as unknown as IssuerDocument
  const keyId = own.subjectKeyIdentifier ?? keyIdentifier(own.spki)
  return {
    id: record.id,
    name: record.name,
    namespace: record.namespace,
    subject: own.subject,
    notAfter: own.notAfter,
    keyIdentifier: keyId,
    authorityKeyIdentifier: authorityKeyIdentifier(keyId),
    leafNotAfterBehavior: document.leaf_not_after_behavior,
    revocationSignatureAlgorithm: document.revocation_signature_algorithm,
    chain: [
      chainCertificate(own),
      ...ancestors.flatMap((id) => {
        const certificate = certificates.get(id)
        return certificate ? [chainCertificate(parse(certificate))] : []
      }),
    ],
    signer: key && softwareSigner(decryptPrivateKey(barrier, key)),
  }
}

/** @returns `undefined` when the reference means none; with a warm cache without a query */
export const findLoadedIssuer = async (
  deps: Pick<PkiDeps, 'db' | 'barrier' | 'issuers'>,
  mount: Mount,
  reference: string,
): Promise<LoadedIssuer | undefined> => {
  const key = [mount.uuid, reference]
  return (
    deps.issuers.peek(key) ??
    deps.issuers.get(key, async () => {
      const record = await findIssuerByReference(deps.db, mount, reference)
      return record && ready(deps, record)
    })
  )
}

export const canSign = (issuer: LoadedIssuer): issuer is SigningIssuer => issuer.signer !== undefined

/**
 * @param context goes before what is said of the issuer, when it is refused
 * @throws ChanceryError in Vault's words for a reference that means no issuer, or one without a key
 */
export const loadSigningIssuer = async (
  deps: Pick<PkiDeps, 'db' | 'barrier' | 'issuers'>,
  mount: Mount,
  reference: string,
  context = '',
): Promise<SigningIssuer> => {
  const issuer = await findLoadedIssuer(deps, mount, reference)
  if (!issuer) throw invalidRequest(`${context}${unresolvedIssuer(reference)}`)
  if (canSign(issuer)) return issuer
  throw invalidRequest(
    `${context}unable to fetch corresponding key for issuer ${issuer.id}; unable to use this issuer for signing`,
  )
}
