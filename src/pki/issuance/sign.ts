import { parseCsr, verifyCsr } from '../../x509/csr.ts'
import type { Requester } from './certificate-record.ts'
import { certify } from './certify.ts'
import { leftOutOf } from './csr-warnings.ts'
import { parseFormat } from './format.ts'
import {
  boundsOf,
  loadRoleAndIssuer,
  type FormatRequest,
  type IssueDeps,
  type Issued,
  type RoleChoice,
} from './issue.ts'
import { refuseUnlessKeyAllowed } from './key-rules.ts'
import { planCertificate, type IssuanceRequest } from './plan.ts'

export type SignRequest = IssuanceRequest & FormatRequest & { csr?: string | undefined }

/**
 * A certificate for the key of a CSR.
 * @throws ChanceryError in Vault's words for a CSR that cannot be read or trusted, and for what the role does not allow
 */
export const sign = async (
  deps: IssueDeps,
  requester: Requester,
  choice: RoleChoice,
  request: SignRequest,
): Promise<Issued> => {
  const { role, issuer } = await loadRoleAndIssuer(deps, requester, choice)
  const format = parseFormat(request.format)
  const csr = parseCsr(request.csr ?? '')
  refuseUnlessKeyAllowed(role, csr.publicKey)
  const plan = planCertificate(deps.changes.now(), role, request, csr, boundsOf(requester, issuer))
  // Last, as in Vault: the costly check comes after all that could refuse without it.
  const { publicKey } = verifyCsr(csr)
  const roleName = choice.role
  const certified = await certify(deps, requester, { roleName, role, issuer, plan, publicKey, purpose: 'sign' })
  return { ...certified, key: undefined, format, warnings: [...plan.warnings, ...leftOutOf(csr, plan, certified)] }
}
