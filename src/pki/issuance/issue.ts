import { invalidRequest } from '../../errors.ts'
import { generateKey, type GeneratedKey } from '../../keys/generate.ts'
import type { PkiDeps } from '../deps.ts'
import { loadSigningIssuer, type SigningIssuer } from '../issuers/load-issuer.ts'
import { loadRole } from '../roles/manage-role.ts'
import type { Role } from '../roles/schema.ts'
import type { Requester } from './certificate-record.ts'
import { certify, type Certified } from './certify.ts'
import { parseFormat, type Format } from './format.ts'
import { planKey, type KeyRequest } from './key-rules.ts'
import { planCertificate, type IssuanceRequest } from './plan.ts'
import type { ValidityBounds } from './validity.ts'

export interface Issued extends Certified {
  readonly key: GeneratedKey | undefined
  readonly format: Format
  readonly warnings: readonly string[]
}

/** What `issue` and `sign` are asked for, besides names and dates. */
export interface FormatRequest {
  format?: string | undefined
}

type IssueDeps = Pick<PkiDeps, 'barrier' | 'certificates' | 'changes' | 'db' | 'issuers' | 'roles'>

/** The role of that name and the issuer that signs for it. @throws ChanceryError in Vault's words when either is missing */
export const loadRoleAndIssuer = async (
  deps: IssueDeps,
  { mount }: Requester,
  roleName: string,
): Promise<{ role: Role; issuer: SigningIssuer }> => {
  const role = await loadRole(deps, mount, roleName)
  if (!role) throw invalidRequest(`unknown role: ${roleName}`)
  const context = 'could not fetch the CA certificate (was one set?): '
  return { role, issuer: await loadSigningIssuer(deps, mount, role.issuer_ref, context) }
}

export const boundsOf = ({ mount }: Requester, issuer: SigningIssuer): ValidityBounds => ({
  defaultLeaseTtl: mount.defaultLeaseTtl,
  maxLeaseTtl: mount.maxLeaseTtl,
  issuer,
})

/**
 * A certificate and the key for it, which is kept nowhere.
 * @throws ChanceryError in Vault's words for what the role does not allow
 */
export const issue = async (
  deps: IssueDeps,
  requester: Requester,
  roleName: string,
  request: IssuanceRequest & KeyRequest & FormatRequest,
): Promise<Issued> => {
  const { role, issuer } = await loadRoleAndIssuer(deps, requester, roleName)
  const format = parseFormat(request.format)
  const { type, bits, warnings } = planKey(role, request)
  const plan = planCertificate(deps.changes.now(), role, request, undefined, boundsOf(requester, issuer))
  const key = await generateKey(type, bits)
  const certified = await certify(deps, requester, { roleName, role, issuer, plan, publicKey: key, purpose: 'issue' })
  return { ...certified, key, format, warnings: [...plan.warnings, ...warnings] }
}
