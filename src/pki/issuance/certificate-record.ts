/** What the inventory keeps of a certificate, beside its bytes. */
import { hash } from 'node:crypto'
import type { Call } from '../../route.ts'
import type { CertificateRecord } from '../../store/certificates.ts'
import type { PublicKey } from '../../x509/algorithms.ts'
import { generalNameText } from '../../x509/general-names.ts'
import { nameText, parseName } from '../../x509/name.ts'
import type { Plan } from './plan.ts'

/** Who asked, where, and in which request. */
export type Requester = Pick<Call, 'id' | 'mount' | 'caller' | 'path'>

interface Facts {
  readonly der: Buffer
  readonly serial: Buffer
  readonly notBefore: Date
  readonly notAfter: Date
  readonly issuerId: string
  /** `''`: no role was asked. */
  readonly roleName: string
  /** Name, DER. */
  readonly subject: Buffer
  readonly plan: Pick<Plan, 'subject' | 'sans'>
  readonly publicKey: PublicKey
  readonly authorityKeyId: Buffer
  readonly leaseId?: string | undefined
}

export const certificateRecord = (
  { id, mount, caller }: Omit<Requester, 'path'>,
  facts: Facts,
  now: Date,
): CertificateRecord => ({
  mount: mount.uuid,
  namespace: mount.namespace,
  serial: facts.serial,
  issuer: facts.issuerId,
  role: facts.roleName,
  subject: nameText(parseName(facts.subject)),
  common_name: facts.plan.subject.commonName ?? '',
  sans: facts.plan.sans.map(generalNameText),
  not_before: facts.notBefore,
  not_after: facts.notAfter,
  issued_at: now,
  entity_id: caller?.entityId ?? '',
  token_accessor: caller?.accessor ?? '',
  request_id: id,
  key_type: facts.publicKey.type,
  key_bits: facts.publicKey.bits,
  public_key_sha256: hash('sha256', facts.publicKey.spki, 'buffer'),
  authority_key_id: facts.authorityKeyId,
  lease_id: facts.leaseId ?? null,
  lease_expires_at: facts.leaseId === undefined ? null : facts.notAfter,
  der: facts.der,
})
