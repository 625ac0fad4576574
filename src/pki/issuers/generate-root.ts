/** A new root: its key, a certificate that the key signs for itself, and its first CRL, which is empty. */
import { hash, randomUUID } from 'node:crypto'
import { ChanceryError, invalidRequest } from '../../errors.ts'
import type { GeneratedKey } from '../../keys/generate.ts'
import { signatureBits } from '../../keys/parameters.ts'
import type { Mount } from '../../route.ts'
import { insertCertificates, type CertificateRecord } from '../../store/certificates.ts'
import { isUniqueViolation } from '../../store/failures.ts'
import { mergeConfig, setDefaultIfNone } from '../../store/pki-config.ts'
import { insertCrl, type CrlRecord } from '../../store/pki-crls.ts'
import { findIssuer, insertIssuer, lockIssuers, type IssuerRecord } from '../../store/pki-issuers.ts'
import { findKeyByReference, insertKey } from '../../store/pki-keys.ts'
import { chooseSignature, type SignatureAlgorithm } from '../../x509/algorithms.ts'
import { assemble, toBeSigned } from '../../x509/certificate.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  extKeyUsage,
  extKeyUsageNamed,
  extKeyUsages,
  inOrder,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifier,
  type ExtKeyUsage,
} from '../../x509/extensions.ts'
import { keyIdentifier } from '../../x509/key-identifier.ts'
import { encodeName, isEmptyName } from '../../x509/name.ts'
import { randomSerial } from '../../x509/serial.ts'
import { findCaKey, makeCaKey, type CaKey } from '../ca-keys/ca-key.ts'
import { requireKey } from '../ca-keys/find-key.ts'
import { loadIssuersConfig } from '../config/defaults.ts'
import { factsOf, loadCluster, loadUrls, templatingWarning } from '../config/urls.ts'
import { buildCrl } from '../crl/build-crl.ts'
import type { PkiDeps } from '../deps.ts'
import { certificateRecord, type Requester } from '../issuance/certificate-record.ts'
import { parseFormat, type Format } from '../issuance/format.ts'
import { planCertificate, type Plan, type PlanRules } from '../issuance/plan.ts'
import { anyName } from '../issuance/unrestricted.ts'
import { keyUsagesOf } from '../issuance/usages.ts'
import { aiaExtensions, hasAia, noAia, noAiaWarning, resolveAia, type AiaUrls } from './aia.ts'
import { refuseUnlessRootClean } from './lint-root.ts'
import { issuerDefaults, type IssuerDocument } from './issuer-document.ts'
import { nameConstraintsOf } from './name-constraints.ts'
import { checkNewName } from './new-name.ts'
import { rebuildChains } from './rebuild-chains.ts'
import type { GenerateRootRequest } from './schema.ts'

export interface GeneratedRoot {
  readonly der: Buffer
  readonly serial: Buffer
  readonly notAfter: Date
  readonly issuerId: string
  readonly issuerName: string
  readonly keyId: string
  readonly keyName: string
  /** Only where it was asked for: it leaves the server this once. */
  readonly privateKey: GeneratedKey | undefined
  readonly format: Format
  readonly warnings: readonly string[]
}

type RootDeps = Pick<PkiDeps, 'barrier' | 'changes' | 'db'>

type KeySource = 'internal' | 'exported' | 'existing'

const keySource = (exported: string): KeySource => {
  if (exported === 'internal' || exported === 'exported' || exported === 'existing') return exported
  if (exported === 'kms') throw invalidRequest('managed keys are not available: there is no HSM')
  // The quotes are Vault's.
  throw invalidRequest('the "exported" path parameter must be "internal", "existing", exported" or "kms"')
}

/** Whoever may make a root may give it any name, and the operator's date needs no one's leave. */
const rulesFor = (request: GenerateRootRequest): PlanRules => ({
  ...anyName,
  basic_constraints_valid_for_non_ca: false,
  use_csr_common_name: false,
  use_csr_sans: false,
  country: request.country ?? [],
  locality: request.locality ?? [],
  organization: request.organization ?? [],
  ou: request.ou ?? [],
  postal_code: request.postal_code ?? [],
  province: request.province ?? [],
  street_address: request.street_address ?? [],
  ttl: 0,
  max_ttl: 0,
  not_after: request.not_after ?? '',
  not_before_duration: request.not_before_duration ?? 30,
})

/** Checked before a key is made, which may take seconds; the unique index has the last word. */
const refuseTakenNames = async ({ db }: Pick<PkiDeps, 'db'>, mount: Mount, issuerName: string, keyName: string) => {
  if (issuerName && (await findIssuer(db, mount.uuid, issuerName))) throw invalidRequest('issuer name already in use')
  if (keyName && (await findKeyByReference(db, mount.uuid, keyName))) throw invalidRequest('key name already in use')
}

