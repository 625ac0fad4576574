/**
 * What a failed statement means: the database is not there for now, or the statement itself is at fault.
 *
 * A driver's error may carry its whole client, and with it the connection string. None gets past this file.
 */
import { ChanceryError } from '../errors.ts'

/** SQLSTATE classes and codes (Postgres, appendix A) that a later try may not meet again. */
const passing = [
  '08', // connection exception
  '28', // invalid authorization: the password is being changed
  '3D000', // the database is not there
  '40', // transaction rollback: deadlock, serialization failure
  '53', // insufficient resources: disk full, too many connections
  '55P03', // lock not available
  '57', // operator intervention: shutdown, cancelled, cannot connect now
  '58', // system error; poolers use it for a lost server
  '25006', // read-only: a standby that has not been promoted yet
]

const sqlState = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** A copy that carries the text alone. */
const plain = (error: unknown): Error => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  const copy = new Error(message.replace(/postgres(ql)?:\/\/\S*/gi, 'the database') + code)
  if (stack) copy.stack = [copy.message, ...stack.split('\n').filter((line) => /^\s+at /.test(line))].join('\n')
  return copy
}

/** The database does not answer: kind `unavailable`, its cause without anything secret. */
export const databaseUnavailable = (cause: unknown): ChanceryError => {
  const error = new ChanceryError('unavailable', 'the database does not answer', {
    cause: plain(cause),
    retryAfterSeconds: 1,
  })
  return error
}

/**
 * The session is gone, or nobody knows: everything without an SQLSTATE (a reset, a timeout), and what the server says
 * as it ends a session.
 */
export const isSessionLost = (error: unknown): boolean => {
  const state = sqlState(error)
  return state === undefined || state.startsWith('08') || /^57P0[1-5]$/.test(state)
}

/**
 * For the catch around a driver's call.
 * @returns `unavailable` for what may pass by itself; an error of the statement as it is
 */
export const translateFailure = (error: unknown): unknown => {
  if (error instanceof ChanceryError || error instanceof TypeError || error instanceof RangeError) return error
  const state = sqlState(error)
  const passes = state === undefined || passing.some((prefix) => state.startsWith(prefix))
  return passes ? databaseUnavailable(error) : error
}

/** A row with this key is there already. `constraint`: only for the constraint or unique index of this name. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  sqlState(error) === '23505' &&
  (constraint === undefined || (error instanceof Error && 'constraint' in error && error.constraint === constraint))
