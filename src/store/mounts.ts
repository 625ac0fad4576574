import { sql } from 'kysely'
import type { MountConfig } from '../route.ts'
import type { Db, Tx } from './database.ts'

export interface MountRecord {
  readonly uuid: string
  readonly namespace: string
  readonly class: 'secret' | 'auth'
  /** Ends in `/`. */
  readonly path: string
  readonly type: string
  readonly accessor: string
  readonly description: string
  readonly config: MountConfig
  readonly options: Readonly<Record<string, string>> | null
  readonly local: boolean
  readonly seal_wrap: boolean
  readonly external_entropy_access: boolean
}

const columns = [
  'uuid',
  'namespace',
  'class',
  'path',
  'type',
  'accessor',
  'description',
  'config',
  'options',
  'local',
  'seal_wrap',
  'external_entropy_access',
] as const

/** Every mount of a namespace: a handful of rows, by the unique key (namespace, class, path). */
export const listMounts = async (db: Db | Tx, namespace: string): Promise<MountRecord[]> => {
  const rows = await db
    .selectFrom('mounts')
    .select(columns)
    .where('namespace', '=', namespace)
    .orderBy('class')
    .orderBy('path')
    .execute()
  return rows.map((row) => ({ ...row, config: row.config as unknown as MountConfig }))
}

/**
 * Two mounts may not overlap, and a unique key cannot say "is no prefix of": whoever changes paths takes this lock
 * first, for the length of its transaction.
 */
export const lockMountPaths = async (tx: Tx): Promise<void> => {
  await sql`lock table mounts in share row exclusive mode`.execute(tx)
}

export const insertMount = async (tx: Tx, mount: MountRecord, now: Date): Promise<void> => {
  await tx
    .insertInto('mounts')
    .values({
      ...mount,
      config: JSON.stringify(mount.config),
      options: JSON.stringify(mount.options),
      created_at: now,
    })
    .execute()
}

export const updateMount = async (
  tx: Tx,
  uuid: string,
  change: Pick<MountRecord, 'path' | 'description' | 'config' | 'options'>,
): Promise<void> => {
  await tx
    .updateTable('mounts')
    .set({
      path: change.path,
      description: change.description,
      config: JSON.stringify(change.config),
      options: JSON.stringify(change.options),
    })
    .where('uuid', '=', uuid)
    .execute()
}

export const deleteMount = async (tx: Tx, uuid: string): Promise<void> => {
  await tx.deleteFrom('mounts').where('uuid', '=', uuid).execute()
}

export interface MountMove {
  id: string
  namespace: string
  source_mount: string
  target_mount: string
}

export const insertMountMove = async (tx: Tx, move: MountMove, now: Date): Promise<void> => {
  await tx
    .insertInto('mount_moves')
    .values({ ...move, moved_at: now })
    .execute()
}

export const findMountMove = async (db: Db, namespace: string, id: string): Promise<MountMove | undefined> =>
  db
    .selectFrom('mount_moves')
    .select(['id', 'namespace', 'source_mount', 'target_mount'])
    .where('id', '=', id)
    .where('namespace', '=', namespace)
    .executeTakeFirst()