const chooseKey = (deps: RootDeps, mount: Mount, source: KeySource, request: GenerateRootRequest, name: string) => {
  if (source !== 'existing') {
    return makeCaKey(deps, mount, { name, type: request.key_type ?? 'rsa', bits: request.key_bits ?? 0 })
  }
  if (request.key_type !== undefined || request.key_bits !== undefined) {
    throw invalidRequest(
      'invalid parameter for the kms/existing path parameter, key_type nor key_bits arguments can be set in this mode',
    )
  }
  return findCaKey(deps, mount, request.key_ref ?? 'default')
}

interface Root {
  der: Buffer
  serial: Buffer
  /** Name, DER. */
  subject: Buffer
  keyId: Buffer
  signature: SignatureAlgorithm
}

const selfSign = async ({ signer }: CaKey, plan: Plan, request: GenerateRootRequest, aia: AiaUrls): Promise<Root> => {
  const { publicKey } = signer
  const signature = chooseSignature(publicKey, {
    // Vault lets nobody choose the hash of an EC key here.
    signatureBits: publicKey.type === 'ec' ? 0 : signatureBits(publicKey.type, request.signature_bits ?? 0),
    usePss: request.use_pss ?? false,
  })
  const serial = randomSerial()
  const subject = encodeName(plan.subject)
  const keyId = keyIdentifier(publicKey.spki)
  const purposes = extKeyUsageOids(request.ext_key_usage ?? [], request.ext_key_usage_oids ?? [])
  const pathLength = request.max_path_length ?? -1
  const digitalSignature = keyUsagesOf(request.key_usage ?? []).filter((usage) => usage === 'DigitalSignature')
  const bytes = toBeSigned({
    serial,
    signature,
    issuer: subject,
    notBefore: plan.notBefore,
    notAfter: plan.notAfter,
    subject,
    spki: publicKey.spki,
    extensions: inOrder({
      keyUsage: keyUsage(['CertSign', 'CRLSign', ...digitalSignature]),
      basicConstraints: basicConstraints(true, pathLength < 0 ? undefined : pathLength),
      subjectKeyIdentifier: subjectKeyIdentifier(keyId),
      authorityKeyIdentifier: authorityKeyIdentifier(keyId),
      subjectAltName: plan.sans.length > 0 ? subjectAltName(plan.sans, isEmptyName(subject)) : undefined,
      nameConstraints: nameConstraintsOf(request),
      extKeyUsage: purposes.length > 0 ? extKeyUsage(purposes) : undefined,
      ...aiaExtensions(aia),
    }),
  })
  return { der: assemble(bytes, signature, await signer.sign(bytes, signature)), serial, subject, keyId, signature }
}

/** Of the named ones in Vault's order, then the OIDs. A name that nobody knows is passed over, as in Vault. */
const extKeyUsageOids = (names: readonly string[], oids: readonly string[]): string[] => {
  const named = new Set(names.map(extKeyUsageNamed))
  const known = (Object.keys(extKeyUsages) as ExtKeyUsage[]).filter((usage) => named.has(usage))
  return [...new Set([...known.map((usage) => extKeyUsages[usage]), ...oids])]
}

/**
 * The mount's URLs: an issuer that is not there yet has none of its own, and no id to put into a template either.
 * @throws ChanceryError in Vault's words where another template cannot be filled
 */
const rootAia = async ({ db }: RootDeps, mount: Mount): Promise<{ urls: AiaUrls; warnings: string[] }> => {
  const config = await loadUrls(db, mount)
  const facts = factsOf(await loadCluster(db, mount), '')
  try {
    return { urls: resolveAia(config, facts), warnings: [] }
  } catch (error) {
    if (!(error instanceof ChanceryError)) throw error
    if (templatingWarning(config, { ...facts, issuerId: 'id' }) !== undefined) {
      throw invalidRequest(
        `unable to parse AIA URL information: ${error.message}\nUsing templated AIA URL's {{issuer_id}} field when generating root certificates is not supported.`,
      )
    }
    return { urls: noAia, warnings: [templatedAiaWarning] }
  }
}

const templatedAiaWarning =
  'When generating root CA, found global AIA configuration with issuer_id template unsuitable for root generation. This AIA configuration has been ignored. To include AIA on this root CA, set the global AIA configuration to not include issuer_id and instead to refer to a static issuer name.'

