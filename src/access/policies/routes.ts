/** `sys/policies/acl` and its older form `sys/policy`. */
import { rootNamespace, route, type Call, type DataReply, type Route } from '../../route.ts'
import type { Db } from '../../store/database.ts'
import { findPolicy, listPolicyNames } from '../../store/policies.ts'
import { removePolicy, writePolicy, type PolicyDeps } from './manage.ts'
import { policyName, responseWrappingPolicyName, rootPolicyName } from './name.ts'
import {
  legacyPolicyFields,
  legacyPolicyListReply,
  legacyPolicyReply,
  nameField,
  policyFields,
  policyListReply,
  policyReply,
} from './schema.ts'

export interface PolicyRoutesDeps extends PolicyDeps {
  db: Db
}

export const policyRoutes = (deps: PolicyRoutesDeps): Route[] => {
  const list = async (call: Call): Promise<string[]> => {
    const names = await listPolicyNames(deps.db, call.namespace.id)
    const root = call.namespace.id === rootNamespace.id ? [rootPolicyName] : []
    return [...names.filter((name) => name !== responseWrappingPolicyName), ...root]
  }

  const find = async (call: Call, given: string): Promise<{ name: string; text: string } | undefined> => {
    const name = policyName(given)
    return name === rootPolicyName ? { name, text: '' } : findPolicy(deps.db, call.namespace.id, name)
  }

  const write = (call: Call, name: string, text: string): Promise<string> =>
    writePolicy(deps, call.namespace, { name, text })

  /** 204, unless there is a warning to answer with. */
  const written = (call: Call, warnings: readonly (string | false)[]): DataReply | undefined => {
    const given = warnings.filter((warning) => warning !== false)
    given.forEach((warning) => call.warn(warning))
    return given.length > 0 ? { data: null } : undefined
  }

  const converted = (given: string, stored: string): string | false =>
    stored !== given && `policy name was converted to ${stored}`

  const remove = async (call: Call, name: string): Promise<undefined> => {
    await removePolicy(deps, call.namespace, name)
  }

  const legacyList = async (call: Call): Promise<DataReply> => {
    const keys = await list(call)
    return { data: { keys, policies: keys } }
  }

  return [
    route({
      verb: 'list',
      path: 'policies/acl',
      help: 'List the policies.',
      fields: {},
      reply: policyListReply,
      run: async (call) => ({ data: { keys: await list(call) } }),
    }),
    route({
      verb: 'read',
      path: 'policies/acl/:name*',
      help: 'Read a policy.',
      fields: nameField,
      reply: policyReply,
      run: async (call) => {
        const found = await find(call, call.input.name)
        return found && { data: { name: found.name, policy: found.text } }
      },
    }),
    route({
      verb: 'write',
      path: 'policies/acl/:name*',
      help: 'Create or replace a policy.',
      fields: policyFields,
      run: async (call) => {
        const { name, policy = '' } = call.input
        return written(call, [converted(name, await write(call, name, policy))])
      },
    }),
    route({
      verb: 'delete',
      path: 'policies/acl/:name*',
      help: 'Delete a policy.',
      fields: nameField,
      run: (call) => remove(call, call.input.name),
    }),
    route({
      verb: 'read',
      path: 'policy',
      help: 'List the policies.',
      alsoAtTop: true,
      fields: {},
      reply: legacyPolicyListReply,
      run: legacyList,
    }),
    route({
      verb: 'list',
      path: 'policy',
      help: 'List the policies.',
      alsoAtTop: true,
      fields: {},
      reply: legacyPolicyListReply,
      run: legacyList,
    }),
    route({
      verb: 'read',
      path: 'policy/:name*',
      help: 'Read a policy.',
      alsoAtTop: true,
      fields: nameField,
      reply: legacyPolicyReply,
      run: async (call) => {
        const found = await find(call, call.input.name)
        return found && { data: { name: found.name, rules: found.text } }
      },
    }),
    route({
      verb: 'write',
      path: 'policy/:name*',
      help: 'Create or replace a policy.',
      fields: legacyPolicyFields,
      run: async (call) => {
        const { name, policy = '', rules = '' } = call.input
        const old = policy === '' && rules !== ''
        const stored = await write(call, name, old ? rules : policy)
        return written(call, [converted(name, stored), old && "'rules' is deprecated, please use 'policy' instead"])
      },
    }),
    route({
      verb: 'delete',
      path: 'policy/:name*',
      help: 'Delete a policy.',
      fields: nameField,
      run: (call) => remove(call, call.input.name),
    }),
  ]
}
