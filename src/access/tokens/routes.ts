/** `auth/token/*`. */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import { duration, text } from '../../fields.ts'
import { route, type Call, type Caller, type Reply, type Route } from '../../route.ts'
import type { Changes } from '../../store/changes.ts'
import type { Db } from '../../store/database.ts'
import { findToken } from '../../store/tokens.ts'
import type { Authenticator } from './authenticate.ts'
import { createToken, type CreateRequest } from './create.ts'
import type { TokenHasher } from './hash.ts'
import { describeToken } from './lookup.ts'
import { renew } from './renew.ts'
import { authReplySchema, createFields, lookupReply } from './schema.ts'

export interface TokenRoutesDeps {
  db: Db
  changes: Changes
  hasher: TokenHasher
  authenticator: Authenticator
  policyExists: (namespace: string, name: string) => Promise<boolean>
}

const callerOf = (call: Call<unknown>): Caller => {
  if (!call.caller) throw new ChanceryError('internal', `no caller on ${call.path}`)
  return call.caller
}

export const tokenRoutes = (deps: TokenRoutesDeps): Route[] => {
  const create = async (call: Call<unknown>, request: CreateRequest, path: string): Promise<Reply> => ({
    auth: await createToken(deps, request, {
      caller: callerOf(call),
      sudo: call.sudo,
      namespace: call.namespace.id,
      path,
      defaultTtl: call.mount.defaultLeaseTtl,
      maxTtl: call.mount.maxLeaseTtl,
      policyExists: (name) => deps.policyExists(call.namespace.id, name),
      warn: (warning) => call.warn(warning),
    }),
  })

  const lookupSelf = async (call: Call<unknown>): Promise<Reply> => {
    const token = await findToken(deps.db, callerOf(call).tokenHash)
    if (!token) throw new ChanceryError('permission denied', 'permission denied')
    return { data: describeToken(token, call.tokenId ?? '', deps.changes.now()) }
  }

  const renewed = async (call: Call<unknown>, hash: Uint8Array, id: string, increment = 0): Promise<Reply> => ({
    auth: await renew(
      deps.changes,
      { hash, id, increment, defaultTtl: call.mount.defaultLeaseTtl, maxTtl: call.mount.maxLeaseTtl },
      (warning) => call.warn(warning),
    ),
  })

  const ids = { token: text("The token. Default: the caller's own.") }
  const increment = duration('Seconds to ask for; the server may give less.')

  return [
    route({
      verb: 'write',
      path: 'create',
      help: "Make a token, a child of the caller's.",
      fields: createFields,
      reply: authReplySchema,
      run: (call) => create(call, call.input, 'auth/token/create'),
    }),
    route({
      verb: 'write',
      path: 'create-orphan',
      help: 'Make a token without a parent.',
      sudo: true,
      fields: createFields,
      reply: authReplySchema,
      run: (call) => create(call, { ...call.input, no_parent: true }, 'auth/token/create-orphan'),
    }),
    route({
      verb: 'read',
      path: 'lookup-self',
      help: "Show the caller's own token.",
      fields: {},
      reply: lookupReply,
      run: lookupSelf,
    }),
    route({
      verb: 'write',
      path: 'lookup-self',
      help: "Show the caller's own token.",
      fields: {},
      reply: lookupReply,
      run: lookupSelf,
    }),
    route({
      verb: 'write',
      path: 'lookup',
      help: 'Show a token.',
      fields: ids,
      reply: lookupReply,
      run: async (call) => {
        if (!call.input.token) return lookupSelf(call)
        const found = await deps.authenticator.find(call.input.token)
        if (!found) throw new ChanceryError('permission denied', 'bad token')
        const token = await findToken(deps.db, found.token.hash)
        if (!token) throw new ChanceryError('permission denied', 'bad token')
        return { data: describeToken(token, call.input.token, deps.changes.now()) }
      },
    }),
    route({
      verb: 'write',
      path: 'renew-self',
      help: "Renew the caller's own token.",
      fields: { increment },
      reply: authReplySchema,
      run: (call) => renewed(call, callerOf(call).tokenHash, call.tokenId ?? '', call.input.increment),
    }),
    route({
      verb: 'write',
      path: 'renew',
      help: 'Renew a token.',
      fields: { ...ids, increment },
      reply: authReplySchema,
      run: async (call) => {
        if (!call.input.token) throw invalidRequest('missing token ID')
        const hash = deps.hasher.hash(call.input.token)
        return renewed(call, hash, call.input.token, call.input.increment)
      },
    }),
    route({
      verb: 'write',
      path: 'revoke-self',
      help: "Revoke the caller's own token and all that it made.",
      fields: {},
      run: async (call) => {
        await deps.authenticator.revoke(callerOf(call).tokenHash)
        return undefined
      },
    }),
    route({
      verb: 'write',
      path: 'revoke',
      help: 'Revoke a token and all that it made. One that is not there is no error.',
      fields: ids,
      run: async (call) => {
        if (!call.input.token) throw invalidRequest('missing token ID')
        await deps.authenticator.revoke(deps.hasher.hash(call.input.token))
        return undefined
      },
    }),
  ]
}
