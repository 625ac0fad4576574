/**
 * `sign-verbatim`: subject and extensions are the CSR's own, byte for byte, and no role restrains them. Two things are
 * never taken: being a CA, and the authority's key identifier, which only we can know.
 */
import { invalidRequest } from '../../errors.ts'
import { parseCsr, verifyCsr, type ParsedCsr } from '../../x509/csr.ts'
import type { GeneralName } from '../../x509/general-names.ts'
import { extensionOids } from '../../x509/oids.ts'
import { roleDefaults } from '../roles/role.ts'
import type { Role } from '../roles/schema.ts'
import type { Requester } from './certificate-record.ts'
import { certify, type Verbatim } from './certify.ts'
import { leftOutOf } from './csr-warnings.ts'
import { parseFormat } from './format.ts'
import { boundsOf, loadIssuerFor, loadNamedRole, type IssueDeps, type Issued } from './issue.ts'
import { refuseUnlessKeyAllowed } from './key-rules.ts'
import { planCertificate } from './plan.ts'
import type { SignRequest } from './sign.ts'
import { anyName } from './unrestricted.ts'

export interface VerbatimRequest extends SignRequest {
  issuer_ref?: string | undefined
  key_usage?: string[] | undefined
  ext_key_usage?: string[] | undefined
  ext_key_usage_oids?: string[] | undefined
  signature_bits?: number | undefined
  use_pss?: boolean | undefined
  basic_constraints_valid_for_non_ca?: boolean | undefined
}

/** What the path says, each where it says it. */
export interface VerbatimChoice {
  role?: string | undefined
  issuerRef?: string | undefined
}

/** Of the named role only how long and how; the request says what the CSR leaves open. */
const verbatimRole = (named: Role | undefined, request: VerbatimRequest): Role => ({
  ...roleDefaults,
  ...anyName,
  key_type: 'any',
  server_flag: false,
  client_flag: false,
  key_usage: request.key_usage ?? roleDefaults.key_usage,
  ext_key_usage: request.ext_key_usage ?? [],
  ext_key_usage_oids: request.ext_key_usage_oids ?? [],
  signature_bits: request.signature_bits ?? 0,
  use_pss: request.use_pss ?? false,
  basic_constraints_valid_for_non_ca:
    request.basic_constraints_valid_for_non_ca ?? named?.basic_constraints_valid_for_non_ca ?? false,
  ...(named && {
    ttl: named.ttl,
    max_ttl: named.max_ttl,
    generate_lease: named.generate_lease,
    no_store: named.no_store,
    no_store_metadata: named.no_store_metadata,
    not_before_duration: named.not_before_duration || roleDefaults.not_before_duration,
    issuer_ref: named.issuer_ref,
  }),
})

const neverCopied: readonly string[] = [extensionOids.basicConstraints, extensionOids.authorityKeyIdentifier]

/** Names that the request adds make an extension of their own, with the CSR's names in it. */
const verbatimOf = (csr: ParsedCsr, addsNames: boolean): Verbatim => ({
  subject: csr.subject,
  extensions: csr.extensions.filter(
    ({ oid }) => !neverCopied.includes(oid) && !(addsNames && oid === extensionOids.subjectAltName),
  ),
})

/** Kinds that a plan knows nothing of. */
const isUnplanned = ({ kind }: GeneralName): boolean => kind === 'directory' || kind === 'unknown'

/** @throws ChanceryError in Vault's words for a CSR that cannot be read or trusted, or wants to be a CA */
export const signVerbatim = async (
  deps: IssueDeps,
  requester: Requester,
  choice: VerbatimChoice,
  request: VerbatimRequest,
): Promise<Issued> => {
  const { mount } = requester
  const named = choice.role === undefined ? undefined : await loadNamedRole(deps, mount, choice.role)
  // The body has a say only where neither the path nor a role has: Vault looks for `sign-verbatim/` with its slash.
  const issuer = await loadIssuerFor(
    deps,
    mount,
    choice.issuerRef ?? (named ? named.issuer_ref : request.issuer_ref || 'default'),
  )
  const format = parseFormat(request.format)
  const role = verbatimRole(named, request)
  const csr = parseCsr(request.csr ?? '')
  refuseUnlessKeyAllowed(role, csr.publicKey)
  if (csr.asksForCa) throw invalidRequest('specified CSR asks for a CA certificate, which sign-verbatim does not sign')
  const addsNames = (request.other_sans ?? []).length > 0
  const names = { ...request, exclude_cn_from_sans: true, user_ids: undefined, serial_number: undefined }
  const planned = planCertificate(deps.changes.now(), role, names, csr, boundsOf(requester, issuer))
  const plan = { ...planned, sans: addsNames ? [...planned.sans, ...csr.sans.filter(isUnplanned)] : csr.sans }
  const { publicKey } = verifyCsr(csr)
  const certified = await certify(deps, requester, {
    roleName: choice.role ?? '',
    role,
    issuer,
    plan,
    publicKey,
    purpose: 'sign',
    verbatim: verbatimOf(csr, addsNames),
  })
  return { ...certified, key: undefined, format, warnings: [...plan.warnings, ...leftOutOf(csr, plan, certified)] }
}
