/** Stores to test on: a replica on a Postgres database, or an embedded store in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../src/store/log.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import { freshDataFolder } from './embedded.ts'
import { freshDatabase } from './postgres.ts'

interface Teardown {
  teardown(work: () => Promise<void> | void): void
}

export type TestLog = Log & { lines: { level: string; fields: object; message: string }[] }

/** Keeps what was logged. */
export const memoryLog = (): TestLog => {
  const lines: TestLog['lines'] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
  return { lines, info: at('info'), warn: at('warn'), error: at('error') }
}

/** A folder that goes at the teardown. */
export const freshFolder = (t: Teardown): string => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One replica. Two on one URL are two replicas. Closed at the teardown. */
export const openReplica = async (
  t: Teardown,
  databaseUrl: string,
  options: { directUrl?: string; log?: Log } = {},
): Promise<Store> => {
  const store = await openStore({
    databaseUrl,
    databaseDirectUrl: options.directUrl,
    dataFolder: '/nowhere',
    log: options.log ?? memoryLog(),
  })
  t.teardown(() => store.close())
  return store
}

/** Both kinds of store, migrated and empty. */
export const storeKinds: Record<Store['kind'], (t: Teardown) => Promise<Store>> = {
  postgres: async (t) => {
    // Teardowns run last first: the store closes before its database is dropped.
    const store = await openReplica(t, await freshDatabase(t))
    await migrate(store)
    return store
  },
  embedded: async (t) => {
    const store = await openStore({
      databaseUrl: undefined,
      databaseDirectUrl: undefined,
      dataFolder: await freshDataFolder(t),
      log: memoryLog(),
    })
    t.teardown(() => store.close())
    await migrate(store)
    return store
  },
}
