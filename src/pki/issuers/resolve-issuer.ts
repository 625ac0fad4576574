/** Which issuer does a reference mean: `default`, an id, or a name? */
import type { Mount } from '../../route.ts'
import type { Db, Tx } from '../../store/database.ts'
import { findDefault } from '../../store/pki-config.ts'
import { findIssuer, type IssuerRecord } from '../../store/pki-issuers.ts'

/** Vault reserves the word in any case. */
export const isDefault = (reference: string): boolean => reference.toLowerCase() === 'default'

export const findIssuerByReference = async (
  db: Db | Tx,
  mount: Mount,
  reference: string,
): Promise<IssuerRecord | undefined> => {
  const id = isDefault(reference) ? await findDefault(db, mount.uuid, 'issuers') : reference
  return id ? findIssuer(db, mount.uuid, id) : undefined
}

/** What Vault says where there is none. */
export const unresolvedIssuer = (reference: string): string =>
  isDefault(reference)
    ? 'no default issuer currently configured'
    : `unable to find PKI issuer for reference: ${reference}`
