import t from 'tap'
import { unavailable } from '../../src/errors.ts'
import { GroupCommit } from '../../src/store/group-commit.ts'

const refusal = (add: Promise<void>): Promise<unknown> =>
  add.then(
    () => 'written',
    (error: unknown) => error,
  )

/** A `write` that records its batches and settles when told to. */
const heldWrite = () => {
  const batches: { rows: readonly number[]; settle: PromiseWithResolvers<void> }[] = []
  let next = Promise.withResolvers<void>()
  return {
    batches,
    write: (rows: readonly number[]) => {
      const settle = Promise.withResolvers<void>()
      batches.push({ rows, settle })
      next.resolve()
      next = Promise.withResolvers()
      return settle.promise
    },
    /** Resolves when there have been `count` batches. */
    reached: async (count: number) => {
      while (batches.length < count) await next.promise
    },
  }
}

t.test('what arrives during a write makes up the next one, and each waits for its own', async (t) => {
  const held = heldWrite()
  const queue = new GroupCommit({ write: held.write, maxRows: 3, maxQueued: 100 })
  const done: number[] = []
  const add = (row: number) => queue.add(row).then(() => void done.push(row))
  const first = add(1)
  await held.reached(1)
  const rest = [2, 3, 4, 5].map(add)
  held.batches[0]?.settle.resolve()
  await first
  t.same(done, [1], 'durable before it resolves, and no sooner for the others')
  await held.reached(2)
  held.batches[1]?.settle.resolve()
  await held.reached(3)
  held.batches[2]?.settle.resolve()
  await Promise.all(rest)
  t.same(
    held.batches.map(({ rows }) => rows),
    [[1], [2, 3, 4], [5]],
  )
  t.same(done, [1, 2, 3, 4, 5])
})

t.test('what is added in one turn goes together', async (t) => {
  const held = heldWrite()
  const queue = new GroupCommit({ write: held.write, maxRows: 10, maxQueued: 100, maxInFlight: 2 })
  const all = [1, 2, 3].map((row) => queue.add(row))
  await held.reached(1)
  t.same(held.batches[0]?.rows, [1, 2, 3])
  const more = queue.add(4)
  await held.reached(2)
  t.same(held.batches[1]?.rows, [4], 'the second statement does not wait for the first')
  for (const { settle } of held.batches) settle.resolve()
  await Promise.all([...all, more])
})

t.test('one bad row refuses one request', async (t) => {
  const written: number[] = []
  const write = async (rows: readonly number[]) => {
    if (rows.includes(13)) throw new Error('13 is not to be written')
    written.push(...rows)
  }
  const queue = new GroupCommit({ write, maxRows: 10, maxQueued: 100 })
  const results = await Promise.allSettled([11, 12, 13, 14].map((row) => queue.add(row)))
  t.same(
    results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'written')),
    ['written', 'written', 'Error: 13 is not to be written', 'written'],
  )
  t.same(written, [11, 12, 14])
})

t.test('a database that is lost during the write fails the whole batch, and nothing is tried again', async (t) => {
  let writes = 0
  const write = () => {
    writes++
    return Promise.reject(unavailable('the database does not answer'))
  }
  const queue = new GroupCommit({ write, maxRows: 10, maxQueued: 100 })
  const results = await Promise.allSettled([1, 2, 3].map((row) => queue.add(row)))
  t.match(results, Array(3).fill({ status: 'rejected', reason: { kind: 'unavailable' } }))
  t.equal(writes, 1)
})

t.test('a database that is lost while rows are tried alone fails the rest', async (t) => {
  const write = async (rows: readonly number[]) => {
    if (rows.length > 1) throw new Error('one of them')
    if (rows[0] === 2) throw unavailable('the database does not answer')
  }
  const queue = new GroupCommit({ write, maxRows: 10, maxQueued: 100 })
  const results = await Promise.allSettled([1, 2, 3].map((row) => queue.add(row)))
  const gone = { status: 'rejected', reason: { kind: 'unavailable' } }
  t.match(results, [{ status: 'fulfilled' }, gone, gone])
})

t.test('a full queue refuses at once and says when to come back', async (t) => {
  const held = heldWrite()
  const queue = new GroupCommit({ write: held.write, maxRows: 1, maxQueued: 2 })
  const first = queue.add(1)
  await held.reached(1)
  const waiting = [queue.add(2), queue.add(3)]
  t.match(await refusal(queue.add(4)), { kind: 'unavailable', retryAfterSeconds: 1 })
  for (let count = 1; count <= 3; count++) {
    await held.reached(count)
    held.batches[count - 1]?.settle.resolve()
  }
  await Promise.all([first, ...waiting])
  t.same(
    held.batches.map(({ rows }) => rows),
    [[1], [2], [3]],
  )
})

t.test('a row that waits too long is refused and never written', async (t) => {
  const held = heldWrite()
  const queue = new GroupCommit({ write: held.write, maxRows: 1, maxQueued: 10, maxWait: 30 })
  const first = queue.add(1)
  await held.reached(1)
  // Keeps the process alive: the queue's own timer does not.
  const alive = setInterval(() => undefined, 10)
  t.match(await refusal(queue.add(2)), { kind: 'unavailable' })
  clearInterval(alive)
  held.batches[0]?.settle.resolve()
  await first
  const third = queue.add(3)
  await held.reached(2)
  t.same(held.batches[1]?.rows, [3])
  held.batches[1]?.settle.resolve()
  await third
})
