/** The current CRL of an issuer. */
import type { Mount } from '../../route.ts'
import { findCrl, insertCrl, replaceCrl, type CrlRecord } from '../../store/pki-crls.ts'
import type { PkiDeps } from '../deps.ts'
import { hasKey, type KeyedIssuer, type LoadedIssuer } from '../issuers/load-issuer.ts'
import { buildCrl } from './build-crl.ts'

const maySignCrls = (issuer: LoadedIssuer): issuer is KeyedIssuer =>
  hasKey(issuer) && issuer.usage.includes('crl-signing')

/**
 * The issuer's CRL, made anew when there is none yet or the stored one is past its nextUpdate. An issuer that may not
 * sign CRLs keeps the last one; `undefined` when it never had any.
 */
export const fetchCrl = async (
  { db, changes }: Pick<PkiDeps, 'db' | 'changes'>,
  mount: Mount,
  issuer: LoadedIssuer,
): Promise<CrlRecord | undefined> => {
  const stored = await findCrl(db, mount.uuid, issuer.id, 'complete')
  const now = changes.now()
  if ((stored && now < stored.next_update) || !maySignCrls(issuer)) return stored
  const next = await buildCrl(mount.uuid, issuer, (stored?.number ?? 0) + 1, now)
  const published = await changes.transaction((tx) =>
    stored ? replaceCrl(tx, next, stored.number) : insertCrl(tx, next),
  )
  // Whoever was quicker has published this number, so ours must not be seen by anybody.
  return published ? next : findCrl(db, mount.uuid, issuer.id, 'complete')
}
