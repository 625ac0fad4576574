import { ChanceryError } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import type { PkiDeps } from '../deps.ts'
import { findLoadedIssuer } from '../issuers/load-issuer.ts'
import { fetchCrl } from './fetch-crl.ts'

/**
 * The first CRL of issuers that have just found their keys. What they came with is stored already, so trouble is a
 * warning, and the next fetch tries again.
 */
export const publishCrls = async (
  deps: Pick<PkiDeps, 'barrier' | 'changes' | 'db' | 'issuers'>,
  mount: Mount,
  ids: readonly string[],
): Promise<string[]> => {
  const warnings: string[] = []
  for (const id of ids) {
    try {
      const issuer = await findLoadedIssuer(deps, mount, id)
      if (issuer) await fetchCrl(deps, mount, issuer)
    } catch (error) {
      const reason = error instanceof ChanceryError && error.kind !== 'internal' ? error.message : 'internal error'
      warnings.push(
        `rebuilding the CRL failed. While this is indicative of a problem with the imported issuers (perhaps because of their revocation_signature_algorithm), they did import successfully and are now usable. It is strongly suggested to fix the CRL building errors before continuing. The original error is reproduced below:\n\n\t${reason}`,
      )
    }
  }
  return warnings
}
