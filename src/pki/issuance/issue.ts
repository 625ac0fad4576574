import { invalidRequest } from '../../errors.ts'
import { generateKey, type GeneratedKey } from '../../keys/generate.ts'
import { encodePkcs12 } from '../../keys/pkcs12.ts'
import type { PkiDeps } from '../deps.ts'
import { loadSigningIssuer, type SigningIssuer } from '../issuers/load-issuer.ts'
import type { Mount } from '../../route.ts'
import { loadRole } from '../roles/manage-role.ts'
import type { Role } from '../roles/schema.ts'
import type { Requester } from './certificate-record.ts'
import { certify, type Certified } from './certify.ts'
import { parseIssueFormat, type Format, type IssueFormatRequest } from './format.ts'
import { planKey, type KeyRequest } from './key-rules.ts'
import { planCertificate, type IssuanceRequest } from './plan.ts'
import type { ValidityBounds } from './validity.ts'

export interface Issued extends Certified {
  readonly key: GeneratedKey | undefined
  readonly format: Format
  readonly warnings: readonly string[]
  /** A PKCS#12 file, where one was asked for. */
  readonly pkcs12?: Buffer | undefined
}

/** What `issue` and `sign` are asked for, besides names and dates. */
export interface FormatRequest {
  format?: string | undefined
}

export type IssueDeps = Pick<PkiDeps, 'barrier' | 'certificates' | 'changes' | 'db' | 'issuers' | 'roles'>

/** Under which role, and from which issuer where the path and not the role says it. */
export interface RoleChoice {
  role: string
  issuerRef?: string | undefined
}

/** @throws ChanceryError in Vault's words when there is none */
export const loadNamedRole = async (deps: IssueDeps, mount: Mount, name: string): Promise<Role> => {
  const role = await loadRole(deps, mount, name)
  if (!role) throw invalidRequest(`unknown role: ${name}`)
  return role
}

/** @throws ChanceryError in Vault's words for one that is not there or cannot sign */
export const loadIssuerFor = (deps: IssueDeps, mount: Mount, reference: string): Promise<SigningIssuer> =>
  loadSigningIssuer(deps, mount, reference, 'could not fetch the CA certificate (was one set?): ')

/** The role of that name and the issuer that signs for it. @throws ChanceryError in Vault's words when either is missing */
export const loadRoleAndIssuer = async (
  deps: IssueDeps,
  { mount }: Requester,
  { role: roleName, issuerRef }: RoleChoice,
): Promise<{ role: Role; issuer: SigningIssuer }> => {
  const role = await loadNamedRole(deps, mount, roleName)
  return { role, issuer: await loadIssuerFor(deps, mount, issuerRef ?? role.issuer_ref) }
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
  choice: RoleChoice,
  request: IssuanceRequest & KeyRequest & IssueFormatRequest,
): Promise<Issued> => {
  const { role, issuer } = await loadRoleAndIssuer(deps, requester, choice)
  const roleName = choice.role
  const { format, pkcs12Password } = parseIssueFormat(request)
  const { type, bits, warnings } = planKey(role, request)
  const plan = planCertificate(deps.changes.now(), role, request, undefined, boundsOf(requester, issuer))
  const key = await generateKey(type, bits)
  const certified = await certify(deps, requester, { roleName, role, issuer, plan, publicKey: key, purpose: 'issue' })
  const chain = issuer.chain.map((link) => link.der)
  const contents = { pkcs8: key.pkcs8, certificate: certified.der, chain }
  const pkcs12 = pkcs12Password === undefined ? undefined : await encodePkcs12(contents, pkcs12Password)
  return { ...certified, key, format, pkcs12, warnings: [...plan.warnings, ...warnings] }
}
