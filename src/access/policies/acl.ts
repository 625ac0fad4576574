/**
 * The policies of a token, compiled: rules of the same pattern merged (core-behaviour 4.4), and an index that finds the
 * ones matching a path without looking at the others.
 *
 * A rule's rank says which of several matching rules is the more specific. Between exact rules it says nothing.
 */
import type { GrantingPolicy } from '../../audit/entry.ts'
import { invalidRequest } from '../../errors.ts'
import type { Namespace } from '../../route.ts'
import { denyBit, operationBits } from './capability.ts'
import { sortGlobs, type Globs } from './globs.ts'
import { rootPolicyName } from './name.ts'
import { mergeValues, type Parameters, type PolicyValue } from './block.ts'
import type { ParsedPolicy, PathRule } from './parse.ts'
import { compareSpecificity, hasGlob, patternKind, specificityOf, unresolvedMatcher, withoutGlob } from './pattern.ts'

export interface Rule {
  /** With the namespace's path before it. */
  readonly pattern: string
  readonly rank: number
  readonly capabilities: number
  readonly minWrappingTtl: number
  readonly maxWrappingTtl: number
  readonly allowedParameters: Parameters
  readonly deniedParameters: Parameters
  readonly requiredParameters: ReadonlySet<string>
  /** Which policy gave which bits. */
  readonly grants: readonly Grant[]
}

export interface Grant {
  readonly capabilities: number
  readonly policy: GrantingPolicy
}

/** What a search may look for: any rule, one that denies, or one that grants `list`. */
export type RuleClass = 'any' | 'deny' | 'list'

export const isOfClass = (rule: Rule, wanted: RuleClass): boolean =>
  wanted === 'any' || (rule.capabilities & (wanted === 'deny' ? denyBit : operationBits.list)) !== 0

/** A tree of path segments. */
export interface SegmentNode {
  readonly children: Map<string, SegmentNode>
  /** The child under `+`. */
  any: SegmentNode | undefined
  /** For a path that ends here. */
  rule: Rule | undefined
  /** For a path whose next segment begins with one of these, whatever follows. */
  globs: Globs<Rule>
  /** The highest rank here and below: a search need not look into what cannot win. */
  readonly highest: Record<RuleClass, number>
}

export interface Acl {
  /** The namespace that its holder is root of. Then there are no rules. */
  readonly root: Namespace | undefined
  readonly exact: ReadonlyMap<string, Rule>
  readonly prefixes: SegmentNode
  readonly segments: SegmentNode
  /** Denies whose template cannot be resolved: they deny every path that some value of it would. */
  readonly unresolvedDenies: readonly ((path: string) => boolean)[]
  readonly rules: readonly Rule[]
}

export interface NamedPolicy {
  /** In its one form (`name.ts`). */
  readonly name: string
  readonly namespace: Namespace
  readonly policy: ParsedPolicy
}

/**
 * The order of the policies makes no difference to what the result allows.
 * @throws invalid request: root beside another policy
 */
export const compileAcl = (policies: readonly NamedPolicy[]): Acl => {
  const root = policies.find((each) => each.name === rootPolicyName)
  if (root && policies.length > 1) throw invalidRequest('other policies present along with root')

  const drafts = new Map<string, Draft>()
  const unresolvedDenies: ((path: string) => boolean)[] = []
  for (const { name, namespace, policy } of policies) {
    const granting: GrantingPolicy = { name, namespace, type: 'acl' }
    for (const path of policy.paths) {
      if (path.templated) {
        // Nothing resolves templates yet. A grant to nobody in particular is none; a deny must not vanish with its
        // value (GHSA-hr5j-3j78-4vh2).
        if (path.capabilities & denyBit) unresolvedDenies.push(unresolvedMatcher(namespace.path, path.pattern))
        continue
      }
      const pattern = namespace.path + path.pattern
      const draft = drafts.get(pattern)
      if (draft) merge(draft, path, granting)
      else drafts.set(pattern, newDraft(pattern, path, granting))
    }
  }

  const exact = new Map<string, Rule>()
  const prefixes: Rule[] = []
  const segments: Rule[] = []
  const byKind = {
    exact: (rule: Rule) => exact.set(rule.pattern, rule),
    prefix: (rule: Rule) => prefixes.push(rule),
    segments: (rule: Rule) => segments.push(rule),
  }
  const sorted = [...drafts.values()]
    .map((draft) => ({ draft, specificity: specificityOf(draft.pattern) }))
    .sort((a, b) => compareSpecificity(a.specificity, b.specificity))
    .map(({ draft }) => draft)
  sorted.forEach((draft, at) => {
    draft.rank = at + 1
    byKind[patternKind(draft.pattern)](draft)
  })
  return {
    root: root?.namespace,
    exact,
    prefixes: segmentTree(prefixes),
    segments: segmentTree(segments),
    unresolvedDenies,
    rules: sorted,
  }
}

