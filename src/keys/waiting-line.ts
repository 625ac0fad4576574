/** First come, first served: so much work at a time, so much that waits, and no more. */
import { unavailable } from '../errors.ts'

export class WaitingLine {
  readonly #maxRunning: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({ maxRunning, maxWaiting }: { maxRunning: number; maxWaiting: number }) {
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  /** @throws unavailable when too much waits already; `work` has not begun then */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running++
    else if (this.#waiting.length >= this.#maxWaiting) throw unavailable('too many requests wait for new keys')
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Whoever is next takes this place over, so that nobody comes in between.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
