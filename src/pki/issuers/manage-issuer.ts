/** What operators do with issuers that are there: list, read, change, delete. */
import { invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import type { Db, Tx } from '../../store/database.ts'
import { isUniqueViolation } from '../../store/failures.ts'
import { findDefault, mergeConfig } from '../../store/pki-config.ts'
import { deleteCrls } from '../../store/pki-crls.ts'
import {
  deleteIssuer,
  findIssuer,
  findIssuerCertificates,
  listIssuers,
  lockIssuers,
  updateIssuer,
  type StoredIssuer,
} from '../../store/pki-issuers.ts'
import { countRolesOfIssuer } from '../../store/pki-roles.ts'
import { signatureAlgorithmNamed, signatureAlgorithms, type KeyType } from '../../x509/algorithms.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import { factsOf, loadCluster, templatingWarning } from '../config/urls.ts'
import type { PkiDeps } from '../deps.ts'
import type { LeafNotAfterBehavior } from '../issuance/validity.ts'
import { checkAiaUrls, hasAia } from './aia.ts'
import { aiaConfigOf, issuerDefaults, issuerDocumentOf, type IssuerDocument } from './issuer-document.ts'
import { checkNewName } from './new-name.ts'
import { rebuildChains } from './rebuild-chains.ts'
import { findIssuerByReference, requireIssuer } from './resolve-issuer.ts'
import type { IssuerRequest } from './schema.ts'
import { usagesNamed } from './usage.ts'

/** An issuer as the API shows it. */
export interface IssuerView {
  readonly issuer: StoredIssuer
  readonly document: IssuerDocument
  /** DER, the issuer itself first. */
  readonly chain: readonly Uint8Array[]
}

export const readIssuer = async (db: Db | Tx, mount: Mount, reference: string): Promise<IssuerView> => {
  const issuer = await requireIssuer(db, mount, reference)
  const certificates = await findIssuerCertificates(db, mount.uuid, issuer.ca_chain)
  return {
    issuer,
    document: issuerDocumentOf(issuer.document),
    chain: issuer.ca_chain.flatMap((id) => certificates.get(id) ?? []),
  }
}

export const listAllIssuers = async ({ db }: Pick<PkiDeps, 'db'>, mount: Mount) => {
  const issuers = await listIssuers(db, mount.uuid)
  return { issuers, defaultId: await findDefault(db, mount.uuid, 'issuers') }
}

const leafBehaviors: readonly LeafNotAfterBehavior[] = ['err', 'truncate', 'permit', 'always_enforce_err']

const leafBehaviorNamed = (name: string): LeafNotAfterBehavior => {
  const found = leafBehaviors.find((behavior) => behavior === name)
  if (found) return found
  // Vault's text, which is older than the fourth of them.
  throw invalidRequest(
    'Unknown value for field `leaf_not_after_behavior`. Possible values are `err`, `truncate`, and `permit`.',
  )
}

/** As Go names the kinds of key. */
const keyKinds: Record<KeyType, string> = { rsa: 'RSA', ec: 'ECDSA', ed25519: 'Ed25519' }

const revocationAlgorithmNamed = (name: string, keyType: KeyType | undefined): string => {
  if (name === '') return ''
  const algorithm = signatureAlgorithmNamed(name)
  if (!algorithm) {
    const known = Object.keys(signatureAlgorithms).join(', ')
    throw invalidRequest(`Unknown signature algorithm value: ${name} - valid values are ${known}`)
  }
  if (algorithm.keyType !== keyType) {
    const kind = keyType ? keyKinds[keyType] : 'unknown'
    throw invalidRequest(`unable to use issuer of type ${kind} to sign with ${algorithm.name} key type`)
  }
  return algorithm.name
}

const usagesFor = (issuer: StoredIssuer, usages: string[]): string[] => {
  const { keyUsage } = parseCertificate(Buffer.from(issuer.certificate))
  // Without the extension every usage is allowed (RFC 5280 §4.2.1.3); Vault wants the bit all the same.
  if (usages.includes('crl-signing') && !keyUsage?.includes('CRLSign')) {
    throw invalidRequest(
      "This issuer's underlying certificate lacks the CRLSign KeyUsage value; unable to set CRLSigningUsage on this issuer as a result.",
    )
  }
  return usages
}

const resolveManualChain = async (
  tx: Tx,
  mount: Mount,
  { id }: StoredIssuer,
  references: readonly string[],
): Promise<string[]> => {
  const chain: string[] = []
  for (const [at, reference] of references.entries()) {
    const named = at === 0 && reference === 'self' ? id : reference
    const { id: resolved } = await requireIssuer(tx, mount, named)
    if (at === 0 && resolved !== id) {
      throw invalidRequest(`expected first cert in chain to be a self-reference, but was: ${named}/${resolved}`)
    }
    chain.push(resolved)
  }
  return chain
}

/** The document of `before` with what the request names in it. */
const changedDocument = async (
  tx: Tx,
  mount: Mount,
  issuer: StoredIssuer,
  before: IssuerDocument,
  request: IssuerRequest,
): Promise<IssuerDocument> => {
  const { publicKey } = parseCertificate(Buffer.from(issuer.certificate))
  const usage = request.usage === undefined ? [...before.usage] : usagesNamed(request.usage)
  const algorithm = request.revocation_signature_algorithm
  const document: IssuerDocument = {
    leaf_not_after_behavior: leafBehaviorNamed(request.leaf_not_after_behavior ?? before.leaf_not_after_behavior),
    usage,
    revocation_signature_algorithm:
      algorithm === undefined
        ? before.revocation_signature_algorithm
        : revocationAlgorithmNamed(algorithm, publicKey?.type),
    manual_chain:
      request.manual_chain === undefined
        ? before.manual_chain
        : await resolveManualChain(tx, mount, issuer, request.manual_chain),
    issuing_certificates: request.issuing_certificates ?? before.issuing_certificates,
    crl_distribution_points: request.crl_distribution_points ?? before.crl_distribution_points,
    delta_crl_distribution_points: request.delta_crl_distribution_points ?? before.delta_crl_distribution_points,
    ocsp_servers: request.ocsp_servers ?? before.ocsp_servers,
    enable_aia_url_templating: request.enable_aia_url_templating ?? before.enable_aia_url_templating,
  }
  if (!document.enable_aia_url_templating) checkAiaUrls(document)
  const current = issuerDocumentOf(issuer.document).usage
  return { ...document, usage: usage.join() === current.join() ? current : usagesFor(issuer, usage) }
}

const rolesWarning = async (tx: Tx, mount: Mount, reference: string): Promise<string[]> => {
  const roles = await countRolesOfIssuer(tx, mount.uuid, reference)
  return roles > 0 ? [`${roles} roles reference ${reference}`] : []
}

interface Updated {
  readonly view: IssuerView
  readonly warnings: readonly string[]
}

type Deps = Pick<PkiDeps, 'changes'>

const refuseTakenName = async (tx: Tx, mount: Mount, id: string, name: string): Promise<void> => {
  const holder = name === '' ? undefined : await findIssuer(tx, mount.uuid, name)
  if (holder && holder.id !== id) throw invalidRequest('issuer name already in use')
}

const update = async (
  { changes }: Deps,
  mount: Mount,
  reference: string,
  next: (issuer: StoredIssuer) => { name: string; before: IssuerDocument },
  request: IssuerRequest,
): Promise<Updated> => {
  try {
    return await changes.transaction(async (tx, changed) => {
      await lockIssuers(tx, mount.uuid)
      const issuer = await requireIssuer(tx, mount, reference)
      const { name, before } = next(issuer)
      await refuseTakenName(tx, mount, issuer.id, name)
      const document = await changedDocument(tx, mount, issuer, before, request)
      const now = changes.now()
      const at = { mount: mount.uuid, id: issuer.id }
      await updateIssuer(tx, at, { name, document: { ...document } }, now)
      if (document.manual_chain.join() !== issuerDocumentOf(issuer.document).manual_chain.join()) {
        await rebuildChains(tx, mount.uuid, now)
      }
      changed('issuer', mount.uuid)
      const renamed = issuer.name !== '' && issuer.name !== name
      const own = hasAia(document) && document.enable_aia_url_templating
      const cluster = await loadCluster(tx, mount)
      const templating = own ? templatingWarning(aiaConfigOf(document), factsOf(cluster, issuer.id)) : undefined
      return {
        view: await readIssuer(tx, mount, issuer.id),
        warnings: [
          ...(renamed ? await rolesWarning(tx, mount, issuer.name) : []),
          ...(templating === undefined ? [] : [templating]),
        ],
      }
    })
  } catch (error) {
    if (isUniqueViolation(error, 'pki_issuers_name')) throw invalidRequest('issuer name already in use')
    throw error
  }
}

/** POST: what the request leaves out is at its default again, the name with it. @throws ChanceryError in Vault's words */
export const replaceIssuer = (deps: Deps, mount: Mount, request: IssuerRequest): Promise<Updated> => {
  const name = checkNewName('issuer', request.issuer_name)
  return update(deps, mount, request.issuer_ref, () => ({ name, before: issuerDefaults }), request)
}

/** PATCH: changes what the request names; an empty name takes the name away. @throws ChanceryError in Vault's words */
export const mergeIssuer = (deps: Deps, mount: Mount, request: IssuerRequest): Promise<Updated> => {
  const { issuer_name: asked } = request
  const name = asked?.trim() === '' ? '' : checkNewName('issuer', asked)
  return update(
    deps,
    mount,
    request.issuer_ref,
    (issuer) => ({
      name: asked === undefined ? issuer.name : name,
      before: issuerDocumentOf(issuer.document),
    }),
    request,
  )
}

/** Its key and what it has issued stay. Of a reference that means none Vault says nothing. @returns warnings */
export const removeIssuer = async ({ changes }: Deps, mount: Mount, reference: string): Promise<string[]> =>
  changes.transaction(async (tx, changed) => {
    await lockIssuers(tx, mount.uuid)
    const issuer = await findIssuerByReference(tx, mount, reference)
    if (!issuer) return []
    const { id, name } = issuer
    const warnings = [
      ...(name === '' ? [] : await rolesWarning(tx, mount, name)),
      ...(await rolesWarning(tx, mount, id)),
    ]
    const now = changes.now()
    await deleteIssuer(tx, mount.uuid, id)
    await deleteCrls(tx, mount.uuid, id)
    if ((await findDefault(tx, mount.uuid, 'issuers')) === id) {
      await mergeConfig(tx, { mount: mount.uuid, namespace: mount.namespace, name: 'issuers' }, { default: '' }, now)
      warnings.push(
        `Deleted issuer ${id} (via issuer_ref ${reference}); this was configured as the default issuer. Operations without an explicit issuer will not work until a new default is configured.`,
        ...(await rolesWarning(tx, mount, 'default')),
      )
    }
    await rebuildChains(tx, mount.uuid, now)
    changed('issuer', mount.uuid)
    return warnings
  })
