/**
 * May a call pass? Pure: an ACL, an operation, a path and the data in, a decision out (core-behaviour 4.5, 4.6).
 *
 * One rule decides, the most specific that matches; it replaces the broader ones, it adds nothing to them.
 */
import type { GrantingPolicy } from '../../audit/entry.ts'
import type { Operation } from '../../route.ts'
import { isOfClass, type Acl, type Rule, type RuleClass, type SegmentNode } from './acl.ts'
import { capabilityNames, denyBit, operationBits, sudoBit } from './capability.ts'
import { longestGlob } from './globs.ts'
import { parametersPass } from './parameters.ts'
import { hasGlob, withoutGlob } from './pattern.ts'

export interface AclRequest {
  readonly operation: Operation
  /** The namespace's path and the path in it, canonical: the same bytes that routing sees. A list's ends in `/`. */
  readonly path: string
  /** The parameters as sent, without what the path captures. */
  readonly data?: Readonly<Record<string, unknown>>
  /** Seconds, where the answer is asked for wrapped. */
  readonly wrapTtl?: number | undefined
}

export interface AclDecision {
  readonly allowed: boolean
  /** Has the caller `sudo` on this path? It is a capability besides the operation's own. */
  readonly sudo: boolean
  /** By the root policy, which asks for nothing else. */
  readonly root: boolean
  /** The policies that gave what the operation needs; none where it is refused. */
  readonly granting: readonly GrantingPolicy[]
}

const noPolicies: readonly GrantingPolicy[] = []
const refusal: AclDecision = { allowed: false, sudo: false, root: false, granting: noPolicies }

export const evaluate = (acl: Acl, request: AclRequest): AclDecision => {
  const path = withoutLeadingSlashes(request.path)
  if (acl.root) return isRootOf(acl, path) ? rootDecision(acl) : refusal
  const rule = select(acl, path, request.operation === 'list')
  if (!rule || rule === 'denied') return refusal
  const sudo = (rule.capabilities & sudoBit) !== 0
  return passes(rule, request)
    ? { allowed: true, sudo, root: false, granting: grantingPolicies(rule, operationBits[request.operation]) }
    : { ...refusal, sudo }
}

/**
 * What `sys/capabilities` answers for a path: the capabilities' names sorted, `["root"]` or `["deny"]`.
 * A trailing slash is looked up as a list would.
 */
export const capabilities = (acl: Acl, given: string): string[] => {
  const path = withoutLeadingSlashes(given)
  if (acl.root) return [isRootOf(acl, path) ? 'root' : 'deny']
  const rule = select(acl, path, true)
  const names = rule && rule !== 'denied' ? capabilityNames(rule.capabilities) : []
  return names.length > 0 ? names : ['deny']
}

/**
 * May its holder do anything at `path` (a mount's, with its trailing slash) or below? For listings of mounts, where
 * a yes too many tells only a name.
 */
export const reaches = (acl: Acl, path: string): boolean => {
  if (capabilities(acl, path)[0] !== 'deny') return true
  return acl.rules.some((rule) => (rule.capabilities & ~denyBit) !== 0 && mayMatchBelow(rule.pattern, path))
}

const withoutLeadingSlashes = (path: string): string => (path.startsWith('/') ? path.replace(/^\/+/, '') : path)

const isRootOf = (acl: Acl, path: string): boolean => acl.root !== undefined && path.startsWith(acl.root.path)

const rootDecision = (acl: Acl): AclDecision => ({
  allowed: true,
  sudo: true,
  root: true,
  granting: acl.root ? [{ name: 'root', namespace: acl.root, type: 'acl' }] : noPolicies,
})

/**
 * The rule that decides, `'denied'` where a deny with an unresolved template might, or `undefined`.
 *
 * A list asks for `a/b/`, while policies speak of `a/b` or of `a/b/*`. Both forms are looked at, so that neither hides
 * a deny that the other one meets (GHSA-xp3c-3jw3-4vcr; before that Vault looked at one form first, OpenBao at the
 * other).
 */
