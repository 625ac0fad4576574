/**
 * What can go wrong, in our words. No HTTP number lives here: `http/error-reply.ts` maps each kind to a status and
 * to the shape of text that Vault's clients look for.
 */
export type ErrorKind =
  /** The request itself is wrong: a bad value, a name that does not exist, a rule that forbids it. */
  | 'invalid request'
  /** A policy says no. */
  | 'permission denied'
  /** No token was sent where one is needed. */
  | 'missing token'
  /** The token sent is unknown, revoked or expired. Clients log in again on this one. */
  | 'invalid token'
  /** Nothing there, and nothing to say about it. */
  | 'not found'
  /** Nothing there, and the text says what is missing (a mount, a namespace). */
  | 'no handler'
  /** The mount has no such path. */
  | 'unsupported path'
  /** The path exists, the verb does not. */
  | 'unsupported operation'
  /** The body is over the limit. */
  | 'too large'
  /** A PATCH that is no merge patch. */
  | 'unsupported media type'
  /** The server is sealed. */
  | 'sealed'
  /** Not now: a queue is full, the database does not answer. The client may try again. */
  | 'unavailable'
  /** Ours. Its message never leaves the server: it goes to the log. */
  | 'internal'

export class ChanceryError extends Error {
  override readonly name = 'ChanceryError'
  readonly kind: ErrorKind
  /** For `unavailable`: when to try again, in seconds. */
  readonly retryAfterSeconds: number | undefined

  constructor(kind: ErrorKind, message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** The caller asked for something wrong; `message` is what Vault would say. */
export const invalidRequest = (message: string): ChanceryError => new ChanceryError('invalid request', message)

export const permissionDenied = (): ChanceryError => new ChanceryError('permission denied', 'permission denied')

export const missingToken = (): ChanceryError => new ChanceryError('missing token', 'permission denied')

export const unavailable = (message: string, retryAfterSeconds = 1): ChanceryError =>
  new ChanceryError('unavailable', message, { retryAfterSeconds })
