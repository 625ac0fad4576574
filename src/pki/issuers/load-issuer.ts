/**
 * An issuer, ready to sign: its key decrypted, its certificate taken apart, its chain as the texts that answers hold.
 * All of it is made once and cached. The cache has the references that were asked for as keys, so whoever changes an
 * issuer, a key or the default of a mount drops everything of the mount (topic `issuer`).
 */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import { softwareSigner } from '../../keys/software.ts'
import type { Signer } from '../../keys/signer.ts'
import type { Mount } from '../../route.ts'
import { findIssuerCertificates, type StoredIssuer } from '../../store/pki-issuers.ts'
import { findKey } from '../../store/pki-keys.ts'
import { parseCertificate, type ParsedCertificate } from '../../x509/certificate.ts'
import { authorityKeyIdentifier } from '../../x509/extensions.ts'
import { keyIdentifier } from '../../x509/key-identifier.ts'
import { encodePem } from '../../x509/pem.ts'
import { decryptPrivateKey } from '../ca-keys/private-key.ts'
import { factsOf, loadCluster, loadUrls } from '../config/urls.ts'
import type { PkiDeps } from '../deps.ts'
import type { LeafNotAfterBehavior } from '../issuance/validity.ts'
import { aiaExtensions, hasAia, resolveAia, type AiaExtensions } from './aia.ts'
import { aiaConfigOf, issuerDocumentOf, type IssuerDocument } from './issuer-document.ts'
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
  readonly usage: readonly string[]
  /** When anything of it was changed last. */
  readonly modifiedAt: Date
  /** Where what it issues leads to; or why that cannot be said, and then it issues nothing. */
  readonly aia: AiaExtensions | AiaFault
  /** The issuer itself, then its ancestors as far as they are known. */
  readonly chain: readonly [ChainCertificate, ...ChainCertificate[]]
  /** Absent when only the certificate is known. */
  readonly signer: Signer | undefined
}

export interface AiaFault {
  readonly fault: string
}

export type KeyedIssuer = LoadedIssuer & { readonly signer: Signer }

/** One that may issue certificates, and can. */
export type SigningIssuer = KeyedIssuer & { readonly aia: AiaExtensions }

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

/** The issuer's own URLs, or else the mount's. */
const aiaOf = async (
  { db }: Pick<PkiDeps, 'db'>,
  mount: Mount,
  id: string,
  document: IssuerDocument,
): Promise<AiaExtensions | AiaFault> => {
  const config = hasAia(document) ? aiaConfigOf(document) : await loadUrls(db, mount)
  try {
    return aiaExtensions(resolveAia(config, factsOf(await loadCluster(db, mount), id)))
  } catch (error) {
    if (error instanceof ChanceryError && error.kind === 'invalid request') return { fault: error.message }
    throw error
  }
}

/** Reads the rest of what `record` names. */
const ready = async (
  { db, barrier }: Pick<PkiDeps, 'db' | 'barrier'>,
  mount: Mount,
  record: StoredIssuer,
): Promise<LoadedIssuer> => {
  const ancestors = record.ca_chain.filter((id) => id !== record.id)
  const certificates = await findIssuerCertificates(db, record.mount, ancestors)
  const key = record.key_id === null ? undefined : await findKey(db, record.mount, record.key_id)
  const own = parse(record.certificate)
  const document = issuerDocumentOf(record.document)
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
    usage: document.usage,
    modifiedAt: record.modified_at,
    aia: await aiaOf({ db }, mount, record.id, document),
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
      return record && ready(deps, mount, record)
    })
  )
}

export const hasKey = (issuer: LoadedIssuer): issuer is KeyedIssuer => issuer.signer !== undefined

const hasAiaExtensions = (issuer: KeyedIssuer): issuer is SigningIssuer => !('fault' in issuer.aia)

type Load = Pick<PkiDeps, 'db' | 'barrier' | 'issuers'>

/** @throws ChanceryError in Vault's words, after `context`, for a reference that means no issuer */
export const loadIssuer = async (deps: Load, mount: Mount, reference: string, context = ''): Promise<LoadedIssuer> => {
  const issuer = await findLoadedIssuer(deps, mount, reference)
  if (!issuer) throw invalidRequest(`${context}${unresolvedIssuer(reference)}`)
  return issuer
}

/** @throws ChanceryError in Vault's words, after `context`, for a reference that means no issuer, or one without a key */
export const loadKeyedIssuer = async (
  deps: Load,
  mount: Mount,
  reference: string,
  context = '',
): Promise<KeyedIssuer> => {
  const issuer = await loadIssuer(deps, mount, reference, context)
  if (hasKey(issuer)) return issuer
  throw invalidRequest(
    `${context}unable to fetch corresponding key for issuer ${issuer.id}; unable to use this issuer for signing`,
  )
}

/**
 * An issuer to issue certificates with.
 * @throws ChanceryError in Vault's words for one that is not there, has no key, is not to issue, or whose URLs cannot be
 *   told
 */
export const loadSigningIssuer = async (
  deps: Load,
  mount: Mount,
  reference: string,
  context = '',
): Promise<SigningIssuer> => {
  const issuer = await loadKeyedIssuer(deps, mount, reference, context)
  const { id, name, usage } = issuer
  if (!usage.includes('issuing-certificates')) {
    const called = name === '' ? `id:${id}` : `id:${id} / name:${name}`
    throw invalidRequest(
      `error fetching CA certificate: error while attempting to use issuer ${id}: requested usage issuing-certificates for issuer [${called}] but only had usage ${usage.join(',')}`,
    )
  }
  if (hasAiaExtensions(issuer)) return issuer
  const { fault } = issuer.aia as AiaFault
  throw invalidRequest(`error fetching CA certificate: unable to fetch AIA URL information: ${fault}`)
}
