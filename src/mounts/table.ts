/**
 * The mount table: which mount a path runs in. Small and read by every call, so a namespace's whole table is one
 * cache entry, dropped on every replica when any mount of it changes.
 */
import type { Mount, Namespace } from '../route.ts'
import { Cache } from '../store/cache.ts'
import type { Changes } from '../store/changes.ts'
import type { Db } from '../store/database.ts'
import { listMounts, type MountRecord } from '../store/mounts.ts'
import { effectiveMount, fullPath } from './mount.ts'

export interface ResolvedMount {
  mount: Mount
  /** What is left of the path below the mount. */
  rest: string
}

interface Table {
  records: readonly MountRecord[]
  byPath: ReadonlyMap<string, Mount>
  /** Of the paths, so that a hostile one with thousands of slashes is not looked up at each. */
  longest: number
}

export class MountTable {
  readonly #db: Db
  readonly #tables: Cache<Table>

  constructor({ db, changes }: { db: Db; changes: Changes }) {
    this.#db = db
    this.#tables = new Cache<Table>(changes, 'mount', { max: 1_000 })
  }

  async #table(namespace: string): Promise<Table> {
    const key = [namespace]
    const loaded =
      this.#tables.peek(key) ??
      (await this.#tables.get(key, async () => {
        const records = await listMounts(this.#db, namespace)
        const byPath = new Map(records.map((record) => [fullPath(record), effectiveMount(record)]))
        return { records, byPath, longest: Math.max(0, ...[...byPath.keys()].map((path) => path.length)) }
      }))
    return loaded ?? { records: [], byPath: new Map(), longest: 0 }
  }

  /** All mounts, sorted by class and path. */
  async records(namespace: Namespace): Promise<readonly MountRecord[]> {
    return (await this.#table(namespace.id)).records
  }

  /**
   * The mount with the longest path that prefixes `path` (no leading slash; `pki` finds `pki/`).
   * Mounts never overlap, so at most one prefix is there.
   */
  async resolve(namespace: Namespace, path: string): Promise<ResolvedMount | undefined> {
    const { byPath, longest } = await this.#table(namespace.id)
    for (let slash = path.indexOf('/'); slash >= 0 && slash < longest; slash = path.indexOf('/', slash + 1)) {
      const mount = byPath.get(path.slice(0, slash + 1))
      if (mount) return { mount, rest: path.slice(slash + 1) }
    }
    const mount = byPath.get(`${path}/`)
    return mount && { mount, rest: '' }
  }
}
