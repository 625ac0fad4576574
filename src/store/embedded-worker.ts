/**
 * The thread that PGlite runs in: a query blocks its thread for as long as it takes. One message in, one out, by `id`;
 * `embedded.ts` is the other end.
 */
import { PGlite, types, type Transaction } from '@electric-sql/pglite'
import { parentPort, workerData } from 'node:worker_threads'

export type Request = { id: number } & (
  | { kind: 'query'; text: string; parameters: unknown[]; inTransaction: boolean }
  | { kind: 'begin' | 'commit' | 'rollback' | 'close' }
)

/** An error of the database loses all but its message on the way between threads, so its fields travel apart. */
export type Reply =
  | { id: number; ok: true; rows: unknown[]; fields: { name: string; dataTypeID: number }[]; affectedRows: number }
  | { id: number; ok: false; message: string; fields: Record<string, string> }

const port = parentPort
if (!port) throw new Error('embedded-worker.ts runs in a worker thread')

const { folder } = workerData as { folder: string }
// Durable as far as the embedded store can be: the write-ahead log is written out before a query is answered.
const pglite = await PGlite.create({
  dataDir: folder,
  relaxedDurability: false,
  // bigint and numeric as numbers, as on Postgres.
  parsers: { [types.INT8]: Number, [types.NUMERIC]: Number },
})

let transaction: { tx: Transaction; end: PromiseWithResolvers<void>; done: Promise<void> } | undefined

/** PGlite's own transaction holds the instance exclusively until its callback ends. */
const begin = async (): Promise<void> => {
  const begun = Promise.withResolvers<Transaction>()
  const end = Promise.withResolvers<void>()
  const done = pglite.transaction(async (tx) => {
    begun.resolve(tx)
    await end.promise
  })
  done.catch(begun.reject)
  transaction = { tx: await begun.promise, end, done }
}

const finish = async (kind: 'commit' | 'rollback'): Promise<void> => {
  const ending = transaction
  transaction = undefined
  if (!ending) return
  if (kind === 'commit') {
    ending.end.resolve()
    await ending.done
  } else {
    ending.end.reject(new Error('rollback'))
    await ending.done.catch(() => undefined)
  }
}

const answer = async (request: Request): Promise<Reply> => {
  const { id } = request
  let [rows, fields, affectedRows]: [unknown[], { name: string; dataTypeID: number }[], number] = [[], [], 0]
  if (request.kind === 'query') {
    // Outside a transaction PGlite lets it wait for the end of one.
    const target = request.inTransaction ? transaction?.tx : pglite
    if (!target) throw new Error('the transaction has ended')
    const result = await target.query(request.text, request.parameters)
    ;({ rows, fields, affectedRows = 0 } = result)
  } else if (request.kind === 'begin') await begin()
  else if (request.kind === 'close') await pglite.close()
  else await finish(request.kind)
  return { id, ok: true, rows, fields, affectedRows }
}

const failure = (id: number, error: unknown): Reply => {
  if (!(error instanceof Error)) return { id, ok: false, message: String(error), fields: {} }
  const fields = Object.entries(error).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { id, ok: false, message: error.message, fields: Object.fromEntries(fields) }
}

port.on('message', (request: Request) => {
  void answer(request)
    .catch((error: unknown) => failure(request.id, error))
    .then((reply) => port.postMessage(reply))
})
port.postMessage('ready')
