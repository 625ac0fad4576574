/**
 * The scheduler. A job runs on one replica at a time: it takes a lock over all of them, and a replica that finds the
 * lock taken does nothing. What a job writes must survive losing that lock half-way (DESIGN, 'How replicas agree').
 */
import type { Job } from './route.ts'
import type { Locks } from './store/locks.ts'

export interface JobLog {
  error(details: object, message: string): void
}

export class Jobs {
  readonly #locks: Locks
  readonly #log: JobLog
  readonly #stop = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()
  /** No job has anything to do while the barrier is closed. */
  readonly #sealed: () => boolean

  constructor({ locks, log, sealed }: { locks: Locks; log: JobLog; sealed: () => boolean }) {
    this.#locks = locks
    this.#log = log
    this.#sealed = sealed
  }

  start(jobs: readonly Job[]): void {
    for (const job of jobs) this.#schedule(job)
  }

  #schedule(job: Job): void {
    if (this.#stop.signal.aborted) return
    // Spread a little, so that replicas that start together do not all reach for the lock in the same moment.
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        const run = this.#run(job).finally(() => {
          this.#running.delete(run)
          this.#schedule(job)
        })
        this.#running.add(run)
      },
      job.everySeconds * 1000 * (0.9 + 0.2 * Math.random()),
    )
    timer.unref()
    this.#timers.add(timer)
  }

  async #run(job: Job): Promise<void> {
    if (this.#sealed()) return
    try {
      await this.#locks.withLock(`job ${job.name}`, (lost) => job.run(AbortSignal.any([this.#stop.signal, lost])))
    } catch (error) {
      this.#log.error({ job: job.name, error }, 'job failed; it runs again at its next turn')
    }
  }

  /** Stops scheduling, asks what runs to end, and waits for it. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.allSettled(this.#running)
  }
}
