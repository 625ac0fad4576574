import { parseCsr, verifyCsr } from '../../x509/csr.ts'
import type { PkiDeps } from '../deps.ts'
import type { Requester } from './certificate-record.ts'
import { certify } from './certify.ts'
import { parseFormat } from './format.ts'
import { boundsOf, loadRoleAndIssuer, type FormatRequest, type Issued } from './issue.ts'
import { refuseUnlessKeyAllowed } from './key-rules.ts'
import { planCertificate, type IssuanceRequest } from './plan.ts'

/**
 * A certificate for the key of a CSR.
 * @throws ChanceryError in Vault's words for a CSR that cannot be read or trusted, and for what the role does not allow
 */
export const sign = async (
  deps: Pick<PkiDeps, 'barrier' | 'certificates' | 'changes' | 'db' | 'issuers' | 'roles'>,
  requester: Requester,
  roleName: string,
  request: IssuanceRequest & FormatRequest & { csr?: string | undefined },
): Promise<Issued> => {
  const { role, issuer } = await loadRoleAndIssuer(deps, requester, roleName)
  const format = parseFormat(request.format)
  const csr = parseCsr(request.csr ?? '')
  refuseUnlessKeyAllowed(role, csr.publicKey)
  const plan = planCertificate(deps.changes.now(), role, request, csr, boundsOf(requester, issuer))
  // Last, as in Vault: the costly check comes after all that could refuse without it.
  const { publicKey } = verifyCsr(csr)
  const certified = await certify(deps, requester, { roleName, role, issuer, plan, publicKey, purpose: 'sign' })
  return { ...certified, key: undefined, format, warnings: plan.warnings }
}
