/** What an issuer may be used for. */
import { invalidRequest } from '../../errors.ts'
import { issuerUsages } from './issuer-document.ts'

/**
 * The usages that a request names, in the order in which they are read back. Reading is always among them, and a name
 * that stands there twice cancels itself: Vault toggles.
 * @throws ChanceryError in Vault's words for a name that is none
 */
export const usagesNamed = (names: readonly string[]): string[] => {
  const named = new Set(['read-only'])
  for (const name of names) {
    if (!issuerUsages.includes(name)) {
      throw invalidRequest(
        `Unable to parse specified usages: [${names.join(' ')}] - valid values are ${issuerUsages.join(',')}`,
      )
    }
    if (name === 'read-only') continue
    if (!named.delete(name)) named.add(name)
  }
  return issuerUsages.filter((usage) => named.has(usage))
}
