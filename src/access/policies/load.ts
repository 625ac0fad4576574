/**
 * Policy names → ACL, compiled once for each set of names and kept.
 *
 * An ACL is made of several policies, and of the absence of others (a name that no policy has grants nothing). So a
 * change of any policy drops every ACL: changes are rare, compiling again is cheap, and nothing can be forgotten.
 */
import { ChanceryError } from '../../errors.ts'
import type { Namespace } from '../../route.ts'
import { Cache } from '../../store/cache.ts'
import type { Changes } from '../../store/changes.ts'
import type { Db } from '../../store/database.ts'
import { findPolicies, type PolicyRecord } from '../../store/policies.ts'
import { compileAcl, type Acl } from './acl.ts'
import { normalisePolicyName, rootPolicyName } from './name.ts'
import { parsePolicy, type ParsedPolicy } from './parse.ts'

/** Of the policies by these names in one namespace. @throws invalid request: root beside another policy */
export type LoadAcl = (names: readonly string[], namespace: Namespace) => Promise<Acl>

export interface LoadAclDeps {
  db: Db
  changes: Pick<Changes, 'fresh' | 'subscribe' | 'onReset'>
}

const everything: ParsedPolicy = { paths: [] }

/** A policy was parsed before it was stored. One that no longer can be must not be left out: it may hold a deny. */
const parseStored = ({ name, text }: PolicyRecord): ParsedPolicy => {
  try {
    return parsePolicy(text)
  } catch (cause) {
    throw new ChanceryError('internal', `the stored policy ${JSON.stringify(name)} cannot be parsed`, { cause })
  }
}

export const makeLoadAcl = ({ db, changes }: LoadAclDeps): LoadAcl => {
  const anyPolicy: LoadAclDeps['changes'] = {
    fresh: () => changes.fresh(),
    onReset: (drop) => changes.onReset(drop),
    subscribe: (topic, drop) => changes.subscribe(topic, () => drop([])),
  }
  const cache = new Cache<Acl>(anyPolicy, 'policy', { max: 1_000 })

  const load = async (names: readonly string[], namespace: Namespace): Promise<Acl> => {
    // The root policy has no row, and no row may take its name.
    const records = await findPolicies(
      db,
      namespace.id,
      names.filter((name) => name !== rootPolicyName),
    )
    const named = records.map((record) => ({ name: record.name, namespace, policy: parseStored(record) }))
    if (names.includes(rootPolicyName)) named.push({ name: rootPolicyName, namespace, policy: everything })
    return compileAcl(named)
  }

  return async (given, namespace) => {
    const names = [...new Set(given.map(normalisePolicyName))].sort()
    const key = [namespace.id, ...names]
    return cache.peek(key) ?? (await cache.get(key, () => load(names, namespace))) ?? load(names, namespace)
  }
}
