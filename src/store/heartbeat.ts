/**
 * The connection that listens, and the heartbeat on it: what makes `Changes` a lease and brings the database's clock.
 *
 * A beat is a notification that we send to ourselves on the listening connection. Postgres delivers notifications in the order of commits, so a
 * beat that has come back proves that everything committed before it was sent has been delivered too. The lease
 * therefore counts from when the beat was sent, not from when it came back.
 */
import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError } from '../config.ts'
import { databaseUnavailable } from './failures.ts'
import type { Log } from './log.ts'
import { newSession } from './postgres.ts'

/** Milliseconds. */
const beatEvery = 250
const leaseFor = 800
/** A beat not back by then: the connection is dead. */
const beatTimeout = 2_000
const firstPause = 100
const longestPause = 5_000
const offsetWorthALine = 5_000

interface Listener {
  notified(payload: string): void
  /** Notifications may have been missed. Called before the lease begins again. */
  reset(): void
}

/** Thrown when the database answers and yet no notification arrives. */
class NotificationMissing extends Error {}

export class Heartbeat {
  readonly #url: string
  readonly #channel: string
  readonly #log: Log
  readonly #beatChannel = `chancery_beat_${randomBytes(8).toString('hex')}`
  readonly #closing = new AbortController()
  #listener: Listener | undefined
  #running: Promise<void> = Promise.resolve()
  /** When the last beat that came back was sent. Both clocks: the monotonic one stands still while a machine sleeps. */
  #sent = { monotonic: -Infinity, wall: -Infinity }
  #offset = 0
  #offsetLogged = false
  #beats = 0

  /** @param options.channel whose notifications go to the listener */
  constructor({ url, channel, log }: { url: string; channel: string; log: Log }) {
    this.#url = url
    this.#channel = channel
    this.#log = log
  }

  attach(listener: Listener): void {
    this.#listener = listener
  }

  /**
   * Connects, and keeps connected from then on.
   * @returns when the first beat is back
   * @throws unavailable when the database does not answer; ConfigError when it does but carries no notification
   */
  async start(): Promise<void> {
    const first = Promise.withResolvers<void>()
    this.#running = this.#run(first.resolve).catch((error: unknown) => {
      first.reject(error instanceof ConfigError ? error : databaseUnavailable(error))
    })
    await first.promise
  }

  /** Sent less than 0.8 s ago and come back? */
  fresh(): boolean {
    return performance.now() - this.#sent.monotonic < leaseFor && Date.now() - this.#sent.wall < leaseFor
  }

  /** What to add to the local clock to get the database's. */
  offsetMilliseconds(): number {
    return this.#offset
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  /** Rejects only when there has been no beat yet. */
  async #run(firstBeat: () => void): Promise<void> {
    const { signal } = this.#closing
    let pause = firstPause
    let started = false
    let saidLost = false
    while (!signal.aborted) {
      try {
        await this.#listen(() => {
          if (saidLost) this.#log.info({}, 'the database connection that listens for changes is back')
          firstBeat()
          started = true
          saidLost = false
          pause = firstPause
        })
      } catch (error) {
        if (signal.aborted) return
        if (!started) throw startFailure(error)
        if (!saidLost) {
          const reason = error instanceof Error ? error.message : 'unknown'
          this.#log.warn(
            { reason },
            'the database connection that listens for changes was lost; caches are off until it is back',
          )
        }
        saidLost = true
      }
      this.#endLease()
      // Up to half as long again, so that replicas do not come back all at once.
      await sleep(pause * (1 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
      pause = Math.min(pause * 2, longestPause)
    }
  }

  /** One connection, from its first byte to its end. Never returns normally but for `close`. */
  async #listen(onBeat: () => void): Promise<void> {
    const { signal } = this.#closing
    const socket = new Socket()
    const client = newSession(this.#url, { stream: () => socket })
    // The one wait of the moment ends when the connection does. (A promise to race against would gather a reaction
    // for every beat of its life.)
    let lost: Error | undefined
    let endWait = (_error: Error): void => undefined
    const lose = (error: Error): void => endWait((lost ??= error))
    const orLost = <T>(work: Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        endWait = reject
        work.then(resolve, reject)
        if (lost) reject(lost)
      })
    const cut = (): void => lose(new Error('closed'))
    signal.addEventListener('abort', cut, { once: true })
    client.on('error', lose)
    client.on('end', () => lose(new Error('the server closed the connection')))
    const returned = new Map<string, () => void>()
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === this.#beatChannel) returned.get(payload)?.()
      else if (channel === this.#channel) this.#listener?.notified(payload)
    })
    try {
      await orLost(client.connect())
      const listening = client.query(`listen ${this.#channel}; listen ${this.#beatChannel}`)
      await orLost(within(beatTimeout, listening, 'the database does not answer'))
      // From here on nothing is missed; what was before must not be trusted.
      this.#listener?.reset()
      for (;;) {
        const nonce = String(++this.#beats)
        const sent = { monotonic: performance.now(), wall: Date.now() }
        const back = new Promise<void>((resolve) => returned.set(nonce, resolve))
        const answer = client.query<{ now: number }>({
          text: 'select pg_notify($1, $2), extract(epoch from clock_timestamp())::float8 * 1000 as now',
          values: [this.#beatChannel, nonce],
        })
        const { rows } = await orLost(within(beatTimeout, answer, 'the heartbeat was not answered'))
        this.#readClock(sent.wall, rows[0]?.now)
        await orLost(within(beatTimeout, back, new NotificationMissing('no notification arrives')))
        returned.delete(nonce)
        this.#sent = sent
        onBeat()
        await orLost(sleep(Math.max(0, sent.monotonic + beatEvery - performance.now())))
      }
    } finally {
      signal.removeEventListener('abort', cut)
      this.#endLease()
      // A dead peer would never acknowledge a polite end.
      socket.destroy()
    }
  }

  #endLease(): void {
    this.#sent = { monotonic: -Infinity, wall: -Infinity }
  }

  /** The database read its clock somewhere between our sending and now. */
  #readClock(sentAt: number, databaseTime: number | undefined): void {
    if (databaseTime === undefined) return
    this.#offset = Math.round(databaseTime - (sentAt + Date.now()) / 2)
    const large = Math.abs(this.#offset) > offsetWorthALine
    if (large && !this.#offsetLogged) {
      const offsetSeconds = Math.round(this.#offset / 1000)
      this.#log.warn({ offsetSeconds }, "this machine's clock is off; the database's is used")
    }
    this.#offsetLogged = large
  }
}

const startFailure = (error: unknown): unknown =>
  error instanceof NotificationMissing
    ? new ConfigError(
        'CHANCERY_DATABASE_DIRECT_URL: the database sends no notifications here; behind a transaction pooler this must lead past it',
      )
    : error

const within = async <T>(milliseconds: number, work: Promise<T>, failure: Error | string): Promise<T> => {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => timeout.reject(typeof failure === 'string' ? new Error(failure) : failure),
    milliseconds,
  )
  try {
    return await Promise.race([work, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
