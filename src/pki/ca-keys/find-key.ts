/** Which key does a reference mean: `default`, an id, or a name? */
import { invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import type { Db, Tx } from '../../store/database.ts'
import { findDefault } from '../../store/pki-config.ts'
import { findKeyByReference, type KeyRecord } from '../../store/pki-keys.ts'
import { isDefault } from '../default-reference.ts'

export const findKey = async (db: Db | Tx, mount: Mount, reference: string): Promise<KeyRecord | undefined> => {
  const id = isDefault(reference) ? await findDefault(db, mount.uuid, 'keys') : reference
  return id ? findKeyByReference(db, mount.uuid, id) : undefined
}

/** @throws ChanceryError in Vault's words, after `context` */
export const requireKey = async (db: Db | Tx, mount: Mount, reference: string, context = ''): Promise<KeyRecord> => {
  const key = await findKey(db, mount, reference)
  if (key) return key
  const hasDefault = !isDefault(reference) || (await findDefault(db, mount.uuid, 'keys')) !== undefined
  const what = hasDefault ? `unable to find PKI key for reference: ${reference}` : 'no default key currently configured'
  throw invalidRequest(`${context}${what}`)
}
