/** Opens the store: Postgres by URL, or the embedded one in the data folder. Everything above sees the same `Store`. */
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import { join } from 'node:path'
import { Changes, changesChannel } from './changes.ts'
import type { Database, Db } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { lockFolder } from './folder-lock.ts'
import { Heartbeat } from './heartbeat.ts'
import { Locks } from './locks.ts'
import type { Log } from './log.ts'
import { checkDatabaseUrl, newSession, openPool } from './postgres.ts'

export interface Store {
  readonly kind: 'embedded' | 'postgres'
  readonly db: Db
  readonly changes: Changes
  readonly locks: Locks
  /** Runs `work` on a connection of its own, past any pooler and with no limit of time: for migrations. */
  session<T>(work: (db: Db) => Promise<T>): Promise<T>
  close(): Promise<void>
}

interface Options {
  databaseUrl: string | undefined
  /** Leads past a transaction pooler. Default: `databaseUrl`. */
  databaseDirectUrl: string | undefined
  dataFolder: string
  log: Log
}

/** Connections of one replica for statements; locks and the listener have their own. */
const poolSize = 10

/**
 * @throws unavailable: Postgres does not answer; ConfigError: a URL is wrong, or the data folder is in use or cannot be
 *   opened
 */
export const openStore = async ({ databaseUrl, databaseDirectUrl, dataFolder, log }: Options): Promise<Store> =>
  databaseUrl === undefined
    ? openEmbeddedStore(dataFolder, log)
    : openPostgresStore(databaseUrl, databaseDirectUrl ?? databaseUrl, log)

const openPostgresStore = async (url: string, directUrl: string, log: Log): Promise<Store> => {
  checkDatabaseUrl('CHANCERY_DATABASE_URL', url)
  checkDatabaseUrl('CHANCERY_DATABASE_DIRECT_URL', directUrl)
  const prepare = url === directUrl
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: openPool({ url, log, size: poolSize, prepare, limitQueries: true }) }),
  })
  const heartbeat = new Heartbeat({ url: directUrl, channel: changesChannel, log })
  const changes = new Changes({ db, log, heartbeat })
  await heartbeat.start()
  return {
    kind: 'postgres',
    db,
    changes,
    locks: new Locks(() => newSession(directUrl)),
    session: async (work) => {
      const pool = openPool({ url: directUrl, log, size: 1, prepare: false, limitQueries: false })
      const session = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
      try {
        return await work(session)
      } finally {
        await session.destroy()
      }
    },
    close: async () => {
      await changes.close()
      await db.destroy()
    },
  }
}

const openEmbeddedStore = async (dataFolder: string, log: Log): Promise<Store> => {
  const lock = await lockFolder(dataFolder)
  try {
    const pglite = await openEmbedded(join(dataFolder, 'store'), log)
    const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite }) })
    const changes = new Changes({ db, log })
    return {
      kind: 'embedded',
      db,
      changes,
      locks: new Locks(),
      session: (work) => work(db),
      close: async () => {
        // Kysely closes only what it has used.
        await db.destroy()
        if (!pglite.closed) await pglite.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}
