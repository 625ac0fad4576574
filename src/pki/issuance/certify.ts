/** From a plan to a certificate that is signed and recorded. */
import type { PublicKey } from '../../x509/algorithms.ts'
import { assemble, toBeSigned } from '../../x509/certificate.ts'
import { inOrder, subjectAltName, subjectKeyIdentifier } from '../../x509/extensions.ts'
import { keyIdentifier } from '../../x509/key-identifier.ts'
import { encodeName, isEmptyName } from '../../x509/name.ts'
import { randomSerial } from '../../x509/serial.ts'
import type { PkiDeps } from '../deps.ts'
import type { SigningIssuer } from '../issuers/load-issuer.ts'
import type { Role } from '../roles/schema.ts'
import { certificateRecord, type Requester } from './certificate-record.ts'
import { mouldOf, type Purpose } from './mould.ts'
import type { Plan } from './plan.ts'

export interface Certified {
  readonly der: Buffer
  readonly serial: Buffer
  readonly notBefore: Date
  readonly notAfter: Date
  readonly issuer: SigningIssuer
}

interface Order {
  readonly roleName: string
  readonly role: Role
  readonly issuer: SigningIssuer
  readonly plan: Plan
  readonly publicKey: PublicKey
  readonly purpose: Purpose
}

/** Signs what `order` says; unless its role stores nothing, resolves only when the certificate is on record. */
export const certify = async (
  { certificates, changes }: Pick<PkiDeps, 'certificates' | 'changes'>,
  requester: Requester,
  order: Order,
): Promise<Certified> => {
  const { role, issuer, plan, publicKey } = order
  const { signature: algorithm, extensions } = mouldOf(issuer, role, order.purpose)
  const serial = randomSerial()
  const subject = encodeName(plan.subject)
  const bytes = toBeSigned({
    serial,
    signature: algorithm,
    issuer: issuer.subject,
    notBefore: plan.notBefore,
    notAfter: plan.notAfter,
    subject,
    spki: publicKey.spki,
    extensions: inOrder({
      ...extensions,
      subjectKeyIdentifier: subjectKeyIdentifier(keyIdentifier(publicKey.spki)),
      subjectAltName: plan.sans.length > 0 ? subjectAltName(plan.sans, isEmptyName(subject)) : undefined,
    }),
  })
  const der = assemble(bytes, algorithm, await issuer.signer.sign(bytes, algorithm))
  const certified: Certified = { der, serial, notBefore: plan.notBefore, notAfter: plan.notAfter, issuer }
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
          subject,
          plan,
          publicKey,
          authorityKeyId: issuer.keyIdentifier,
        },
        changes.now(),
      ),
    )
  return certified
}
