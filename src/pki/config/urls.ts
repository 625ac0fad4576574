/** `config/urls` and `config/cluster`: what goes into certificates, unless their issuer says otherwise. */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import type { Db, Tx } from '../../store/database.ts'
import { findConfig, mergeConfig, type ConfigName } from '../../store/pki-config.ts'
import { listIssuers } from '../../store/pki-issuers.ts'
import type { PkiDeps } from '../deps.ts'
import { checkAiaUrls, noAia, resolveAia, type AiaConfig, type AiaFacts } from '../issuers/aia.ts'

export interface ClusterConfig {
  /** This mount's API as clients reach it. */
  path: string
  /** The same for AIA, where plain HTTP may do. */
  aia_path: string
}

export const loadUrls = async (db: Db | Tx, mount: Mount): Promise<AiaConfig> => ({
  ...noAia,
  ...(await findConfig(db, mount.uuid, 'urls')),
})

export const loadCluster = async (db: Db | Tx, mount: Mount): Promise<ClusterConfig> => ({
  path: '',
  aia_path: '',
  ...(await findConfig(db, mount.uuid, 'cluster')),
})

export const factsOf = (cluster: ClusterConfig, issuerId: string): AiaFacts => ({
  issuerId,
  clusterPath: cluster.path,
  clusterAiaPath: cluster.aia_path,
})

/** Undefined where all templates can be filled; otherwise what the operator should know now, before issuance fails. */
export const templatingWarning = (config: AiaConfig, facts: AiaFacts): string | undefined => {
  try {
    resolveAia(config, facts)
    return undefined
  } catch (error) {
    if (!(error instanceof ChanceryError)) throw error
    return `issuance may fail: ${error.message}\n\nConsider setting the cluster-local address if it is not already set.`
  }
}

const sent = <T extends object>(request: T): Record<string, unknown> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))

const placeOf = (mount: Mount, name: ConfigName) => ({ mount: mount.uuid, namespace: mount.namespace, name })

type Changes<T> = { [K in keyof T]?: T[K] | undefined }

/** Changes what `request` names. @throws ChanceryError naming the first URL that is none; nothing changes then */
export const writeUrls = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  request: Changes<AiaConfig>,
): Promise<{ urls: AiaConfig; warning: string | undefined }> =>
  changes.transaction(async (tx, changed) => {
    const document = await mergeConfig(tx, placeOf(mount, 'urls'), sent(request), changes.now())
    const urls: AiaConfig = { ...noAia, ...document }
    // A loaded issuer has its AIA extensions ready.
    changed('issuer', mount.uuid)
    if (!urls.enable_templating) {
      checkAiaUrls(urls)
      return { urls, warning: undefined }
    }
    const [first] = await listIssuers(tx, mount.uuid)
    return { urls, warning: first && templatingWarning(urls, factsOf(await loadCluster(tx, mount), first.id)) }
  })

const isUrl = (text: string): boolean => URL.canParse(text) && /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text)

/** Changes what `request` names; there is no way to clear it (Vault's). @throws ChanceryError for what is no URL */
export const writeCluster = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  request: Changes<ClusterConfig>,
): Promise<ClusterConfig> => {
  const { path, aia_path: aiaPath } = request
  if (path !== undefined && !isUrl(path)) throw invalidRequest(`invalid, non-URL path given to cluster: ${path}`)
  if (aiaPath !== undefined && !isUrl(aiaPath)) {
    throw invalidRequest(`invalid, non-URL aia_path given to cluster: ${aiaPath}`)
  }
  return changes.transaction(async (tx, changed) => {
    const document = await mergeConfig(tx, placeOf(mount, 'cluster'), sent(request), changes.now())
    changed('issuer', mount.uuid)
    return { path: '', aia_path: '', ...document }
  })
}
