/** A key comes into the mount: once, and to every certificate that waits for it. */
import { hash } from 'node:crypto'
import type { Mount } from '../../route.ts'
import type { Changed } from '../../store/changes.ts'
import type { Tx } from '../../store/database.ts'
import { setDefaultIfNone } from '../../store/pki-config.ts'
import { listIssuers, updateIssuer } from '../../store/pki-issuers.ts'
import { findKeyByPublicKey, insertKey, type KeyRecord } from '../../store/pki-keys.ts'
import { parseCertificate } from '../../x509/certificate.ts'

export interface StoredKey {
  readonly record: KeyRecord
  /** Was it there already? Then nothing has changed, its name neither. */
  readonly existed: boolean
  /** Ids of the issuers that have found their key. */
  readonly linked: readonly string[]
}

/** The caller holds the mount's issuers locked. The first issuer with a key becomes the default, and so does the first key. */
export const storeKey = async (
  tx: Tx,
  changed: Changed,
  mount: Mount,
  record: KeyRecord,
  now: Date,
): Promise<StoredKey> => {
  const there = await findKeyByPublicKey(tx, mount.uuid, record.public_key_sha256)
  if (there) return { record: there, existed: true, linked: [] }
  const at = { mount: mount.uuid, namespace: mount.namespace }
  await insertKey(tx, record, now)
  await setDefaultIfNone(tx, { ...at, name: 'keys' }, record.id, now)
  const linked: string[] = []
  for (const issuer of await listIssuers(tx, mount.uuid)) {
    if (issuer.key_id !== null) continue
    const { spki } = parseCertificate(Buffer.from(issuer.certificate))
    if (!hash('sha256', spki, 'buffer').equals(record.public_key_sha256)) continue
    await updateIssuer(tx, { mount: mount.uuid, id: issuer.id }, { key_id: record.id }, now)
    await setDefaultIfNone(tx, { ...at, name: 'issuers' }, issuer.id, now)
    changed('issuer', mount.uuid)
    linked.push(issuer.id)
  }
  return { record, existed: false, linked }
}
