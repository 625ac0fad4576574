/** Caller, operation, path → may it? The one place that asks the policies. */
import type { GrantingPolicy } from '../audit/entry.ts'
import type { Caller, Namespace, Operation } from '../route.ts'
import { evaluate } from './policies/evaluate.ts'
import type { LoadAcl } from './policies/load.ts'
import { normalisePolicyName } from './policies/name.ts'

export interface AuthorizeRequest {
  caller: Pick<Caller, 'policies'>
  namespace: Namespace
  operation: Operation
  /** Below the namespace, canonical: the same bytes that routing sees. */
  path: string
  /** The parameters as sent: policies may allow or deny some of them. */
  data: Readonly<Record<string, unknown>>
  /** Does the row ask for `sudo` besides the operation's own capability? */
  sudoPath: boolean
}

export interface Decision {
  allowed: boolean
  /** Has the caller `sudo` on this path? */
  sudo: boolean
  granting: readonly GrantingPolicy[]
}

export type Authorize = (request: AuthorizeRequest) => Promise<Decision>

/**
 * What has one name must have one path for the rules: a deny on `sys/policies/acl/admin` holds for `Admin`, which is
 * the same policy, and one on `sys/mounts/pki` for `sys/mounts/pki/` (GHSA-fg5x-7whg-6c28).
 */
const canonical = (path: string): string => {
  const [, folder = '', name] = /^(sys\/(?:policies\/acl|policy)\/)(.+)$/s.exec(path) ?? []
  if (name !== undefined) return folder + normalisePolicyName(name)
  return /^sys\/(?:mounts|auth|audit|audit-hash)\/./.test(path) ? path.replace(/\/$/, '') : path
}

export const makeAuthorize =
  (loadAcl: LoadAcl): Authorize =>
  async ({ caller, namespace, operation, path, data, sudoPath }) => {
    const acl = await loadAcl(caller.policies, namespace)
    const { allowed, sudo, root, granting } = evaluate(acl, { operation, path: namespace.path + canonical(path), data })
    const hasSudo = sudo || root
    return allowed && (!sudoPath || hasSudo)
      ? { allowed: true, sudo: hasSudo, granting }
      : { allowed: false, sudo: hasSudo, granting: [] }
  }
