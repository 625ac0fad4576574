/** `config/issuers` and `config/keys`: what the reference `default` stands for. */
import { invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import { findConfig, mergeConfig, type ConfigDocument } from '../../store/pki-config.ts'
import { lockIssuers, updateIssuer } from '../../store/pki-issuers.ts'
import { isDefault } from '../default-reference.ts'
import { requireKey } from '../ca-keys/find-key.ts'
import type { PkiDeps } from '../deps.ts'
import { requireIssuer } from '../issuers/resolve-issuer.ts'

export interface IssuersConfig {
  /** An id, `''` for none. */
  default: string
  /** Does an issuer that is generated or imported with a key become the default at once? */
  default_follows_latest_issuer: boolean
}

const issuersConfigOf = (document: ConfigDocument): IssuersConfig => ({
  default: '',
  default_follows_latest_issuer: false,
  ...document,
})

export const loadIssuersConfig = async (
  { db }: { db: Parameters<typeof findConfig>[0] },
  mount: Mount,
): Promise<IssuersConfig> => issuersConfigOf(await findConfig(db, mount.uuid, 'issuers'))

export const loadKeysConfig = async ({ db }: Pick<PkiDeps, 'db'>, mount: Mount): Promise<{ default: string }> => {
  const { default: id } = await findConfig(db, mount.uuid, 'keys')
  return { default: typeof id === 'string' ? id : '' }
}

export const keylessDefaultWarning =
  'This selected default issuer has no key associated with it. Some operations like issuing certificates and signing CRLs will be unavailable with the requested default issuer until a key is imported or the default issuer is changed.'

/** @throws ChanceryError for a reference that means no issuer */
export const writeIssuersConfig = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  request: { default?: string | undefined; default_follows_latest_issuer?: boolean | undefined },
): Promise<{ config: IssuersConfig; keyless: boolean }> => {
  const reference = request.default ?? ''
  if (reference === '' || isDefault(reference)) {
    throw invalidRequest("Invalid issuer specification; must be non-empty and can't be 'default'.")
  }
  const { default_follows_latest_issuer: follows } = request
  return changes.transaction(async (tx, changed) => {
    await lockIssuers(tx, mount.uuid)
    const issuer = await requireIssuer(tx, mount, reference, 'Error resolving issuer reference: ')
    const at = { mount: mount.uuid, namespace: mount.namespace, name: 'issuers' } as const
    const chosen = { default: issuer.id, ...(follows !== undefined && { default_follows_latest_issuer: follows }) }
    const now = changes.now()
    const document = await mergeConfig(tx, at, chosen, now)
    // What `ca` and `crl` show is another thing from now on, to conditional GETs as well.
    await updateIssuer(tx, { mount: mount.uuid, id: issuer.id }, {}, now)
    changed('issuer', mount.uuid)
    return { config: issuersConfigOf(document), keyless: issuer.key_id === null }
  })
}

/** @throws ChanceryError for a reference that means no key */
export const writeKeysConfig = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  request: { default?: string | undefined },
): Promise<{ default: string }> => {
  const reference = request.default ?? ''
  if (reference === '' || isDefault(reference)) {
    throw invalidRequest("Invalid key specification; must be non-empty and can't be 'default'.")
  }
  return changes.transaction(async (tx) => {
    await lockIssuers(tx, mount.uuid)
    // Vault says "issuer" of a key here, too.
    const key = await requireKey(tx, mount, reference, 'Error resolving issuer reference: ')
    const at = { mount: mount.uuid, namespace: mount.namespace, name: 'keys' } as const
    await mergeConfig(tx, at, { default: key.id }, changes.now())
    return { default: key.id }
  })
}
