/** The auth method at `auth/token/`. */
import type { Engine } from '../../route.ts'
import { expireTokens } from './expire.ts'
import { tokenRoutes, type TokenRoutesDeps } from './routes.ts'

export const makeTokenEngine = (deps: TokenRoutesDeps): Engine => ({
  type: 'token',
  class: 'auth',
  mountable: false,
  routes: tokenRoutes(deps),
  jobs: [expireTokens(deps)],
})
