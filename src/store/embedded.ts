/** The embedded store as Kysely's PGlite dialect wants it: the near end of `embedded-worker.ts`. */
import type { PGlite, PGliteQueryResults } from 'kysely'
import { Worker } from 'node:worker_threads'
import { ConfigError } from '../config.ts'
import { unavailable } from '../errors.ts'
import type { Reply, Request } from './embedded-worker.ts'
import type { Log } from './log.ts'

type WithoutId<R> = R extends { id: number } ? Omit<R, 'id'> : never
type Answer = Extract<Reply, { ok: true }>

/** A small Buffer is a window on a large shared pool, and a message would take all of it along. */
const compact = (value: unknown): unknown =>
  value instanceof Uint8Array && value.byteLength < value.buffer.byteLength ? Uint8Array.from(value) : value

class EmbeddedDatabase implements PGlite {
  readonly ready = true
  readonly waitReady = Promise.resolve()
  closed = false
  readonly #worker: Worker
  readonly #pending = new Map<number, PromiseWithResolvers<Answer>>()
  #requests = 0
  #dead = false

  constructor(worker: Worker, log: Log) {
    this.#worker = worker
    worker.on('message', (reply: Reply) => this.#settle(reply))
    worker.on('error', (error) => log.error({ err: error }, 'the embedded store stopped; restart the server'))
    worker.on('exit', () => this.#fail())
  }

  query<T>(text: string, parameters: unknown[] = []): Promise<PGliteQueryResults<T>> {
    return this.#query<T>(text, parameters, false)
  }

  async transaction<T>(work: Parameters<PGlite['transaction']>[0]): Promise<T> {
    await this.#send({ kind: 'begin' })
    let result: unknown
    try {
      result = await work({
        query: (text, parameters = []) => this.#query(text, parameters, true),
        rollback: async () => void (await this.#send({ kind: 'rollback' })),
      })
    } catch (error) {
      await this.#send({ kind: 'rollback' })
      throw error
    }
    await this.#send({ kind: 'commit' })
    return result as T
  }

  async close(): Promise<void> {
    this.closed = true
    if (!this.#dead) await this.#send({ kind: 'close' })
    await this.#worker.terminate()
  }

  async #query<T>(text: string, parameters: unknown[], inTransaction: boolean): Promise<PGliteQueryResults<T>> {
    const answer = await this.#send({ kind: 'query', text, parameters: parameters.map(compact), inTransaction })
    return { rows: answer.rows as T[], fields: answer.fields, affectedRows: answer.affectedRows }
  }

  async #send(request: WithoutId<Request>): Promise<Answer> {
    if (this.#dead) throw unavailable('the embedded store has stopped')
    const id = ++this.#requests
    const answer = Promise.withResolvers<Answer>()
    this.#pending.set(id, answer)
    this.#worker.postMessage({ ...request, id })
    return answer.promise
  }

  #settle(reply: Reply): void {
    const waiting = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if (reply.ok) waiting?.resolve(reply)
    else waiting?.reject(Object.assign(new Error(reply.message), reply.fields))
  }

  #fail(): void {
    this.#dead = true
    for (const { reject } of this.#pending.values()) reject(unavailable('the embedded store has stopped'))
    this.#pending.clear()
  }
}

/**
 * Opens the store in `folder`, or creates it (some seconds), in a thread of its own.
 * The caller holds the folder's lock.
 * @throws ConfigError when it cannot be opened
 */
export const openEmbedded = async (folder: string, log: Log): Promise<PGlite> => {
  const worker = new Worker(new URL('embedded-worker.ts', import.meta.url), {
    workerData: { folder },
    // Nothing of the process that starts us: no environment (PGlite reads PG* from it), no flags, no loaders.
    env: {},
    execArgv: [],
  })
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error)
      reject(new ConfigError(`CHANCERY_DATA: cannot open the embedded store in ${folder}: ${reason}`))
    }
    worker.once('message', () => {
      worker.off('error', fail)
      resolve()
    })
    worker.once('error', fail)
  })
  return new EmbeddedDatabase(worker, log)
}
