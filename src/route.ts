/**
 * The contract between the edge and the engines. Read this file first.
 *
 * An engine is a list of routes and a list of jobs. A route is one row; from that row come matching, the capability
 * that a policy must grant, the unauthenticated set, validation, the audit record, the OpenAPI document and the help
 * text, so none of them can drift from the others.
 */
import type { z } from 'zod'

export type Verb = 'read' | 'list' | 'write' | 'patch' | 'delete'

/** What policies and the audit log call it: a `write` is a create or an update. */
export type Operation = 'read' | 'list' | 'create' | 'update' | 'patch' | 'delete'

export interface Namespace {
  /** `root`, or a short base62 id. Every row of a tenant carries it. */
  readonly id: string
  /** `''` for root, otherwise ends in `/`. */
  readonly path: string
}

export const rootNamespace: Namespace = { id: 'root', path: '' }

/** What a call needs to know of the mount it runs in. */
export interface Mount {
  readonly uuid: string
  readonly namespace: string
  /** Ends in `/`; for an auth mount without the leading `auth/`. */
  readonly path: string
  readonly class: 'secret' | 'auth'
  readonly type: string
  readonly accessor: string
  /** Effective values, in seconds: the mount's own, or the system's 768 h. */
  readonly defaultLeaseTtl: number
  readonly maxLeaseTtl: number
  readonly config: MountConfig
}

/** The tunable part of a mount, in Vault's own words; a TTL of 0 means the system default. */
export interface MountConfig {
  default_lease_ttl: number
  max_lease_ttl: number
  force_no_cache: boolean
  listing_visibility?: string
  audit_non_hmac_request_keys?: string[]
  audit_non_hmac_response_keys?: string[]
  passthrough_request_headers?: string[]
  allowed_response_headers?: string[]
}

/** Who is calling, as far as the token tells. Made once by `access/`, and the same for every later step. */
export interface Caller {
  /** HMAC-SHA256 of the token id: the key of its row. The id itself goes no further than `access/`. */
  readonly tokenHash: Uint8Array
  readonly accessor: string
  readonly displayName: string
  readonly policies: readonly string[]
  readonly tokenPolicies: readonly string[]
  readonly tokenType: 'service' | 'batch'
  readonly entityId: string
  readonly meta: Readonly<Record<string, string>> | null
  readonly isRoot: boolean
  /** Seconds the token was given, 0 for one that never expires. */
  readonly tokenTtl: number
  readonly issuedAt: Date
}

export interface Call<Input = Record<string, unknown>> {
  /** The request's UUID: `request_id` in the answer, `request.id` in the audit log, `request_id` in the inventory. */
  readonly id: string
  readonly operation: Operation
  readonly namespace: Namespace
  readonly mount: Mount
  /** Below the mount, no leading slash. */
  readonly path: string
  /** Body, query and captures after the row's own fields have decoded them. */
  readonly input: Input
  /** Absent on public routes. */
  readonly caller: Caller | undefined
  /** The token as it was sent, for the few operations that echo it (lookup-self, renew-self). Never logged. */
  readonly tokenId: string | undefined
  /** Has the caller the `sudo` capability on this very path? Some operations allow more to those who do. */
  readonly sudo: boolean
  readonly remoteAddress: string
  /** The header, for the conditional GETs of a mount that passes it through. */
  readonly ifModifiedSince: string | undefined
  /** The request body as it came, for a row with `rawBody`. */
  readonly rawBody: Uint8Array | undefined
  /** Adds a line to the answer's `warnings`. */
  warn(text: string): void
}

/** Seconds everywhere. */
export interface AuthReply {
  client_token: string
  accessor: string
  policies: readonly string[]
  token_policies: readonly string[]
  identity_policies?: readonly string[]
  metadata: Readonly<Record<string, string>> | null
  lease_duration: number
  renewable: boolean
  entity_id: string
  token_type: 'service' | 'batch'
  orphan: boolean
  mfa_requirement: null
  num_uses: number
}

/** Goes out inside Vault's envelope. */
export interface DataReply {
  data?: Record<string, unknown> | null
  auth?: AuthReply
  lease?: { id: string; renewable: boolean; seconds: number }
  status?: 200 | 202
}

/** Goes out as it is. An empty body becomes 204. */
export interface RawReply {
  raw: {
    contentType: string
    body: string | Uint8Array
    status?: number
    headers?: Record<string, string>
  }
}

/** `undefined`: 404 for a read or a list, 204 for everything that writes. */
export type Reply = DataReply | RawReply | undefined

/** A zod field per parameter: see `fields.ts`. */
export type Fields = z.ZodRawShape

type InputOf<F extends Fields> = z.output<z.ZodObject<F>>

export interface RouteRow<F extends Fields> {
  verb: Verb
  /**
   * Below the mount: `issue/:role`, `mounts/:path*`, `issuers/generate/root/:exported`. `:name` is one segment in
   * Vault's name grammar, `:name*` is one or more segments, and `captures` gives another grammar.
   */
  path: string
  captures?: Record<string, RegExp>
  /** One line, shown by path help and in the OpenAPI document. */
  help: string
  /** Answers without a token. */
  public?: true
  /** Needs the `sudo` capability besides the verb's own. */
  sudo?: true
  /** Everything that the row accepts, captures included. A field it does not name is answered with a warning. */
  fields: F
  /** The shape of the answer's `data` (or of the raw JSON), for the OpenAPI document. */
  reply?: z.ZodType
  /** Where a policy tells `create` from `update`: is the thing there already? */
  exists?: (call: Call<InputOf<F>>) => Promise<boolean>
  rootNamespaceOnly?: true
  /** Answers while the server is sealed or not initialised. */
  whileSealed?: true
  /** Never in the audit log: status pages, and what must work before any device exists. */
  unaudited?: true
  /** The body is not JSON: `call.rawBody` has it. */
  rawBody?: true
  /** HEAD is answered too, with GET's status. */
  head?: true
  /** Old clients read the keys of `data` at the top level as well. */
  alsoAtTop?: true
  run: (call: Call<InputOf<F>>) => Promise<Reply> | Reply
}

/** A row whose input type has been checked against its fields and is no longer of interest. */
export type Route = Omit<RouteRow<Fields>, 'run' | 'exists'> & {
  // Bivariant on purpose: `handle.ts` hands over what the row's own fields have parsed.
  run(call: Call<never>): Promise<Reply> | Reply
  exists?(call: Call<never>): Promise<boolean>
}

/** Types `run` by the row's own `fields`. Returns the row as it is. */
export const route = <const F extends Fields>(row: RouteRow<F>): Route => row as unknown as Route

/** Work that must run once over all replicas: one Postgres lock each, so that any replica may do it. */
export interface Job {
  name: string
  everySeconds: number
  run: (signal: AbortSignal) => Promise<void>
}

export interface Engine {
  /** `pki`, `system`, `token`. */
  type: string
  class: 'secret' | 'auth'
  /** May `sys/mounts` or `sys/auth` make one? */
  mountable: boolean
  routes: readonly Route[]
  jobs: readonly Job[]
}
