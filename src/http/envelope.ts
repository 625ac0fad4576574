/**
 * What a route answered → what goes out: Vault's envelope, or raw bytes, or the status that says "nothing".
 */
import type { AuthReply, DataReply, Reply, Verb } from '../route.ts'
import { errorBody } from './error-reply.ts'
import type { EdgeReply } from './request.ts'

const json = 'application/json'

/** Vault's order, and without the two lists that Vault omits when they are empty. */
const authJson = (auth: AuthReply): string =>
  JSON.stringify({
    client_token: auth.client_token,
    accessor: auth.accessor,
    policies: auth.policies,
    token_policies: auth.token_policies.length > 0 ? auth.token_policies : undefined,
    identity_policies: auth.identity_policies?.length ? auth.identity_policies : undefined,
    metadata: auth.metadata,
    lease_duration: auth.lease_duration,
    renewable: auth.renewable,
    entity_id: auth.entity_id,
    token_type: auth.token_type,
    orphan: auth.orphan,
    mfa_requirement: auth.mfa_requirement,
    num_uses: auth.num_uses,
  })

/** The envelope's body. Hot path: the frame is written by hand, what is in it by JSON.stringify. */
const envelope = (requestId: string, reply: DataReply, warnings: readonly string[], alsoAtTop: boolean): string => {
  const data = reply.data ? JSON.stringify(reply.data) : 'null'
  // Vault puts the copies first, so that where a name is taken the envelope's own key wins.
  const atTop = alsoAtTop && reply.data && data !== '{}' ? `${data.slice(1, -1)},` : ''
  const { lease } = reply
  return (
    `{${atTop}"request_id":${JSON.stringify(requestId)},` +
    `"lease_id":${lease ? JSON.stringify(lease.id) : '""'},` +
    `"renewable":${lease?.renewable ?? false},` +
    `"lease_duration":${lease?.seconds ?? 0},` +
    `"data":${data},` +
    `"wrap_info":null,` +
    `"warnings":${warnings.length > 0 ? JSON.stringify(warnings) : 'null'},` +
    `"auth":${reply.auth ? authJson(reply.auth) : 'null'}}\n`
  )
}

const nothingThere = (): EdgeReply => ({ status: 404, contentType: json, body: errorBody([]) })

/** No keys and nothing else to say: Vault's lists are then "not found". */
const isEmptyList = (reply: DataReply, warnings: readonly string[]): boolean => {
  const { data } = reply
  if (!data || Object.keys(data).length === 0) return warnings.length === 0
  return (
    Array.isArray(data['keys']) && data['keys'].length === 0 && Object.keys(data).length === 1 && warnings.length === 0
  )
}

export interface EnvelopeOptions {
  requestId: string
  verb: Verb
  warnings: readonly string[]
  /** The row's `alsoAtTop`. */
  alsoAtTop?: boolean | undefined
}

/**
 * A route's reply as bytes and status. Nothing is 404 for reads and lists and 204 for writes, warnings or not; a raw
 * reply without a body is 204.
 */
export const replyOf = (reply: Reply, { requestId, verb, warnings, alsoAtTop = false }: EnvelopeOptions): EdgeReply => {
  if (reply === undefined) {
    return verb === 'read' || verb === 'list' ? nothingThere() : { status: 204, contentType: json, body: undefined }
  }
  if ('raw' in reply) {
    const { contentType, body, status = 200, headers } = reply.raw
    const out: EdgeReply =
      body.length > 0
        ? { status, contentType, body }
        : { status: status === 200 ? 204 : status, contentType, body: undefined }
    if (headers) out.headers = headers
    return out
  }
  if (verb === 'list' && isEmptyList(reply, warnings)) return nothingThere()
  return { status: reply.status ?? 200, contentType: json, body: envelope(requestId, reply, warnings, alsoAtTop) }
}