const select = (acl: Acl, path: string, listing: boolean): Rule | 'denied' | undefined => {
  const trimmed = listing && path.endsWith('/') ? path.slice(0, -1) : undefined
  for (const denies of acl.unresolvedDenies) {
    if (denies(path) || (trimmed !== undefined && denies(trimmed))) return 'denied'
  }
  const exact = acl.exact.get(path) ?? (trimmed === undefined ? undefined : acl.exact.get(trimmed))
  if (exact) return exact
  if (trimmed === undefined) return highest(acl, [path.split('/')], 'any')
  const forms = [trimmed.split('/'), path.split('/')]
  // Vault: the most specific rule that grants `list`, unless one more specific denies.
  const deny = highest(acl, forms, 'deny')
  const grant = highest(acl, forms, 'list')
  if (deny && (!grant || deny.rank > grant.rank)) return deny
  return grant ?? highest(acl, forms, 'any')
}

/**
 * The most specific of the rules that match and are of the class: among the longest prefix (which shuts out the shorter
 * ones, whatever it grants) and every rule with `+`.
 * @param forms of one path, each in segments
 */
const highest = (acl: Acl, forms: readonly (readonly string[])[], wanted: RuleClass): Rule | undefined => {
  let best: Rule | undefined
  for (const parts of forms) {
    best = better(best, longestPrefix(acl.prefixes, parts), wanted)
    best = search(acl.segments, parts, 0, wanted, best)
  }
  return best
}

const better = (best: Rule | undefined, rule: Rule | undefined, wanted: RuleClass): Rule | undefined =>
  rule && rule.rank > (best?.rank ?? 0) && isOfClass(rule, wanted) ? rule : best

/** Every node on the way down has longer prefixes than the one before. */
const longestPrefix = (top: SegmentNode, parts: readonly string[]): Rule | undefined => {
  let best: Rule | undefined
  let node: SegmentNode | undefined = top
  for (const part of parts) {
    best = longestGlob(node.globs, part)?.value ?? best
    node = node.children.get(part)
    if (!node) break
  }
  return best
}

/** Looks at a node at most once, since there is one way to it, and only where it can beat what has been found. */
const search = (
  node: SegmentNode,
  parts: readonly string[],
  at: number,
  wanted: RuleClass,
  best: Rule | undefined,
): Rule | undefined => {
  if (node.highest[wanted] <= (best?.rank ?? 0)) return best
  const part = parts[at]
  if (part === undefined) return better(best, node.rule, wanted)
  let found = best
  for (let glob = longestGlob(node.globs, part); glob; glob = glob.shorter) found = better(found, glob.value, wanted)
  const child = node.children.get(part)
  if (child) found = search(child, parts, at + 1, wanted, found)
  if (node.any) found = search(node.any, parts, at + 1, wanted, found)
  return found
}

/** Are operation, wrapping and parameters within the rule? */
const passes = (rule: Rule, request: AclRequest): boolean => {
  // A rule that denies has no other bit.
  if (!(rule.capabilities & operationBits[request.operation])) return false
  const { wrapTtl } = request
  if (rule.maxWrappingTtl > 0 && (wrapTtl === undefined || wrapTtl > rule.maxWrappingTtl)) return false
  // Merged from two policies the minimum may lie above the maximum; then nothing passes both lines.
  if (rule.minWrappingTtl > 0 && (wrapTtl === undefined || wrapTtl < rule.minWrappingTtl)) return false
  if (request.operation === 'list' || request.operation === 'delete') return true
  return parametersPass(rule, request.data ?? {})
}

const grantingPolicies = (rule: Rule, bit: number): readonly GrantingPolicy[] => {
  const granting: GrantingPolicy[] = []
  for (const { capabilities, policy } of rule.grants) {
    // Two blocks of one policy are one after the other.
    if (capabilities & bit && granting.at(-1) !== policy) granting.push(policy)
  }
  return granting
}

/** Could the pattern match something that begins with `path`? */
const mayMatchBelow = (pattern: string, path: string): boolean => {
  const parts = withoutGlob(pattern).split('/')
  const above = path.replace(/\/$/, '').split('/')
  for (const [at, segment] of above.entries()) {
    const part = parts[at]
    if (hasGlob(pattern) && at === parts.length - 1) return segment.startsWith(part ?? '')
    if (part === undefined || (part !== '+' && part !== segment)) return false
  }
  // The mount's own path has a slash behind it: `pki` is not below `pki/`.
  return parts.length > above.length
}
