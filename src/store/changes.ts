/**
 * How replicas agree: every change of something that is cached tells every replica, in the transaction that makes it.
 *
 * Three promises hold this together (the tests name them):
 * - A notification is sent with `pg_notify` inside the writing transaction, so it arrives after the commit is visible,
 *   in the order of commits, or not at all.
 * - The writing replica drops its own entries before `transaction` resolves, and so before it answers.
 * - `fresh()` is a lease: it is true only while a heartbeat sent less than 0.8 s ago has come back on the connection
 *   that listens. Notifications come in order, so whatever was committed before that heartbeat was sent has been seen.
 *   A half-open connection, which looks like a quiet one, ends the lease by itself.
 */
import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Log } from './log.ts'

const topics = ['mount', 'policy', 'token', 'audit', 'seal', 'role', 'issuer', 'pki-config', 'crl'] as const

export type Topic = (typeof topics)[number]

/**
 * Names what a transaction changes. The key goes from the general to the special (mount, then name); a shorter key
 * stands for everything below it, an empty one for all of the topic.
 */
export type Changed = (topic: Topic, ...key: string[]) => void

type Change = readonly [topic: Topic, ...key: string[]]

export const changesChannel = 'chancery_changes'

/** Postgres takes less than 8000 bytes in one notification. */
const payloadLimit = 7_900

/** Too much for one notification becomes "all of these topics". */
const encode = (changes: readonly Change[]): string => {
  const payload = JSON.stringify(changes)
  if (Buffer.byteLength(payload) <= payloadLimit) return payload
  return JSON.stringify([...new Set(changes.map(([topic]) => topic))].map((topic) => [topic]))
}

const decode = (payload: string): unknown[][] | undefined => {
  try {
    const changes: unknown = JSON.parse(payload)
    return Array.isArray(changes) && changes.every(Array.isArray) ? (changes as unknown[][]) : undefined
  } catch {
    return undefined
  }
}

const isTopic = (value: unknown): value is Topic => (topics as readonly unknown[]).includes(value)

const isKey = (key: readonly unknown[]): key is string[] => key.every((part) => typeof part === 'string')

/** One per process. `heartbeat` is absent on the embedded store, where this process is the only one. */
export class Changes {
  readonly #db: Db
  readonly #log: Log
  readonly #heartbeat: Heartbeat | undefined
  readonly #handlers = new Map<Topic, Set<(key: readonly string[]) => void>>()
  readonly #resets = new Set<() => void>()

  constructor({ db, log, heartbeat }: { db: Db; log: Log; heartbeat?: Heartbeat }) {
    this.#db = db
    this.#log = log
    this.#heartbeat = heartbeat
    heartbeat?.attach({ notified: (payload) => this.#receive(payload), reset: () => this.#reset() })
  }

  /**
   * Runs `work` in a transaction. Whatever it reports by `changed` is dropped on every replica: here before this
   * resolves, elsewhere within a second.
   * @throws what `work` throws, after a rollback; `unavailable` when the database does not answer, and then the
   *   transaction may have been committed all the same
   */
  async transaction<T>(work: (tx: Tx, changed: Changed) => Promise<T>): Promise<T> {
    const changes: Change[] = []
    try {
      return await this.#db.transaction().execute(async (tx) => {
        const result = await work(tx, (topic, ...key) => void changes.push([topic, ...key]))
        if (changes.length > 0 && this.#heartbeat) {
          await sql`select pg_notify(${changesChannel}, ${encode(changes)})`.execute(tx)
        }
        return result
      })
    } finally {
      // Also when it failed: a lost connection leaves the commit's outcome unknown, and dropping too much is harmless.
      for (const [topic, ...key] of changes) this.#drop(topic, key)
    }
  }

  /**
   * `handler` is called for every change of `topic` by any replica; an empty key means all of the topic. It must
   * neither wait nor throw.
   */
  subscribe(topic: Topic, handler: (key: readonly string[]) => void): void {
    const handlers = this.#handlers.get(topic) ?? new Set()
    this.#handlers.set(topic, handlers.add(handler))
  }

  /** `handler` is called when changes may have been missed, before `fresh()` is true again: drop everything. */
  onReset(handler: () => void): void {
    this.#resets.add(handler)
  }

  /** May what is cached be used at this moment? */
  fresh(): boolean {
    return this.#heartbeat ? this.#heartbeat.fresh() : true
  }

  /** The database's clock, which all replicas share. */
  now(): Date {
    return new Date(Date.now() + (this.#heartbeat?.offsetMilliseconds() ?? 0))
  }

  async close(): Promise<void> {
    await this.#heartbeat?.close()
  }

  #receive(payload: string): void {
    const changes = decode(payload)
    if (!changes) {
      this.#log.warn({ channel: changesChannel }, 'a notification that is none of ours: everything cached is dropped')
      this.#reset()
      return
    }
    for (const [topic, ...key] of changes) {
      // A topic of a newer version is nothing that we cache.
      if (isTopic(topic)) this.#drop(topic, isKey(key) ? key : [])
    }
  }

  #drop(topic: Topic, key: readonly string[]): void {
    for (const handler of this.#handlers.get(topic) ?? []) handler(key)
  }

  #reset(): void {
    for (const handler of this.#resets) handler()
  }
}
