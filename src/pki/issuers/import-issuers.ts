/** CA certificates and their keys from elsewhere, linked to what the mount has, in whatever order they come. */
import { hash, randomUUID } from 'node:crypto'
import type { Mount } from '../../route.ts'
import type { Changed } from '../../store/changes.ts'
import type { Tx } from '../../store/database.ts'
import { mergeConfig, setDefaultIfNone } from '../../store/pki-config.ts'
import { findIssuerByCertificate, insertIssuer, lockIssuers, type IssuerRecord } from '../../store/pki-issuers.ts'
import { findKeyByPublicKey } from '../../store/pki-keys.ts'
import type { ParsedCertificate } from '../../x509/certificate.ts'
import { newKeyRecord } from '../ca-keys/ca-key.ts'
import { storeKey } from '../ca-keys/store-key.ts'
import { loadIssuersConfig } from '../config/defaults.ts'
import { loadUrls } from '../config/urls.ts'
import { publishCrls } from '../crl/publish-crls.ts'
import type { PkiDeps } from '../deps.ts'
import { hasAia, noAiaWarning } from './aia.ts'
import { issuerDefaults, type IssuerDocument } from './issuer-document.ts'
import { readBundle, type ImportRequest } from './pem-bundle.ts'
import { rebuildChains } from './rebuild-chains.ts'

export interface Imported {
  /** From the id of every issuer in the bundle to its key's, `''` for none. */
  readonly mapping: ReadonlyMap<string, string>
  readonly importedIssuers: readonly string[]
  readonly importedKeys: readonly string[]
  readonly existingIssuers: readonly string[]
  readonly existingKeys: readonly string[]
  readonly warnings: readonly string[]
}

const newIssuer = (mount: Mount, certificate: ParsedCertificate, keyId: string | null): IssuerRecord => {
  const id = randomUUID()
  const signsCrls = certificate.keyUsage?.includes('CRLSign') ?? false
  const document: IssuerDocument = {
    ...issuerDefaults,
    usage: issuerDefaults.usage.filter((usage) => usage !== 'crl-signing' || signsCrls),
  }
  return {
    mount: mount.uuid,
    namespace: mount.namespace,
    id,
    name: '',
    key_id: keyId,
    certificate: certificate.der,
    certificate_sha256: hash('sha256', certificate.der, 'buffer'),
    serial: certificate.serial,
    not_after: certificate.notAfter,
    document: { ...document },
    ca_chain: [id],
  }
}

/** @returns the issuer's id and its key's, and whether it was there already */
const storeIssuer = async (tx: Tx, mount: Mount, certificate: ParsedCertificate, now: Date) => {
  const digest = hash('sha256', certificate.der, 'buffer')
  const there = await findIssuerByCertificate(tx, mount.uuid, digest)
  if (there) return { id: there.id, keyId: there.key_id, existed: true }
  const key = await findKeyByPublicKey(tx, mount.uuid, hash('sha256', certificate.spki, 'buffer'))
  const issuer = newIssuer(mount, certificate, key?.id ?? null)
  await insertIssuer(tx, issuer, now)
  if (key) {
    const at = { mount: mount.uuid, namespace: mount.namespace, name: 'issuers' } as const
    await setDefaultIfNone(tx, at, issuer.id, now)
  }
  return { id: issuer.id, keyId: issuer.key_id, existed: false }
}

/** The default moves to a new issuer where the mount says so, and the operator is told what to look at. */
const chooseDefault = async (
  tx: Tx,
  mount: Mount,
  mapping: ReadonlyMap<string, string>,
  created: readonly string[],
  now: Date,
): Promise<string[]> => {
  const at = { mount: mount.uuid, namespace: mount.namespace, name: 'issuers' } as const
  const withKeys = created.filter((id) => mapping.get(id))
  const warnings: string[] = []
  const before = await loadIssuersConfig({ db: tx }, mount)
  const [only, another] = withKeys
  if (before.default_follows_latest_issuer && only) {
    if (!another) await mergeConfig(tx, at, { default: only }, now)
    else {
      warnings.push(
        'Default issuer left unchanged: could not select new issuer automatically as multiple imported issuers had key material in Vault.',
      )
    }
  }
  const { default: id } = await loadIssuersConfig({ db: tx }, mount)
  if (mapping.get(id) === '') {
    warnings.push(
      'The default issuer has no key associated with it. Some operations like issuing certificates and signing CRLs will be unavailable with the requested default issuer until a key is imported or the default issuer is changed.',
    )
  }
  if (withKeys.length > 1 && created.includes(id)) {
    warnings.push(
      'The imported bundle contained multiple certs matching keys, the default issuer that was selected should be verified and manually changed if incorrect.',
    )
  }
  return warnings
}

interface Stored extends Imported {
  /** Issuers that have a key from now on. */
  readonly keyed: readonly string[]
}

type Records = readonly ReturnType<typeof newKeyRecord>[]

const store = async (
  tx: Tx,
  changed: Changed,
  mount: Mount,
  keys: Records,
  certificates: readonly ParsedCertificate[],
  now: Date,
): Promise<Stored> => {
  await lockIssuers(tx, mount.uuid)
  const storedKeys = []
  for (const record of keys) storedKeys.push(await storeKey(tx, changed, mount, record, now))
  const storedIssuers = []
  for (const certificate of certificates) storedIssuers.push(await storeIssuer(tx, mount, certificate, now))
  const mapping = new Map(storedIssuers.map(({ id, keyId }) => [id, keyId ?? '']))
  const created = storedIssuers.filter(({ existed }) => !existed)
  const createdIds = created.map(({ id }) => id)
  await rebuildChains(tx, mount.uuid, now)
  const warnings = await chooseDefault(tx, mount, mapping, createdIds, now)
  changed('issuer', mount.uuid)
  return {
    mapping,
    importedIssuers: createdIds,
    importedKeys: storedKeys.filter(({ existed }) => !existed).map(({ record }) => record.id),
    existingIssuers: storedIssuers.filter(({ existed }) => existed).map(({ id }) => id),
    existingKeys: storedKeys.filter(({ existed }) => existed).map(({ record }) => record.id),
    warnings: hasAia(await loadUrls(tx, mount)) ? warnings : [...warnings, noAiaWarning],
    keyed: [...storedKeys.flatMap(({ linked }) => linked), ...createdIds.filter((id) => mapping.get(id))],
  }
}

/**
 * Imports all of a bundle, or nothing of it. What the mount has already stays as it is.
 * @throws ChanceryError in Vault's words
 */
export const importIssuers = async (
  deps: Pick<PkiDeps, 'barrier' | 'changes' | 'db' | 'issuers'>,
  mount: Mount,
  request: ImportRequest,
  options: { keysAllowed: boolean },
): Promise<Imported> => {
  const { keys, certificates } = readBundle(request, options.keysAllowed)
  const records = keys.map((key) => newKeyRecord(deps, mount, '', key))
  const stored = await deps.changes.transaction((tx, changed) =>
    store(tx, changed, mount, records, certificates, deps.changes.now()),
  )
  return { ...stored, warnings: [...stored.warnings, ...(await publishCrls(deps, mount, stored.keyed))] }
}
