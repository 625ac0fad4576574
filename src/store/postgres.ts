/** Connections to a Postgres server: the pool for Kysely, and sessions of their own for what a pooler cannot carry. */
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { ConfigError } from '../config.ts'
import { databaseUnavailable, isSessionLost, translateFailure } from './failures.ts'
import type { Log } from './log.ts'

/** bigint and numeric as numbers: nothing that we count comes near 2^53. */
const int8 = 20
const numeric = 1700

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === int8 || oid === numeric ? Number : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
}

/** Milliseconds to connect, or to wait for a free connection of the pool. */
const connectTimeout = 5_000
/** Milliseconds a statement may take before its connection counts as dead. Long work goes in batches below this. */
const queryTimeout = 30_000

const base = (url: string): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'chancery',
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  connectionTimeoutMillis: connectTimeout,
  types,
})

/** @throws ConfigError naming the setting; what is wrong with the URL could quote its password */
export const checkDatabaseUrl = (setting: string, url: string): void => {
  try {
    new pg.Client({ connectionString: url })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ConfigError(`${setting}: not a database URL that can be used${code}`)
  }
}

/**
 * For a lock or for listening, so each of its statements is answered at once or never. Not connected yet.
 * `stream`: the socket, for a caller that must be able to cut the connection.
 */
export const newSession = (url: string, options: pg.ClientConfig = {}): pg.Client =>
  new pg.Client({ ...base(url), query_timeout: connectTimeout, ...options })

/** Statements to prepare: few, hot, and always of one text. */
const prepared = new Map<string, string>()

/** Registers `text` to be parsed and planned once per connection under `name`. Returns it as it is. */
export const preparedStatement = (name: string, text: string): string => {
  prepared.set(text, name)
  return text
}

interface PoolOptions {
  url: string
  log: Log
  size: number
  /** Name hot statements. A transaction pooler hands each transaction to another session, which may not know them. */
  prepare: boolean
  /** Without it a statement has all the time it wants. */
  limitQueries: boolean
}

/**
 * What this replica gives up, or dies over, the server must give up too: it notices a lost client only when it has
 * something to say to it. Until then a statement that waits for a lock stays, one more with each try, and a dead
 * replica's open transaction keeps its locks.
 */
const serverLimits = `
  select set_config('statement_timeout', '${queryTimeout - 1_000}', false),
    set_config('idle_in_transaction_session_timeout', '${2 * queryTimeout}', false)`

/** A pool as Kysely wants it, whose every failure has been through `translateFailure`. */
export const openPool = ({ url, log, size, prepare, limitQueries }: PoolOptions): PostgresPool => {
  const pool = new pg.Pool({
    ...base(url),
    max: size,
    ...(limitQueries ? { query_timeout: queryTimeout } : {}),
    // A transaction pooler would hand the settings to others' sessions; it looks after its clients itself.
    ...(limitQueries && prepare ? { onConnect: async (client) => void (await client.query(serverLimits)) } : {}),
  })
  pool.on('error', (error) => {
    if (!pool.ending) log.warn({ reason: error.message }, 'an idle database connection was lost')
  })
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  const guard = (client: pg.PoolClient): PostgresPoolClient => {
    let guarded = known.get(client)
    if (!guarded) known.set(client, (guarded = guardClient(client, prepare)))
    return guarded
  }
  return {
    options: pool.options,
    connect: async () => {
      try {
        return guard(await pool.connect())
      } catch (error) {
        // Whatever the server has against us, the statement is not at fault.
        throw databaseUnavailable(error)
      }
    },
    end: () => pool.end(),
  }
}

const guardClient = (client: pg.PoolClient, prepare: boolean): PostgresPoolClient => {
  let lost: unknown
  // The pool listens to idle clients only; an error between two statements of a transaction would end the process.
  client.on('error', (error) => {
    lost = databaseUnavailable(error)
  })
  const query = async (text: string, parameters: readonly unknown[]) => {
    // After a timeout the connection still waits for its answer; nothing more may be sent on it.
    if (lost) throw lost
    const name = prepare ? prepared.get(text) : undefined
    try {
      return await client.query({ text, values: [...parameters], ...(name ? { name } : {}) })
    } catch (error) {
      const failure = translateFailure(error)
      if (isSessionLost(error)) lost = failure
      throw failure
    }
  }
  return {
    // Kysely also calls it with a cursor, but only where the dialect was given one.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || lost !== undefined),
  }
}
