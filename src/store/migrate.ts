/** Brings the database's tables to this version: every file of `migrations/` in the order of names, once. */
import { sql } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { readdir } from 'node:fs/promises'
import { ChanceryError } from '../errors.ts'
import type { Db } from './database.ts'
import type { Store } from './open.ts'

const folder = new URL('../../migrations/', import.meta.url)

const ownMigrations = async (): Promise<Record<string, Migration>> => {
  const files = (await readdir(folder)).filter((file) => /^\d{4}-[a-z0-9-]+\.ts$/.test(file))
  const entries = files.map(async (file) => {
    const migration = (await import(new URL(file, folder).href)) as Migration
    return [file.replace(/\.ts$/, ''), migration] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

const nothing: Migration = { up: () => Promise.resolve() }

/**
 * What newer versions have done here. A migration runs under the old code too, so an old replica that starts during a
 * roll-out goes on; Kysely alone would call the unknown name a corruption.
 */
const newerMigrations = async (db: Db): Promise<Record<string, Migration>> => {
  const { rows: tables } = await sql<{ there: boolean }>`
    select to_regclass('kysely_migration') is not null as there`.execute(db)
  if (!tables[0]?.there) return {}
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return Object.fromEntries(rows.map(({ name }) => [name, nothing]))
}

/**
 * All pending migrations run in one transaction under a database lock, so replicas may start together: one migrates, the
 * others wait and find nothing to do.
 * @returns the names of those that ran
 * @throws unavailable, or `internal` naming the migration that failed; nothing has changed then
 */
export const migrate = (store: Pick<Store, 'session'>): Promise<string[]> =>
  store.session(async (db) => {
    const own = await ownMigrations()
    let newer = await newerMigrations(db)
    for (;;) {
      // Names that are ours win over the same names seen in the database.
      const migrations = { ...newer, ...own }
      const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } })
      const { error, results = [] } = await migrator.migrateToLatest()
      if (error === undefined) return results.map(({ migrationName }) => migrationName)
      if (error instanceof ChanceryError) throw error
      const seen = Object.keys(newer).length
      newer = await newerMigrations(db)
      // Another replica, perhaps of a newer version, has migrated between our look and our lock.
      if (Object.keys(newer).length > seen) continue
      const failed = results.find(({ status }) => status === 'Error')?.migrationName ?? 'the migrations'
      const reason = error instanceof Error ? error.message : 'unknown'
      throw new ChanceryError('internal', `${failed} failed: ${reason}`, { cause: error })
    }
  })
