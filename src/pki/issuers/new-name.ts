/** Names that operators give to issuers and keys. */
import { invalidRequest } from '../../errors.ts'
import { isDefault } from '../default-reference.ts'

/** Vault's grammar of names, so that every name fits into a path. */
const grammar = /^\w(?:[\w.-]*\w)?$/

/**
 * The name trimmed, or `''` when none was sent. Whether it is taken is for the store to say.
 * @throws ChanceryError in Vault's words
 */
export const checkNewName = (kind: 'issuer' | 'key', name: string | undefined): string => {
  if (name === undefined) return ''
  const trimmed = name.trim()
  if (kind === 'issuer' && trimmed === '') throw invalidRequest('expected non-empty issuer name')
  if (isDefault(trimmed)) throw invalidRequest(`reserved keyword 'default' can not be used as ${kind} name`)
  if (!grammar.test(trimmed)) throw invalidRequest(`${kind} name contained invalid characters`)
  return trimmed
}
