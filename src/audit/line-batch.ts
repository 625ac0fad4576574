/** One write for all the lines of a turn of the event loop. */
import type { Output } from './output.ts'

export class LineBatch {
  readonly #output: Output
  #lines = ''
  #accepted: PromiseWithResolvers<void> | undefined

  constructor(output: Output) {
    this.#output = output
  }

  /** Resolves when the output has taken the line; lines keep their order. Rejects every line of a batch that failed. */
  append(line: string): Promise<void> {
    if (!this.#accepted) {
      this.#accepted = Promise.withResolvers<void>()
      // Right after the callbacks of this turn, which bring the requests that wait on their sockets.
      setImmediate(() => this.flush())
    }
    this.#lines += line
    return this.#accepted.promise
  }

  /** Writes what waits, now. */
  flush(): void {
    const accepted = this.#accepted
    if (!accepted) return
    const lines = this.#lines
    this.#accepted = undefined
    this.#lines = ''
    try {
      Promise.resolve(this.#output.write(lines)).then(accepted.resolve, accepted.reject)
    } catch (error) {
      accepted.reject(error)
    }
  }
}
