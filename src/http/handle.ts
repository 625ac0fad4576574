/**
 * THE checklist: what happens to every call, in this order (Vault's, core-behaviour 1.9).
 *
 *   sealed? → namespace → mount and row → parameters → token → policy → audit the request → run → audit the answer
 *
 * Mount and row are looked up before the policy is asked, because the row says whether a write is a create or an
 * update and whether `sudo` is needed; but nothing is told of what was found until the policy has agreed, so that a
 * path that is not there and a path that the caller may not know look the same.
 */
import type { Authenticator, Authenticated } from '../access/tokens/authenticate.ts'
import type { Authorize } from '../access/authorize.ts'
import type { AuditDevices } from '../audit/devices.ts'
import type { AuditRequest, AuditResponse } from '../audit/entry.ts'
import { ChanceryError, invalidRequest, missingToken, permissionDenied } from '../errors.ts'
import { parseDuration } from '../fields.ts'
import type { Matched, Matcher } from '../mounts/match.ts'
import { withoutOuterSlashes } from '../mounts/mount.ts'
import type { MountTable } from '../mounts/table.ts'
import {
  rootNamespace,
  type Call,
  type Mount,
  type Namespace,
  type Operation,
  type Reply,
  type Route,
} from '../route.ts'
import { replyOf } from './envelope.ts'
import { pathHelp } from './path-help.ts'
import type { EdgeReply, EdgeRequest, Handle } from './request.ts'

export interface HandleDeps {
  /** Is the barrier closed? */
  sealed: () => boolean
  mounts: MountTable
  /** The rows of each engine type, ready to match. `system` is the one that answers while sealed. */
  matchers: ReadonlyMap<string, Matcher>
  authenticator: Authenticator
  authorize: Authorize
  audit: AuditDevices
  now: () => Date
}

type Found = Matched | 'no handler'

const sysPrefix = 'sys/'

/** While sealed there is no mount table to ask; these rows need nothing of it. */
const sealedMount: Mount = {
  uuid: '',
  namespace: rootNamespace.id,
  path: sysPrefix,
  class: 'secret',
  type: 'system',
  accessor: '',
  defaultLeaseTtl: 0,
  maxLeaseTtl: 0,
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
}

