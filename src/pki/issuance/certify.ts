/** From a plan to a certificate that is signed and recorded. */
import { invalidRequest } from '../../errors.ts'
import type { PublicKey } from '../../x509/algorithms.ts'
import { assemble, toBeSigned } from '../../x509/certificate.ts'
import type { ParsedExtension } from '../../x509/extension-reader.ts'
import {
  extension,
  inOrder,
  subjectAltName,
  subjectKeyIdentifier,
  without,
  type CertificateExtensions,
} from '../../x509/extensions.ts'
import { keyIdentifier } from '../../x509/key-identifier.ts'
import { encodeName, isEmptyName } from '../../x509/name.ts'
import { extensionOids } from '../../x509/oids.ts'
import { randomSerial } from '../../x509/serial.ts'
import type { PkiDeps } from '../deps.ts'
import type { SigningIssuer } from '../issuers/load-issuer.ts'
import type { Role } from '../roles/schema.ts'
import { certificateRecord, type Requester } from './certificate-record.ts'
import { newLeaseId } from './lease.ts'
import { refuseUnlessClean, refuseUnlessCsrClean } from './lint-leaf.ts'
import { mouldOf, type Purpose } from './mould.ts'
import type { Plan } from './plan.ts'

export interface Certified {
  readonly der: Buffer
  readonly serial: Buffer
  readonly notBefore: Date
  readonly notAfter: Date
  readonly issuer: SigningIssuer
  /** Name, DER. */
  readonly subject: Buffer
  /** Whole Extensions, DER. */
  readonly extensions: readonly Buffer[]
  readonly leaseId: string | undefined
}

/** What `sign-verbatim` takes from the CSR as it is. */
export interface Verbatim {
  /** Name, DER. */
  readonly subject: Buffer
  /** In place of what we would say of the same. */
  readonly extensions: readonly ParsedExtension[]
}

interface Order {
  readonly roleName: string
  readonly role: Role
  readonly issuer: SigningIssuer
  readonly plan: Plan
  readonly publicKey: PublicKey
  readonly purpose: Purpose
  readonly verbatim?: Verbatim
}

/** RFC 5280 4.2.1.6: alternative names are critical where there is no other name. */
const copied = ({ oid, value, der }: ParsedExtension, subject: Buffer): Buffer =>
  oid === extensionOids.subjectAltName && isEmptyName(subject) ? extension(oid, true, value) : der

const extensionsOf = (
  { plan, verbatim }: Order,
  mould: CertificateExtensions,
  subject: Buffer,
  subjectKeyId: Buffer,
): Buffer[] => {
  const ours: CertificateExtensions = {
    ...mould,
    subjectKeyIdentifier: subjectKeyIdentifier(subjectKeyId),
    subjectAltName: plan.sans.length > 0 ? subjectAltName(plan.sans, isEmptyName(subject)) : undefined,
  }
  if (!verbatim) return inOrder(ours)
  const { extensions } = verbatim
  return [
    ...inOrder(without(ours, new Set(extensions.map(({ oid }) => oid)))),
    ...extensions.map((found) => copied(found, subject)),
  ]
}

/** Signs what `order` says; unless its role stores nothing, resolves only when the certificate is on record. */
export const certify = async (
  { certificates, changes }: Pick<PkiDeps, 'certificates' | 'changes'>,
  requester: Requester,
  order: Order,
): Promise<Certified> => {
  const { role, issuer, plan, publicKey } = order
  const mould = mouldOf(issuer, role, order.purpose)
  const algorithm = mould.signature
  const serial = randomSerial()
  const subject = order.verbatim?.subject ?? encodeName(plan.subject)
  if (isEmptyName(subject) && plan.sans.length === 0) {
    throw invalidRequest('a certificate needs a subject or Subject Alternative Names')
  }
  const subjectKeyId = keyIdentifier(publicKey.spki)
  const extensions = extensionsOf(order, mould.extensions, subject, subjectKeyId)
  const bytes = toBeSigned({
    serial,
    signature: algorithm,
    issuer: issuer.subject,
    notBefore: plan.notBefore,
    notAfter: plan.notAfter,
    subject,
    spki: publicKey.spki,
    extensions,
  })
  const der = assemble(bytes, algorithm, await issuer.signer.sign(bytes, algorithm))
  const context = { issuerKeyId: issuer.keyIdentifier, isCa: false }
  if (order.verbatim) refuseUnlessCsrClean(der, context)
  else refuseUnlessClean(der, mould, { ...context, subjectKeyId })
  const certified: Certified = {
    der,
    serial,
    notBefore: plan.notBefore,
    notAfter: plan.notAfter,
    issuer,
    subject,
    extensions,
    leaseId: role.generate_lease ? newLeaseId(requester) : undefined,
  }
  // Record before reply. If we stop after this line the certificate is on record and its key is lost with the answer:
  // nobody can use it, and it can be revoked.
  if (!role.no_store)
    await certificates.add(
      certificateRecord(
        requester,
        {
          ...certified,
          roleName: order.roleName,
          issuerId: issuer.id,
          plan,
          publicKey,
          authorityKeyId: issuer.keyIdentifier,
        },
        changes.now(),
      ),
    )
  return certified
}