const warningsFor = (root: Root, request: GenerateRootRequest, aia: AiaUrls): string[] => {
  const table: readonly (readonly [applies: boolean, text: string])[] = [
    [
      isEmptyName(root.subject),
      'This issuer certificate was generated without a Subject; this makes it likely that issuing leaf certs with this certificate will cause TLS validation libraries to reject this certificate.',
    ],
    [!hasAia(aia), noAiaWarning],
    [
      request.max_path_length === 0,
      'Max path length of the generated certificate is zero. This certificate cannot be used to issue intermediate CA certificates.',
    ],
  ]
  return table.filter(([applies]) => applies).map(([, text]) => text)
}

interface Rows {
  key: CaKey
  issuer: IssuerRecord
  certificate: CertificateRecord
  crl: CrlRecord
}

/** Everything or nothing: a crash leaves no key without its certificate, and no issuer without its CRL. */
const store = async ({ changes }: RootDeps, mount: Mount, rows: Rows, now: Date): Promise<void> => {
  const at = { mount: mount.uuid, namespace: mount.namespace }
  try {
    await changes.transaction(async (tx, changed) => {
      await lockIssuers(tx, mount.uuid)
      if (rows.key.generated) await insertKey(tx, rows.key.generated.record, now)
      // Deleted while the root was made.
      else await requireKey(tx, mount, rows.key.id)
      await setDefaultIfNone(tx, { ...at, name: 'keys' }, rows.key.id, now)
      await insertIssuer(tx, rows.issuer, now)
      await setDefaultIfNone(tx, { ...at, name: 'issuers' }, rows.issuer.id, now)
      const { default_follows_latest_issuer: follows } = await loadIssuersConfig({ db: tx }, mount)
      if (follows) await mergeConfig(tx, { ...at, name: 'issuers' }, { default: rows.issuer.id }, now)
      await rebuildChains(tx, mount.uuid, now)
      await insertCertificates(tx, [rows.certificate])
      await insertCrl(tx, rows.crl)
      changed('issuer', mount.uuid)
    })
  } catch (error) {
    if (isUniqueViolation(error, 'pki_issuers_name')) throw invalidRequest('issuer name already in use')
    if (isUniqueViolation(error, 'pki_keys_name')) throw invalidRequest('key name already in use')
    throw error
  }
}

/**
 * Adds a root to the mount. The first becomes the default issuer, and its key the default key.
 * @throws ChanceryError in Vault's words; nothing is stored then
 */
export const generateRoot = async (
  deps: RootDeps,
  requester: Requester,
  request: GenerateRootRequest,
): Promise<GeneratedRoot> => {
  const { mount } = requester
  const source = keySource(request.exported)
  const format = parseFormat(request.format)
  const issuerName = checkNewName('issuer', request.issuer_name)
  const keyName = checkNewName('key', request.key_name)
  const now = deps.changes.now()
  // Of the request only what `rulesFor` has not taken already.
  const plan = planCertificate(now, rulesFor(request), { ...request, not_after: undefined }, undefined, mount)
  await refuseTakenNames(deps, mount, issuerName, keyName)
  const aia = await rootAia(deps, mount)

  const key = await chooseKey(deps, mount, source, request, keyName)
  const root = await selfSign(key, plan, request, aia.urls)
  refuseUnlessRootClean(root.der, root.keyId, !isEmptyName(root.subject))
  const issuerId = randomUUID()
  const document: IssuerDocument = {
    ...issuerDefaults,
    revocation_signature_algorithm: root.signature.name,
  }
  const crlIssuer = {
    id: issuerId,
    namespace: mount.namespace,
    subject: root.subject,
    authorityKeyIdentifier: authorityKeyIdentifier(root.keyId),
    revocationSignatureAlgorithm: root.signature.name,
    signer: key.signer,
  }
  const issuer: IssuerRecord = {
    mount: mount.uuid,
    namespace: mount.namespace,
    id: issuerId,
    name: issuerName,
    key_id: key.id,
    certificate: root.der,
    certificate_sha256: hash('sha256', root.der, 'buffer'),
    serial: root.serial,
    not_after: plan.notAfter,
    document: { ...document },
    ca_chain: [issuerId],
  }
  const facts = {
    ...root,
    ...plan,
    plan,
    issuerId,
    roleName: '',
    publicKey: key.signer.publicKey,
    authorityKeyId: root.keyId,
    // `plan` has a subject too, before it was encoded.
    subject: root.subject,
  }
  const crl = await buildCrl(mount.uuid, crlIssuer, 1, now)
  await store(deps, mount, { key, issuer, certificate: certificateRecord(requester, facts, now), crl }, now)
  return {
    der: root.der,
    serial: root.serial,
    notAfter: plan.notAfter,
    issuerId,
    issuerName,
    keyId: key.id,
    keyName: key.name,
    privateKey: source === 'exported' ? key.generated?.key : undefined,
    format,
    warnings: [...plan.warnings, ...aia.warnings, ...warningsFor(root, request, aia.urls)],
  }
}
