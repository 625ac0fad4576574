/** All calls, in the order in which they are put. */
import type { Scene } from './call.ts'
import { conditionalGet } from './scenes/conditional-get.ts'
import { configUrls } from './scenes/config-urls.ts'
import { imports } from './scenes/imports.ts'
import { issue } from './scenes/issue.ts'
import { issuerRef } from './scenes/issuer-ref.ts'
import { issuers } from './scenes/issuers.ts'
import { keys } from './scenes/keys.ts'
import { mounts } from './scenes/mounts.ts'
import { names } from './scenes/names.ts'
import { policies } from './scenes/policies.ts'
import { roles } from './scenes/roles.ts'
import { roots } from './scenes/roots.ts'
import { sign } from './scenes/sign.ts'
import { signVerbatim } from './scenes/sign-verbatim.ts'
import { system } from './scenes/system.ts'
import { tenant } from './scenes/tenant.ts'
import { tokens } from './scenes/tokens.ts'

export const scenes: readonly Scene[] = [
  mounts,
  roots,
  roles,
  names,
  issue,
  sign,
  signVerbatim,
  issuerRef,
  configUrls,
  issuers,
  keys,
  imports,
  conditionalGet,
  tenant,
  policies,
  tokens,
  system,
]
