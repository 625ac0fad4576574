import type { Mount } from '../../route.ts'
import { findCrl, replaceCrl } from '../../store/pki-crls.ts'
import type { PkiDeps } from '../deps.ts'
import { canSign, type LoadedIssuer } from '../issuers/load-issuer.ts'
import { buildCrl } from './build-crl.ts'

/** The issuer's CRL, DER, made anew when the stored one is past its nextUpdate; `undefined` when it never had one. */
export const fetchCrl = async (
  { db, changes }: Pick<PkiDeps, 'db' | 'changes'>,
  mount: Mount,
  issuer: LoadedIssuer,
): Promise<Uint8Array | undefined> => {
  const stored = await findCrl(db, mount.uuid, issuer.id, 'complete')
  const now = changes.now()
  if (!stored || now < stored.next_update || !canSign(issuer)) return stored?.der
  const next = await buildCrl(mount.uuid, issuer, stored.number + 1, now)
  const published = await changes.transaction((tx) => replaceCrl(tx, next, stored.number))
  // Whoever was quicker has published this number, so ours must not be seen by anybody.
  return published ? next.der : (await findCrl(db, mount.uuid, issuer.id, 'complete'))?.der
}
