/** Writing and deleting policies: decide, record, tell every replica. */
import { invalidRequest } from '../../errors.ts'
import type { Namespace } from '../../route.ts'
import type { Changes } from '../../store/changes.ts'
import { deletePolicy, upsertPolicy } from '../../store/policies.ts'
import { policyName, refuseDeleteOf, refuseUpdateOf } from './name.ts'
import { parsePolicy } from './parse.ts'

export interface PolicyDeps {
  changes: Pick<Changes, 'transaction' | 'now'>
}

/**
 * Creates or replaces. The text is stored as sent, comments and all.
 * @param request.text HCL or JSON, or the standard base64 of either
 * @returns the name in the form that it was stored in
 * @throws invalid request, in Vault's words: a name that is reserved, a text that is no policy
 */
export const writePolicy = async (
  { changes }: PolicyDeps,
  namespace: Namespace,
  request: { name: string; text: string },
): Promise<string> => {
  const name = policyName(request.name)
  if (request.text === '') throw invalidRequest("'policy' parameter not supplied or empty")
  const text = fromBase64(request.text) ?? request.text
  parsePolicy(text)
  refuseUpdateOf(name)
  await changes.transaction(async (tx, changed) => {
    await upsertPolicy(tx, { namespace: namespace.id, name, text, modified_at: changes.now() })
    changed('policy', namespace.id, name)
  })
  return name
}

/** A policy that is not there is no error. Tokens that name it keep the name, which then grants nothing. */
export const removePolicy = async ({ changes }: PolicyDeps, namespace: Namespace, given: string): Promise<void> => {
  const name = policyName(given)
  refuseDeleteOf(name)
  await changes.transaction(async (tx, changed) => {
    await deletePolicy(tx, namespace.id, name)
    changed('policy', namespace.id, name)
  })
}

/** Vault tries base64 first, whatever the text is. A policy in HCL or JSON has characters that base64 has not. */
const fromBase64 = (text: string): string | undefined => {
  const digits = text.replace(/[\r\n]/g, '')
  if (digits === '' || digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(digits, 'base64'))
  } catch {
    throw invalidRequest('failed to parse policy: text is not valid UTF-8')
  }
}
