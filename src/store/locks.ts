/**
 * Locks of jobs: over all replicas at most one runs a job of a name.
 *
 * On Postgres a lock is a session-level advisory lock on a connection of its own, so it ends with that connection, and
 * with the process, whatever happens. In this process a mutex comes first; on the embedded store, where there is no
 * other process, that is all there is to it.
 */
import { createHash } from 'node:crypto'
import type pg from 'pg'
import { databaseUnavailable } from './failures.ts'

/** The key of an advisory lock: the first eight bytes of the name's SHA-256, as a signed bigint in decimal. */
const advisoryKey = (name: string): string =>
  createHash('sha256').update(`chancery job ${name}`).digest().readBigInt64BE().toString()

// The keep-alive lets the server notice within half a minute that the holder's machine is gone.
const tryLock = `
  select set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '3', false), pg_try_advisory_lock($1::bigint) as granted`

export class Locks {
  readonly #held = new Set<string>()
  readonly #newSession: (() => pg.Client) | undefined

  /** @param newSession a session past any pooler, not connected yet; absent on the embedded store */
  constructor(newSession?: () => pg.Client) {
    this.#newSession = newSession
  }

  /**
   * Runs `work` if nobody else, on any replica, runs under this name.
   * @param work its signal aborts when the lock is lost with its connection. A lock is no fence: what a job writes is
   *   a compare-and-set on what it has read
   * @returns what `work` returns; `undefined` when another holds the lock
   * @throws unavailable when the database does not answer
   */
  async withLock<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.#held.has(name)) return undefined
    this.#held.add(name)
    try {
      return await (this.#newSession
        ? withAdvisoryLock(this.#newSession(), advisoryKey(name), work)
        : work(new AbortController().signal))
    } finally {
      this.#held.delete(name)
    }
  }
}

const withAdvisoryLock = async <T>(
  session: pg.Client,
  key: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> => {
  const lost = new AbortController()
  session.on('error', () => lost.abort())
  session.on('end', () => lost.abort())
  try {
    if (!(await isGranted(session, key))) return undefined
    return await work(lost.signal)
  } finally {
    // The lock ends with its session. Not awaited: a dead server never answers the farewell.
    void session.end().catch(() => undefined)
  }
}

const isGranted = async (session: pg.Client, key: string): Promise<boolean> => {
  try {
    await session.connect()
    const { rows } = await session.query<{ granted: boolean }>(tryLock, [key])
    return rows[0]?.granted === true
  } catch (error) {
    throw databaseUnavailable(error)
  }
}
