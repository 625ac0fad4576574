/** ACLs from policy texts, and short questions to ask them. */
import { compileAcl, type Acl } from '../../../src/access/policies/acl.ts'
import { evaluate, type AclRequest } from '../../../src/access/policies/evaluate.ts'
import { parsePolicy } from '../../../src/access/policies/parse.ts'
import { rootNamespace, type Operation } from '../../../src/route.ts'

/** Named `p0`, `p1`, … in the root namespace. */
export const aclOf = (...texts: string[]): Acl =>
  compileAcl(texts.map((text, at) => ({ name: `p${at}`, namespace: rootNamespace, policy: parsePolicy(text) })))

/** `{'a/*': 'read list'}` as a policy. */
export const policyText = (paths: Record<string, string>): string =>
  Object.entries(paths)
    .map(([path, granted]) => `path "${path}" { capabilities = [${quotedWords(granted)}] }`)
    .join('\n')

const quotedWords = (words: string): string =>
  words
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `"${word}"`)
    .join(', ')

export const allows = (
  acl: Acl,
  operation: Operation,
  path: string,
  rest: Partial<Pick<AclRequest, 'data' | 'wrapTtl'>> = {},
): boolean => evaluate(acl, { operation, path, ...rest }).allowed
