/**
 * Group commit: rows that are added at one time share one statement, and so one flush to the disk.
 *
 * There is no artificial delay: a row that finds the queue idle goes at once, and rows that arrive while it is on its way
 * make up the next batch. So a batch is as large as the load makes it.
 */
import { ChanceryError, unavailable } from '../errors.ts'

interface Options<Row> {
  /**
   * Writes all of the rows or none, and resolves when they are durable. Throws `unavailable` when the outcome is
   * unknown or the database does not answer, anything else when a row is at fault.
   */
  write: (rows: readonly Row[]) => Promise<void>
  /** In one statement. */
  maxRows: number
  /** Waiting for a statement. One more is refused. */
  maxQueued: number
  /** Statements at a time. Default: 1. */
  maxInFlight?: number
  /** Milliseconds that a row waits for its turn before it is refused. Default: 5000. */
  maxWait?: number
}

interface Waiting<Row> {
  readonly row: Row
  readonly since: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const busy = () => unavailable('too many writes are waiting for the database')

export class GroupCommit<Row> {
  readonly #write: Options<Row>['write']
  readonly #maxRows: number
  readonly #maxQueued: number
  readonly #maxInFlight: number
  readonly #maxWait: number
  readonly #waiting: Waiting<Row>[] = []
  #inFlight = 0
  #scheduled = false
  #timer: NodeJS.Timeout | undefined

  constructor({ write, maxRows, maxQueued, maxInFlight = 1, maxWait = 5_000 }: Options<Row>) {
    this.#write = write
    this.#maxRows = maxRows
    this.#maxQueued = maxQueued
    this.#maxInFlight = maxInFlight
    this.#maxWait = maxWait
  }

  /**
   * Resolves when the row is durable.
   * @throws unavailable when too much is waiting (nothing was written) or when the connection was lost during the
   *   write (it may have been); what `write` throws when this very row is at fault
   */
  add(row: Row): Promise<void> {
    if (this.#waiting.length >= this.#maxQueued) return Promise.reject(busy())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, since: performance.now(), resolve, reject })
      this.#schedule()
    })
  }

  /** What was added in this turn of the event loop goes together. */
  #schedule(): void {
    if (this.#scheduled) return
    if (this.#inFlight >= this.#maxInFlight) {
      this.#timer ??= setTimeout(() => this.#refuseOld(), this.#maxWait).unref()
      return
    }
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#waiting.length > 0 && this.#inFlight < this.#maxInFlight) void this.#flush()
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  /** The statements on their way take too long. What waits was never sent, so a refusal is the whole truth. */
  #refuseOld(): void {
    this.#timer = undefined
    const limit = performance.now() - this.#maxWait
    while (this.#waiting[0] && this.#waiting[0].since <= limit) this.#waiting.shift()?.reject(busy())
    const oldest = this.#waiting[0]
    if (oldest) this.#timer = setTimeout(() => this.#refuseOld(), oldest.since - limit).unref()
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#maxRows)
    this.#inFlight++
    try {
      await this.#write(batch.map(({ row }) => row))
      for (const { resolve } of batch) resolve()
    } catch (error) {
      await this.#settle(batch, error)
    } finally {
      this.#inFlight--
      if (this.#waiting.length > 0) this.#schedule()
    }
  }

  /** A statement failed. Unless the database is at fault, each row tries alone, so that one bad row refuses one request. */
  async #settle(batch: readonly Waiting<Row>[], error: unknown): Promise<void> {
    let outage = isOutage(error) ? error : undefined
    if (!outage && batch.length === 1) return batch[0]?.reject(error)
    for (const { row, resolve, reject } of batch) {
      if (outage) {
        reject(outage)
        continue
      }
      try {
        await this.#write([row])
        resolve()
      } catch (alone) {
        if (isOutage(alone)) outage = alone
        reject(alone)
      }
    }
  }
}

const isOutage = (error: unknown): boolean => error instanceof ChanceryError && error.kind === 'unavailable'
