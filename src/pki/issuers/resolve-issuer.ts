/** Which issuer does a reference mean: `default`, an id, or a name? */
import { invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import type { Db, Tx } from '../../store/database.ts'
import { findDefault } from '../../store/pki-config.ts'
import { findIssuer, type StoredIssuer } from '../../store/pki-issuers.ts'
import { isDefault } from '../default-reference.ts'

export const findIssuerByReference = async (
  db: Db | Tx,
  mount: Mount,
  reference: string,
): Promise<StoredIssuer | undefined> => {
  const id = isDefault(reference) ? await findDefault(db, mount.uuid, 'issuers') : reference
  return id ? findIssuer(db, mount.uuid, id) : undefined
}

/** What Vault says where there is none. */
export const unresolvedIssuer = (reference: string): string =>
  isDefault(reference)
    ? 'no default issuer currently configured'
    : `unable to find PKI issuer for reference: ${reference}`

/** @throws ChanceryError in Vault's words, after `context` */
export const requireIssuer = async (
  db: Db | Tx,
  mount: Mount,
  reference: string,
  context = '',
): Promise<StoredIssuer> => {
  const issuer = await findIssuerByReference(db, mount, reference)
  if (!issuer) throw invalidRequest(`${context}${unresolvedIssuer(reference)}`)
  return issuer
}
