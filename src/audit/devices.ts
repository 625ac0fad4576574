/**
 * The audit devices of this replica: what the database says is enabled, open and with its HMAC key.
 *
 * An entry counts when at least one device took it. When none did the call is refused: before the backend runs if it
 * was the request, before the client sees anything if it was the reply. The effect of the latter stays, as in Vault.
 */
import { ChanceryError } from '../errors.ts'
import { rootNamespace } from '../route.ts'
import type { Barrier } from '../seal/barrier.ts'
import { listAuditDevices, type AuditDeviceRecord } from '../store/audit-devices.ts'
import { Cache } from '../store/cache.ts'
import type { Changes } from '../store/changes.ts'
import type { Db } from '../store/database.ts'
import type { Log } from '../store/log.ts'
import type { AuditRequest, AuditResponse } from './entry.ts'
import { FileDevice, type FileSurroundings } from './file-device.ts'
import { fileOptions } from './file-options.ts'

export interface AuditDevicesDeps extends FileSurroundings {
  readonly db: Db
  readonly changes: Changes
  readonly barrier: Barrier
  readonly log: Log
}

interface LiveDevice {
  readonly record: AuditDeviceRecord
  /** Started by its first entry, so that one device that cannot start does not stop the others. */
  device: FileDevice | undefined
  /** The last entry was not taken: said once in the server's log, not at every entry. */
  failing: boolean
}

/** Where the HMAC key of a device is at home: `Barrier`'s place. */
export const hmacKeyPlace = ({ namespace, path }: Pick<AuditDeviceRecord, 'namespace' | 'path'>): string[] => [
  'audit_devices',
  'hmac_key',
  namespace,
  path,
]

/** Devices belong to the root namespace, and see the calls of every namespace. */
const key = [rootNamespace.id]

export class AuditDevices {
  readonly #deps: AuditDevicesDeps
  readonly #records: Cache<readonly AuditDeviceRecord[]>
  /** By accessor: a device that is disabled and enabled again is another one, with another key. */
  #live = new Map<string, LiveDevice>()
  #liveFrom: readonly AuditDeviceRecord[] | undefined

  constructor(deps: AuditDevicesDeps) {
    this.#deps = deps
    this.#records = new Cache(deps.changes, 'audit', { max: 1 })
  }

  /** Ordered by path. */
  async list(): Promise<readonly AuditDeviceRecord[]> {
    return (await this.#records.get(key, () => listAuditDevices(this.#deps.db, rootNamespace.id))) ?? []
  }

  /**
   * To be awaited before the backend runs.
   * @throws `internal` when devices are enabled and none took the entry; `sealed`; `unavailable`
   */
  logRequest(request: AuditRequest): Promise<void> {
    return this.#log(request, (device) => device.logRequest(request))
  }

  /**
   * To be awaited before the reply is sent; `request` is the object that `logRequest` got.
   * @throws `internal` when devices are enabled and none took the entry; `sealed`; `unavailable`
   */
  async logResponse(request: AuditRequest, response: AuditResponse): Promise<void> {
    // The call that sealed the server has taken the keys from us. Vault does not record its reply either. Every other
    // call that was under way is refused from here on.
    if (this.#deps.barrier.sealed && request.path === 'sys/seal') return
    return this.#log(request, (device) => device.logResponse(request, response))
  }

  /** What the log of the device at `path` (ends in `/`) shows in the place of `text`; `undefined`: no such device. */
  async hash(path: string, text: string): Promise<string | undefined> {
    await this.#load()
    const live = [...this.#live.values()].find(({ record }) => record.path === path)
    return live && (live.device ??= this.#start(live.record)).hash(text)
  }

  /** SIGHUP: log rotation has moved the files. One that cannot be opened is logged, and tried again by the next entry. */
  reopen(): void {
    for (const { record, device } of this.#live.values()) {
      try {
        device?.reopen()
      } catch (error) {
        this.#deps.log.error({ err: error, device: record.path }, 'audit device cannot be reopened')
      }
    }
  }

  /** Writes what waits, closes every device and forgets the HMAC keys: when the server is sealed or ends. */
  close(): void {
    for (const { device } of this.#live.values()) device?.close()
    this.#live = new Map()
    this.#liveFrom = undefined
  }

  async #log(request: AuditRequest, append: (device: FileDevice) => Promise<void>): Promise<void> {
    // No await between here and `append` on the hot path: what was read is what is written to.
    if (!this.#isCurrent()) await this.#load()
    if (this.#live.size === 0) return
    const accepted = await Promise.all([...this.#live.values()].map((live) => this.#accepts(live, append)))
    if (!accepted.includes(true)) {
      throw new ChanceryError('internal', `no audit device took the entry of request ${request.id}`)
    }
  }

  async #accepts(live: LiveDevice, append: (device: FileDevice) => Promise<void>): Promise<boolean> {
    const { path } = live.record
    try {
      await append((live.device ??= this.#start(live.record)))
    } catch (error) {
      if (error instanceof ChanceryError && error.kind === 'sealed') throw error
      if (!live.failing) this.#deps.log.error({ err: error, device: path }, 'audit device does not take entries')
      live.failing = true
      return false
    }
    if (live.failing) this.#deps.log.info({ device: path }, 'audit device takes entries again')
    live.failing = false
    return true
  }

  #isCurrent(): boolean {
    return this.#liveFrom !== undefined && this.#records.peek(key) === this.#liveFrom
  }

  async #load(): Promise<void> {
    const records = await this.list()
    if (records === this.#liveFrom) return
    const live = new Map<string, LiveDevice>()
    for (const record of records) {
      live.set(record.accessor, this.#live.get(record.accessor) ?? { record, device: undefined, failing: false })
    }
    for (const [accessor, { device }] of this.#live) if (!live.has(accessor)) device?.close()
    this.#live = live
    this.#liveFrom = records
  }

  #start(record: AuditDeviceRecord): FileDevice {
    const hmacKey = this.#deps.barrier.decrypt(hmacKeyPlace(record), record.hmac_key)
    const device = new FileDevice(fileOptions(record.options), hmacKey, this.#deps)
    hmacKey.fill(0)
    return device
  }
}