export const makeHandle = (deps: HandleDeps): Handle => {
  const systemRows = deps.matchers.get('system')
  if (!systemRows) throw new Error('there is no system engine')

  return async (request) => {
    const { verb, path } = request

    // Sealed? A few rows of sys/ answer in every state; they see no token, no policy and no audit.
    if (path.startsWith(sysPrefix)) {
      const found = withHead(request, systemRows(verb, path.slice(sysPrefix.length)))
      if (typeof found !== 'string' && found.row.whileSealed) {
        const reply = await run(request, found, newCall(request, sealedMount, rootNamespace))
        return replyOf(reply, { requestId: request.id, verb, warnings: [] })
      }
    }
    if (deps.sealed()) throw new ChanceryError('sealed', 'Vault is sealed')

    // Namespace.
    const namespace = namespaceOf(request)
    if (request.query['help']) return help(deps, request, namespace)
    refuseWrapping(request)

    // Mount and row, kept to ourselves for now; parameters.
    const resolved = await deps.mounts.resolve(namespace, path)
    const found: Found = resolved
      ? withHead(request, deps.matchers.get(resolved.mount.type)?.(verb, resolved.rest) ?? 'unsupported path')
      : 'no handler'
    const row = typeof found === 'string' ? undefined : found.row
    const data = row?.rawBody ? {} : request.data()
    const audited = row?.unaudited !== true
    const entry: AuditRequest = {
      time: deps.now(),
      id: request.id,
      operation: verb === 'write' ? 'update' : verb,
      namespace,
      mount: resolved?.mount,
      path,
      data: row?.rawBody ? undefined : data,
      clientToken: request.token,
      caller: undefined,
      policyResults: undefined,
      remoteAddress: request.remoteAddress,
      remotePort: request.remotePort,
    }

    // Token, policy.
    let authenticated: Authenticated | undefined
    let call: MutableCall | undefined
    let asked = entry
    try {
      authenticated = await authenticate(deps, request, row)
      const caller = authenticated?.caller
      if (resolved) {
        call = newCall(request, resolved.mount, namespace, resolved.rest)
        call.caller = caller
        call.operation = await operationOf(verb, found, call)
      }
      const operation = call?.operation ?? entry.operation
      asked = { ...entry, operation, caller }
      if (!row?.public) {
        if (!caller) throw missingToken()
        const decision = await deps.authorize({
          caller,
          namespace,
          operation,
          path,
          data,
          sudoPath: row?.sudo === true,
        })
        asked = {
          ...asked,
          policyResults: { allowed: decision.allowed, grantingPolicies: decision.granting },
        }
        if (!decision.allowed) throw permissionDenied()
        if (call) call.sudo = decision.sudo
      }
    } catch (error) {
      // A refused request is audited too, and its use of the token counts.
      const refused: AuditRequest = { ...asked, caller: authenticated?.caller, error: publicText(error) }
      await deps.audit.logRequest(refused)
      await deps.audit.logResponse(refused, { time: deps.now(), error: publicText(error) })
      if (authenticated?.spent) await deps.authenticator.revoke(authenticated.caller.tokenHash)
      throw error
    }

    // Audit before the engine runs: if no device takes the entry, nothing happens at all.
    if (audited) await deps.audit.logRequest(asked)

    const warnings: string[] = []
    let reply: Reply
    let response: AuditResponse
    try {
      if (typeof found === 'string' || !call) throw notFound(found, path)
      call.warn = (warning) => warnings.push(warning)
      reply = await run(request, found, call, data)
      if (reply && !('raw' in reply)) warnings.push(...parameterWarnings(found.row, found.captures, data))
      response = auditedReply(reply, warnings, deps.now())
    } catch (error) {
      if (audited) await deps.audit.logResponse(asked, { time: deps.now(), error: publicText(error) })
      throw error
    } finally {
      if (authenticated?.spent) await deps.authenticator.revoke(authenticated.caller.tokenHash)
    }

    // Audit before the answer leaves: what the engine did is done, but an answer that no device recorded is not given.
    if (audited) await deps.audit.logResponse(asked, response)
    return replyOf(reply, { requestId: request.id, verb, warnings, alsoAtTop: row?.alsoAtTop })
  }
}

/** `?help=1`: what a path is for. It takes a token that is good, and no policy (Vault). */
const help = async (deps: HandleDeps, request: EdgeRequest, namespace: Namespace): Promise<EdgeReply> => {
  if (!request.token) throw missingToken()
  const { caller, spent } = await deps.authenticator.authenticate(request.token)
  if (spent) await deps.authenticator.revoke(caller.tokenHash)
  const resolved = await deps.mounts.resolve(namespace, request.path)
  if (!resolved) throw notFound('no handler', request.path)
  const path = resolved.rest.replace(/\/$/, '')
  const rows = deps.matchers.get(resolved.mount.type)?.rowsAt(path) ?? []
  if (rows.length === 0) throw notFound('unsupported path', request.path)
  return { status: 200, contentType: 'application/json', body: pathHelp(path, rows) }
}

/** Node gives HEAD as a read; only rows that say so answer it. */
const withHead = <F extends Found>(request: EdgeRequest, found: F): F | 'unsupported operation' =>
  request.method === 'HEAD' && typeof found !== 'string' && !found.row.head ? 'unsupported operation' : found

/** There is one namespace yet. The header may name it, or be empty. */
const namespaceOf = (request: EdgeRequest): Namespace => {
  const name = withoutOuterSlashes(request.namespaceHeader ?? '')
  if (name !== '' && name !== 'root') throw new ChanceryError('no handler', 'namespace not found')
  return rootNamespace
}

