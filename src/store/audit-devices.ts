import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

export interface AuditDeviceRecord {
  readonly namespace: string
  /** Ends in `/`. */
  readonly path: string
  readonly type: string
  readonly description: string
  readonly options: Readonly<Record<string, string>>
  readonly local: boolean
  readonly accessor: string
  /** Encrypted at the place `audit_devices`, `hmac_key`, namespace, path. */
  readonly hmac_key: Uint8Array
}

const columns = ['namespace', 'path', 'type', 'description', 'options', 'local', 'accessor', 'hmac_key'] as const

/** Every device of a namespace, by path: the primary key is (namespace, path). */
export const listAuditDevices = (db: Db | Tx, namespace: string): Promise<AuditDeviceRecord[]> =>
  db.selectFrom('audit_devices').select(columns).where('namespace', '=', namespace).orderBy('path').execute()

/** A device's path may not begin with another's, which no unique key can say: whoever adds one takes this lock first. */
export const lockAuditDevices = async (tx: Tx): Promise<void> => {
  await sql`lock table audit_devices in share row exclusive mode`.execute(tx)
}

export const insertAuditDevice = async (tx: Tx, device: AuditDeviceRecord, now: Date): Promise<void> => {
  await tx
    .insertInto('audit_devices')
    .values({ ...device, options: JSON.stringify(device.options), created_at: now })
    .execute()
}

/** A device that is not there is no error. */
export const deleteAuditDevice = async (tx: Tx, namespace: string, path: string): Promise<void> => {
  await tx.deleteFrom('audit_devices').where('namespace', '=', namespace).where('path', '=', path).execute()
}
