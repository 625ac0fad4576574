/**
 * What the checklist (`http/handle.ts`) tells the audit devices. Everything here is still in the clear; a device
 * makes the record of it, and the record is where secrets become HMACs.
 */
import type { AuthReply, Caller, Mount, Namespace, Operation } from '../route.ts'

export interface GrantingPolicy {
  readonly name: string
  readonly namespace: Namespace
  readonly type: 'acl'
}

/** What the policies said. Absent where no policy was asked (public routes). */
export interface PolicyResults {
  readonly allowed: boolean
  readonly grantingPolicies?: readonly GrantingPolicy[]
}

/**
 * One call, as far as it has come when its request is audited. The same object goes into `logRequest` and
 * `logResponse`, and must not change between them: a device hashes it once.
 */
export interface AuditRequest {
  /** When the call came in. */
  readonly time: Date
  /** The UUID that the envelope has as `request_id`. */
  readonly id: string
  readonly operation: Operation
  readonly namespace: Namespace
  /** Absent when the path leads to no mount. */
  readonly mount: Mount | undefined
  /** Below the namespace, with the mount and without a leading slash: `pki/issue/web`, `auth/token/create`. */
  readonly path: string
  /** Body and query as they came, before any decoding; a raw body is left out. */
  readonly data: Readonly<Record<string, unknown>> | undefined
  /** The token as it was sent. Only its HMAC is ever written. */
  readonly clientToken: string | undefined
  /** Absent on public routes, and when the token was refused. */
  readonly caller: Caller | undefined
  readonly policyResults: PolicyResults | undefined
  readonly remoteAddress: string
  readonly remotePort: number | undefined
  /** Why the call was refused before any backend ran: written in the clear, so it may name no secret. */
  readonly error?: string | undefined
}

/** What is about to be answered. */
export interface AuditResponse {
  readonly time: Date
  /** Why the call failed: written in the clear, so it may name no secret. */
  readonly error?: string | undefined
  readonly data?: Readonly<Record<string, unknown>> | null | undefined
  readonly auth?: AuthReply | undefined
  readonly leaseId?: string | undefined
  readonly warnings?: readonly string[] | undefined
  /** Headers that the backend set, in the clear as in Vault. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A reply outside the envelope: CRL, PEM, OCSP. The body is written as its HMAC. */
  readonly raw?:
    { readonly contentType: string; readonly body: string | Uint8Array; readonly status: number } | undefined
}
