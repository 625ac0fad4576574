/**
 * Error kind → status and text, in the shapes that Vault's clients look for. Of what is not ours to tell (an unknown
 * error, an `internal` one) the client hears nothing but that it happened; the log has all of it.
 */
import { ChanceryError, type ErrorKind } from '../errors.ts'
import type { EdgeReply } from './request.ts'

/** What the edge needs of a logger; pino's fits. */
export interface Log {
  error(fields: object, text: string): void
  warn(fields: object, text: string): void
  info(fields: object, text: string): void
}

/** Go's multierror, which the CLI prints as it is. */
const multierror = (...texts: string[]): string =>
  `${texts.length} error${texts.length === 1 ? '' : 's'} occurred:\n${texts.map((text) => `\t* ${text}\n`).join('')}\n`

interface Shape {
  status: number
  errors(message: string): string[]
}

const bare = (message: string): string[] => [message]
const wrapped = (message: string): string[] => [multierror(message)]

const shapes: Record<ErrorKind, Shape> = {
  'invalid request': { status: 400, errors: bare },
  // Only Vault's own two words come wrapped; what a door says instead (`bad token`) comes bare.
  'permission denied': {
    status: 403,
    errors: (message) => (message === 'permission denied' ? wrapped(message) : bare(message)),
  },
  'missing token': { status: 403, errors: bare },
  'invalid token': { status: 403, errors: () => [multierror('permission denied', 'invalid token')] },
  // 404 with text means "no such mount" to clients, 404 without "nothing there".
  'not found': { status: 404, errors: () => [] },
  'no handler': { status: 404, errors: bare },
  'unsupported path': { status: 404, errors: wrapped },
  'unsupported operation': { status: 405, errors: wrapped },
  'too large': { status: 413, errors: bare },
  'unsupported media type': { status: 415, errors: bare },
  sealed: { status: 503, errors: bare },
  unavailable: { status: 503, errors: bare },
  internal: { status: 500, errors: () => [multierror('internal error')] },
}

const kindOf = (error: unknown): ErrorKind => (error instanceof ChanceryError ? error.kind : 'internal')

/** What the client hears: the status, and `errors` as it goes into the body. */
const errorAnswer = (error: unknown): { status: number; errors: string[] } => {
  const shape = shapes[kindOf(error)]
  return { status: shape.status, errors: shape.errors(error instanceof ChanceryError ? error.message : '') }
}

/** A JSON error body, exactly as Vault writes it. */
export const errorBody = (errors: readonly string[]): string => `${JSON.stringify({ errors })}\n`

/** The reply to an error. Logs what the client is not told; `requestId` is how the two are brought together. */
export const errorReply = (error: unknown, requestId: string, log: Log): EdgeReply => {
  if (kindOf(error) === 'internal') log.error({ err: error, request_id: requestId }, 'request failed')
  const { status, errors } = errorAnswer(error)
  const reply: EdgeReply = { status, contentType: 'application/json', body: errorBody(errors) }
  const retryAfter = error instanceof ChanceryError ? error.retryAfterSeconds : undefined
  if (retryAfter !== undefined) reply.headers = { 'Retry-After': String(retryAfter) }
  return reply
}
