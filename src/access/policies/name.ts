/** Policy names: one form for all, and the few that are not the operator's to change. */
import { invalidRequest } from '../../errors.ts'

/** Trimmed and lower-cased. Whatever compares a name, with another or with a reserved one, does so after this. */
export const normalisePolicyName = (name: string): string => name.trim().toLowerCase()

export const rootPolicyName = 'root'
export const defaultPolicyName = 'default'
/** Not listed, not assignable and not to be written: it belongs to response wrapping. */
export const responseWrappingPolicyName = 'response-wrapping'

const immutable: readonly string[] = [rootPolicyName, responseWrappingPolicyName]

const maxLength = 255

/**
 * The name that a path holds, in its one form.
 * @throws invalid request: empty, too long, or with characters that no path of a request could hold
 */
export const policyName = (given: string): string => {
  const name = normalisePolicyName(given)
  if (name === '') throw invalidRequest('policy name must be provided in the URL')
  if (name.length > maxLength) throw invalidRequest(`policy name must have at most ${maxLength} characters`)
  if (/[\u0000-\u001f\u007f]/.test(name) || !name.isWellFormed()) {
    throw invalidRequest('policy name contains characters that a name cannot hold')
  }
  return name
}

/** @throws invalid request, in Vault's words. `name` is in its one form. */
export const refuseUpdateOf = (name: string): void => {
  if (immutable.includes(name)) throw invalidRequest(`cannot update "${name}" policy`)
}

/** @throws invalid request, in Vault's words. `name` is in its one form. */
export const refuseDeleteOf = (name: string): void => {
  if (immutable.includes(name)) throw invalidRequest(`cannot delete "${name}" policy`)
  if (name === defaultPolicyName) throw invalidRequest('cannot delete default policy')
}
