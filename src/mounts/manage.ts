/** Enable, tune, move and disable mounts: load, decide, record. */
import { randomUUID } from 'node:crypto'
import { invalidRequest } from '../errors.ts'
import type { Namespace } from '../route.ts'
import type { Changes } from '../store/changes.ts'
import type { Tx } from '../store/database.ts'
import {
  deleteMount,
  insertMount,
  insertMountMove,
  listMounts,
  lockMountPaths,
  updateMount,
  type MountRecord,
} from '../store/mounts.ts'
import {
  fullPath,
  mergeMountConfig,
  mountPath,
  newMount,
  pathConflict,
  withoutOuterSlashes,
  type MountConfigInput,
} from './mount.ts'

export interface MountType {
  class: 'secret' | 'auth'
  mountable: boolean
  /** Removes every row that the mount's engine has stored. */
  deleteData?: (tx: Tx, mountUuid: string) => Promise<void>
}

export interface MountDeps {
  changes: Changes
  /** What each engine type is, by name. */
  types: ReadonlyMap<string, MountType>
}

export interface EnableRequest {
  path: string
  type: string | undefined
  description: string | undefined
  config: MountConfigInput
  options: Record<string, string> | null
  local: boolean
  seal_wrap: boolean
  external_entropy_access: boolean
}

const find = (records: readonly MountRecord[], path: string): MountRecord | undefined =>
  records.find((record) => fullPath(record) === `${withoutOuterSlashes(path)}/`)

/** @throws invalid request: unknown type, reserved or overlapping path, TTLs out of order */
export const enableMount = async (deps: MountDeps, namespace: Namespace, request: EnableRequest): Promise<void> => {
  if (!request.type) throw invalidRequest('backend type must be specified as a string')
  const type = deps.types.get(request.type)
  if (type && !type.mountable) throw invalidRequest(`mount type of "${request.type}" is not mountable`)
  if (type?.class !== 'secret') throw invalidRequest(`plugin not found in the catalog: ${request.type}`)
  const path = mountPath(request.path)
  const mount = newMount({
    namespace: namespace.id,
    class: 'secret',
    path,
    type: request.type,
    description: request.description ?? '',
    config: mergeMountConfig({ default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false }, request.config, 0),
    options: request.options,
    local: request.local,
    seal_wrap: request.seal_wrap,
    external_entropy_access: request.external_entropy_access,
  })
  await deps.changes.transaction(async (tx, changed) => {
    await lockMountPaths(tx)
    const conflict = pathConflict(path, (await listMounts(tx, namespace.id)).map(fullPath))
    if (conflict) throw invalidRequest(conflict)
    await insertMount(tx, mount, deps.changes.now())
    changed('mount', namespace.id)
  })
}

/** @throws invalid request: no such mount, or values that contradict each other */
export const tuneMount = async (
  deps: MountDeps,
  namespace: Namespace,
  path: string,
  tune: MountConfigInput & { description?: string | undefined; options?: Record<string, string> | undefined },
): Promise<void> => {
  await deps.changes.transaction(async (tx, changed) => {
    await lockMountPaths(tx)
    const mount = find(await listMounts(tx, namespace.id), path)
    if (!mount) throw invalidRequest(`tune of path "${path}/" failed: no mount entry found`)
    if (mount.type === 'system') throw invalidRequest(`tune of path "${path}/" failed: cannot tune "${mount.path}"`)
    await updateMount(tx, mount.uuid, {
      path: mount.path,
      description: tune.description ?? mount.description,
      config: mergeMountConfig(mount.config, tune),
      options: tune.options ?? mount.options,
    })
    changed('mount', namespace.id)
  })
}

/** Deletes the mount and everything in it. A mount that is not there is no error. */
export const disableMount = async (deps: MountDeps, namespace: Namespace, path: string): Promise<void> => {
  await deps.changes.transaction(async (tx, changed) => {
    await lockMountPaths(tx)
    const mount = find(await listMounts(tx, namespace.id), path)
    if (!mount) return
    const type = deps.types.get(mount.type)
    if (!type?.mountable) throw invalidRequest(`cannot unmount "${mount.path}"`)
    await type.deleteData?.(tx, mount.uuid)
    await deleteMount(tx, mount.uuid)
    changed('mount', namespace.id)
  })
}

/**
 * Moves a mount: its UUID and accessor stay, so everything in it stays too.
 * @returns the migration's id: the move is done when this returns, clients poll its status all the same
 */
export const remount = async (deps: MountDeps, namespace: Namespace, from: string, to: string): Promise<string> => {
  const target = mountPath(to)
  const id = randomUUID()
  await deps.changes.transaction(async (tx, changed) => {
    await lockMountPaths(tx)
    const mounts = await listMounts(tx, namespace.id)
    const mount = find(mounts, withoutOuterSlashes(from))
    if (!mount) throw invalidRequest(`no matching mount at "${from}"`)
    if (!deps.types.get(mount.type)?.mountable || mount.class !== 'secret') {
      throw invalidRequest(`cannot remount "${fullPath(mount)}"`)
    }
    const others = mounts.filter((other) => other.uuid !== mount.uuid).map(fullPath)
    if (pathConflict(target, others)) throw invalidRequest(`path already in use at "${target}"`)
    await updateMount(tx, mount.uuid, { ...mount, path: target })
    const move = { id, namespace: namespace.id, source_mount: mount.path, target_mount: target }
    await insertMountMove(tx, move, deps.changes.now())
    changed('mount', namespace.id)
  })
  return id
}