interface Draft extends Rule {
  rank: number
  capabilities: number
  minWrappingTtl: number
  maxWrappingTtl: number
  readonly allowedParameters: Map<string, PolicyValue[]>
  readonly deniedParameters: Map<string, PolicyValue[]>
  readonly requiredParameters: Set<string>
  readonly grants: Grant[]
}

const newDraft = (pattern: string, path: PathRule, policy: GrantingPolicy): Draft => {
  const draft: Draft = {
    pattern,
    rank: 0,
    capabilities: 0,
    minWrappingTtl: 0,
    maxWrappingTtl: 0,
    allowedParameters: new Map(),
    deniedParameters: new Map(),
    requiredParameters: new Set(),
    grants: [],
  }
  merge(draft, path, policy)
  return draft
}

const merge = (draft: Draft, path: PathRule, policy: GrantingPolicy): void => {
  if ((draft.capabilities | path.capabilities) & denyBit) {
    draft.capabilities = denyBit
    return
  }
  draft.capabilities |= path.capabilities
  draft.minWrappingTtl = lesser(draft.minWrappingTtl, path.minWrappingTtl)
  draft.maxWrappingTtl = lesser(draft.maxWrappingTtl, path.maxWrappingTtl)
  for (const [name, values] of path.allowedParameters) mergeValues(draft.allowedParameters, name, values)
  for (const [name, values] of path.deniedParameters) mergeValues(draft.deniedParameters, name, values)
  for (const name of path.requiredParameters) draft.requiredParameters.add(name)
  draft.grants.push({ capabilities: path.capabilities, policy })
}

/** The lesser of two limits, where 0 is none. */
const lesser = (a: number, b: number): number => (a === 0 || b === 0 ? a + b : Math.min(a, b))

const newNode = (): SegmentNode => ({
  children: new Map(),
  any: undefined,
  rule: undefined,
  globs: [],
  highest: { any: 0, deny: 0, list: 0 },
})

const childOf = (node: SegmentNode, part: string): SegmentNode => {
  const present = part === '+' ? node.any : node.children.get(part)
  if (present) return present
  const child = newNode()
  if (part === '+') node.any = child
  else node.children.set(part, child)
  return child
}

const noteRank = (node: SegmentNode, rule: Rule): void => {
  for (const wanted of ['any', 'deny', 'list'] as const) {
    if (isOfClass(rule, wanted)) node.highest[wanted] = Math.max(node.highest[wanted], rule.rank)
  }
}

const segmentTree = (rules: readonly Rule[]): SegmentNode => {
  const top = newNode()
  const globs = new Map<SegmentNode, Map<string, Rule>>()
  for (const rule of rules) {
    const parts = withoutGlob(rule.pattern).split('/')
    const glob = hasGlob(rule.pattern) ? parts.pop() : undefined
    let node = top
    noteRank(node, rule)
    for (const part of parts) {
      node = childOf(node, part)
      noteRank(node, rule)
    }
    if (glob === undefined) node.rule = rule
    else globs.set(node, (globs.get(node) ?? new Map<string, Rule>()).set(glob, rule))
  }
  for (const [node, texts] of globs) node.globs = sortGlobs(texts)
  return top
}
