/**
 * The lines of the audit log: Vault's schema, one JSON object per line, members without a value left out. Pure.
 *
 * In the clear as in Vault: path, operation, policies, metadata, display name, entity, addresses, error texts and
 * warnings. HMACs: tokens, accessors, and every value of the data (see `hash.ts`).
 */
import type { AuthReply, Mount } from '../route.ts'
import type { AuditRequest, AuditResponse } from './entry.ts'
import { hashData } from './hash.ts'
import type { Hmac } from './hmac.ts'

export interface RecordFormat {
  readonly hmac: Hmac
  readonly hmacAccessor: boolean
  /** LIST replies show how many keys there were instead of the keys. */
  readonly elideListResponses: boolean
}

const longestText = 4_096
const mostWarnings = 100
/** Bytes: the HMAC of a larger raw body would hold up everybody else. */
const largestHashedBody = 1_048_576

const bounded = (text: string): string => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)
const boundedOrNone = (text: string | undefined): string | undefined => (text ? bounded(text) : undefined)
const unlessEmpty = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length ? list : undefined)
const unlessBlank = (data: Readonly<Record<string, unknown>> | null | undefined) =>
  data && Object.keys(data).length > 0 ? data : undefined
/** RFC 3339 without a fraction, as Go prints a token's issue time. */
const wholeSeconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`

const mountMembers = (mount: Mount | undefined) =>
  mount && {
    mount_point: mount.class === 'auth' ? `auth/${mount.path}` : mount.path,
    mount_type: mount.type,
    mount_accessor: mount.accessor,
    mount_class: mount.class,
  }

const policyResults = ({ policyResults: results }: AuditRequest) =>
  results && {
    allowed: results.allowed,
    granting_policies: unlessEmpty(
      results.grantingPolicies?.map(({ name, namespace, type }) => ({
        name,
        namespace_id: namespace.id,
        namespace_path: namespace.path || undefined,
        type,
      })),
    ),
  }

/**
 * The members `auth` and `request`, which both lines of a call have in common: made once, written twice.
 * JSON without the outer braces.
 */
export const callMembers = (request: AuditRequest, { hmac, hmacAccessor }: RecordFormat): string => {
  const { caller, mount } = request
  const data = unlessBlank(request.data)
  const clientToken = request.clientToken ? hmac(request.clientToken) : undefined
  const accessor = caller && (hmacAccessor ? hmac(caller.accessor) : caller.accessor)
  const auth = {
    client_token: caller && clientToken,
    accessor,
    display_name: caller?.displayName || undefined,
    policies: unlessEmpty(caller?.policies),
    token_policies: unlessEmpty(caller?.tokenPolicies),
    policy_results: policyResults(request),
    metadata: caller?.meta ?? undefined,
    entity_id: caller?.entityId || undefined,
    // Vault's word for "no token".
    token_type: caller?.tokenType ?? 'default',
    token_ttl: caller?.tokenTtl || undefined,
    token_issue_time: caller && wholeSeconds(caller.issuedAt),
  }
  const asked = {
    id: request.id,
    operation: request.operation,
    ...mountMembers(mount),
    client_token: clientToken,
    client_token_accessor: accessor,
    namespace: { id: request.namespace.id, path: request.namespace.path || undefined },
    path: bounded(request.path),
    data: data && hashData(data, hmac, mount?.config.audit_non_hmac_request_keys),
    remote_address: request.remoteAddress,
    remote_port: request.remotePort,
  }
  return `"auth":${JSON.stringify(auth)},"request":${JSON.stringify(asked)}`
}

const newTokenMembers = (auth: AuthReply, { hmac, hmacAccessor }: RecordFormat) => ({
  client_token: hmac(auth.client_token),
  accessor: hmacAccessor ? hmac(auth.accessor) : auth.accessor,
  policies: unlessEmpty(auth.policies),
  token_policies: unlessEmpty(auth.token_policies),
  identity_policies: unlessEmpty(auth.identity_policies),
  metadata: auth.metadata ?? undefined,
  num_uses: auth.num_uses || undefined,
  entity_id: auth.entity_id || undefined,
  token_type: auth.token_type,
  token_ttl: auth.lease_duration || undefined,
})

/** Vault's names for a reply that goes out as it is. */
const rawMembers = ({ contentType, body, status }: NonNullable<AuditResponse['raw']>, hmac: Hmac) => ({
  http_content_type: hmac(contentType),
  http_raw_body: body.length > largestHashedBody ? `elided: ${body.length} bytes` : hmac(body),
  http_status_code: status,
})

const countMembers = (data: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const counted: Record<string, unknown> = { ...data }
  const { keys, key_info: keyInfo } = data
  if (Array.isArray(keys)) counted['keys'] = keys.length
  if (typeof keyInfo === 'object' && keyInfo !== null) counted['key_info'] = Object.keys(keyInfo).length
  return counted
}

const responseData = (request: AuditRequest, response: AuditResponse, format: RecordFormat) => {
  if (response.raw) return rawMembers(response.raw, format.hmac)
  const data = unlessBlank(response.data)
  if (!data) return undefined
  const shown = format.elideListResponses && request.operation === 'list' ? countMembers(data) : data
  return hashData(shown, format.hmac, request.mount?.config.audit_non_hmac_response_keys)
}

/** Ends in a newline. `members`: what `callMembers` made of the request. */
export const requestLine = (request: AuditRequest, members: string): string => {
  const error = boundedOrNone(request.error)
  const tail = error === undefined ? '' : `,"error":${JSON.stringify(error)}`
  return `{"time":"${request.time.toISOString()}","type":"request",${members}${tail}}\n`
}

/** Ends in a newline. `members`: what `callMembers` made of the request. */
export const responseLine = (
  request: AuditRequest,
  members: string,
  response: AuditResponse,
  format: RecordFormat,
): string => {
  const answered = {
    auth: response.auth && newTokenMembers(response.auth, format),
    ...mountMembers(request.mount),
    secret: response.leaseId ? { lease_id: response.leaseId } : undefined,
    data: responseData(request, response, format),
    warnings: unlessEmpty(response.warnings?.slice(0, mostWarnings).map(bounded)),
    headers:
      response.headers &&
      Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, [bounded(value)]])),
  }
  const error = boundedOrNone(response.error)
  const tail = error === undefined ? '' : `,"error":${JSON.stringify(error)}`
  return `{"time":"${response.time.toISOString()}","type":"response",${members},"response":${JSON.stringify(answered)}${tail}}\n`
}
