/** The PKI engine: gathers the doors of the folders beside it, and makes what they share. */
import type { Engine } from '../route.ts'
import { Cache } from '../store/cache.ts'
import { keyRoutes } from './ca-keys/routes.ts'
import { certificateRoutes } from './certificates/routes.ts'
import { configRoutes } from './config/routes.ts'
import { crlRoutes } from './crl/routes.ts'
import type { PkiDeps } from './deps.ts'
import { issuanceRoutes } from './issuance/routes.ts'
import { issuerRoutes } from './issuers/routes.ts'
import { roleRoutes } from './roles/routes.ts'

export { deletePkiMount as deletePkiData } from '../store/pki-mount.ts'

/** Entries over all mounts; a loaded issuer has a few kilobytes. */
const cachedRoles = 10_000
const cachedIssuers = 2_000

export interface PkiEngine extends Engine {
  /** Drops every private key that was decrypted: the barrier has been sealed. */
  forgetKeys(): void
}

export const makePki = (given: Omit<PkiDeps, 'roles' | 'issuers'>): PkiEngine => {
  const deps: PkiDeps = {
    ...given,
    roles: new Cache(given.changes, 'role', { max: cachedRoles }),
    issuers: new Cache(given.changes, 'issuer', { max: cachedIssuers }),
  }
  return {
    type: 'pki',
    class: 'secret',
    mountable: true,
    routes: [
      ...issuanceRoutes(deps),
      ...roleRoutes(deps),
      ...configRoutes(deps),
      ...issuerRoutes(deps),
      ...keyRoutes(deps),
      // `cert/crl` before `cert/:serial`: the first pattern that fits wins.
      ...crlRoutes(deps),
      ...certificateRoutes(deps),
    ],
    jobs: [],
    forgetKeys: () => deps.issuers.clear(),
  }
}