/** A client that asked for a wrapped answer must never get it in the clear. */
const refuseWrapping = (request: EdgeRequest): void => {
  if (request.wrapTtl === undefined) return
  const seconds = parseDuration(request.wrapTtl)
  if (seconds === undefined || seconds < 0)
    throw invalidRequest('error parsing X-Vault-Wrap-TTL header: invalid duration')
  if (seconds > 0) throw invalidRequest('response wrapping is not available on this server')
}

const authenticate = async (
  deps: HandleDeps,
  request: EdgeRequest,
  row: Route | undefined,
): Promise<Authenticated | undefined> => {
  if (row?.public) {
    // A token helps where a public row shows more to those who have one; a bad one is ignored, as in Vault.
    const found = request.token === undefined ? undefined : await deps.authenticator.find(request.token)
    return found && { ...found, spent: false }
  }
  if (!request.token) throw missingToken()
  return deps.authenticator.authenticate(request.token)
}

interface MutableCall extends Call<Record<string, unknown>> {
  operation: Operation
  caller: Call['caller']
  sudo: boolean
  input: Record<string, unknown>
  warn: (text: string) => void
}

const newCall = (request: EdgeRequest, mount: Mount, namespace: Namespace, path = ''): MutableCall => ({
  id: request.id,
  operation: request.verb === 'write' ? 'update' : request.verb,
  namespace,
  mount,
  path,
  input: {},
  caller: undefined,
  tokenId: request.token,
  sudo: false,
  remoteAddress: request.remoteAddress,
  ifModifiedSince: request.headers['if-modified-since'],
  rawBody: request.rawBody,
  warn: () => {},
})

/**
 * Where a row can tell, a write to what is not there yet is a create. It gets the captures alone: what is wrong with
 * the parameters is told to nobody whom the policy refuses.
 */
const operationOf = async (verb: EdgeRequest['verb'], found: Found, call: MutableCall): Promise<Operation> => {
  if (verb !== 'write') return verb
  if (typeof found === 'string' || !found.row.exists) return 'update'
  call.input = found.decode(found.captures)
  return (await found.row.exists(call as Call<never>)) ? 'update' : 'create'
}

const run = async (
  request: EdgeRequest,
  found: Exclude<Found, string>,
  call: MutableCall,
  data: Record<string, unknown> = found.row.rawBody ? {} : request.data(),
): Promise<Reply> => {
  call.input = found.decode({ ...data, ...found.captures })
  return found.row.run(call as Call<never>)
}

const notFound = (found: Found, path: string): ChanceryError => {
  if (found === 'unsupported path') return new ChanceryError('unsupported path', 'unsupported path')
  if (found === 'unsupported operation') return new ChanceryError('unsupported operation', 'unsupported operation')
  return new ChanceryError('no handler', `no handler for route "${path}". route entry not found.`)
}

/** Vault never refuses a parameter that it does not know; it says so where there is an answer to say it in. */
const parameterWarnings = (
  row: Route,
  captures: Readonly<Record<string, string>>,
  data: Readonly<Record<string, unknown>>,
): string[] => {
  const sent = Object.keys(data)
  const warnings: string[] = []
  const unknown = sent.filter((name) => !Object.hasOwn(row.fields, name))
  if (unknown.length > 0) {
    warnings.push(`Endpoint ignored these unrecognized parameters: [${unknown.sort().join(' ')}]`)
  }
  const replaced = sent.filter((name) => Object.hasOwn(captures, name))
  if (replaced.length > 0) {
    warnings.push(
      `Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [${replaced.sort().join(' ')}]`,
    )
  }
  return warnings
}

/** What an error may say outside: the text of our own errors, nothing of anybody else's. */
const publicText = (error: unknown): string =>
  error instanceof ChanceryError && error.kind !== 'internal' ? error.message : 'internal error'

const auditedReply = (reply: Reply, warnings: readonly string[], time: Date): AuditResponse => {
  if (!reply) return { time, warnings }
  if ('raw' in reply)
    return {
      time,
      raw: { ...reply.raw, status: reply.raw.status ?? 200 },
      ...(reply.raw.headers && { headers: reply.raw.headers }),
    }
  return { time, data: reply.data, auth: reply.auth, leaseId: reply.lease?.id, warnings }
}
