import fc from 'fast-check'
import t from 'tap'
import { Cache } from '../../src/store/cache.ts'
import type { Topic } from '../../src/store/changes.ts'

/** The part of `Changes` that a cache sees, driven by hand. */
const handMade = () => {
  const handlers: { topic: Topic; handler: (key: readonly string[]) => void }[] = []
  const resets: (() => void)[] = []
  const state = { fresh: true }
  return {
    state,
    fresh: () => state.fresh,
    subscribe: (topic: Topic, handler: (key: readonly string[]) => void) => void handlers.push({ topic, handler }),
    onReset: (handler: () => void) => void resets.push(handler),
    changed: (topic: Topic, ...key: string[]) => {
      for (const each of handlers) if (each.topic === topic) each.handler(key)
    },
    reset: () => {
      for (const reset of resets) reset()
    },
  }
}

const value =
  <V>(found: V) =>
  () =>
    Promise.resolve(found)
const never = () => Promise.reject(new Error('must not be loaded'))

t.test('serves a second get from memory', async (t) => {
  const cache = new Cache<string>(handMade(), 'role', { max: 10 })
  t.equal(cache.peek(['m', 'web']), undefined)
  t.equal(await cache.get(['m', 'web'], value('first')), 'first')
  t.equal(await cache.get(['m', 'web'], never), 'first')
  t.equal(cache.peek(['m', 'web']), 'first')
})

t.test('never keeps absence', async (t) => {
  const cache = new Cache<string>(handMade(), 'role', { max: 10 })
  t.equal(await cache.get(['m', 'web'], value(undefined)), undefined)
  t.equal(await cache.get(['m', 'web'], value('made since')), 'made since')
})

t.test('never takes one tuple for another', async (t) => {
  const cache = new Cache<string>(handMade(), 'role', { max: 10 })
  await cache.get(['a/b', 'c'], value('one'))
  await cache.get(['a', 'b/c'], value('two'))
  await cache.get(['a', 'b', 'c'], value('three'))
  await cache.get(['a'], value('four'))
  t.same(
    [['a/b', 'c'], ['a', 'b/c'], ['a', 'b', 'c'], ['a'], ['a', 'b']].map((key) => cache.peek(key)),
    ['one', 'two', 'three', 'four', undefined],
  )
})

t.test('drops the key that changed, and all below a shorter key, and nothing else', async (t) => {
  const changes = handMade()
  const cache = new Cache<string>(changes, 'role', { max: 10 })
  const keys = [
    ['m', 'web'],
    ['m', 'mail'],
    ['n', 'web'],
  ]
  const fill = () => Promise.all(keys.map((key) => cache.get(key, value(key.join()))))
  const kept = () => keys.filter((key) => cache.peek(key) !== undefined).map((key) => key.join())
  await fill()
  changes.changed('policy', 'm', 'web')
  t.same(kept(), ['m,web', 'm,mail', 'n,web'], 'another topic')
  changes.changed('role', 'm', 'web')
  t.same(kept(), ['m,mail', 'n,web'])
  await fill()
  changes.changed('role', 'm')
  t.same(kept(), ['n,web'])
  await fill()
  changes.changed('role')
  t.same(kept(), [])
  await fill()
  changes.reset()
  t.same(kept(), [])
})

t.test('a reader that races an invalidation leaves no stale entry', async (t) => {
  const changes = handMade()
  const cache = new Cache<string>(changes, 'role', { max: 10 })
  const read = Promise.withResolvers<string>()
  const reader = cache.get(['m', 'web'], () => read.promise)
  // The SELECT has seen the old row; before it is stored the row changes.
  changes.changed('role', 'm', 'web')
  read.resolve('old')
  t.equal(await reader, 'old', 'whoever asked before the change may be told the old')
  t.equal(cache.peek(['m', 'web']), undefined)
  t.equal(await cache.get(['m', 'web'], value('new')), 'new')
})

t.test('gets at one time share one load, unless an invalidation came between', async (t) => {
  const changes = handMade()
  const cache = new Cache<string>(changes, 'role', { max: 10 })
  const loads: PromiseWithResolvers<string>[] = []
  const load = () => {
    const next = Promise.withResolvers<string>()
    loads.push(next)
    return next.promise
  }
  const [first, second] = [cache.get(['m', 'web'], load), cache.get(['m', 'web'], load)]
  t.equal(loads.length, 1)
  changes.changed('role', 'm', 'web')
  const third = cache.get(['m', 'web'], load)
  t.equal(loads.length, 2, 'who asks after the change must not be told what was read before it')
  loads[0]?.resolve('old')
  loads[1]?.resolve('new')
  t.same(await Promise.all([first, second, third]), ['old', 'old', 'new'])
  t.equal(cache.peek(['m', 'web']), 'new')
})

t.test('a load that fails fails all who share it, and leaves nothing', async (t) => {
  const cache = new Cache<string>(handMade(), 'role', { max: 10 })
  const failing = () => Promise.reject(new Error('gone'))
  const results = await Promise.allSettled([cache.get(['m', 'web'], failing), cache.get(['m', 'web'], failing)])
  t.same(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  t.equal(await cache.get(['m', 'web'], value('back')), 'back')
})

t.test('without the lease it reads the database every time and keeps nothing', async (t) => {
  const changes = handMade()
  const cache = new Cache<string>(changes, 'role', { max: 10 })
  await cache.get(['m', 'web'], value('old'))
  changes.state.fresh = false
  t.equal(cache.peek(['m', 'web']), undefined)
  t.equal(await cache.get(['m', 'web'], value('new')), 'new')
  await cache.get(['m', 'mail'], value('mail'))
  changes.state.fresh = true
  t.equal(cache.peek(['m', 'mail']), undefined)
})

t.test('a load that outlives the lease is not kept', async (t) => {
  const changes = handMade()
  const cache = new Cache<string>(changes, 'role', { max: 10 })
  const read = Promise.withResolvers<string>()
  const reader = cache.get(['m', 'web'], () => read.promise)
  changes.state.fresh = false
  read.resolve('old')
  t.equal(await reader, 'old')
  changes.state.fresh = true
  t.equal(cache.peek(['m', 'web']), undefined)
})

t.test('holds no more than its size, and lets the oldest go', async (t) => {
  const cache = new Cache<number>(handMade(), 'token', { max: 2 })
  for (const n of [1, 2, 3]) await cache.get([String(n)], value(n))
  t.same(
    ['1', '2', '3'].map((key) => cache.peek([key])),
    [undefined, 2, 3],
  )
})

t.test(
  'property: whatever the order of reads, writes and notifications, what stays is what the database holds',
  async (t) => {
    const key = fc.constantFrom('web', 'mail')
    const step = fc.record({ kind: fc.constantFrom('read', 'write', 'write all'), key })
    const property = fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 2, maxLength: 12 }), async (s, steps) => {
        const changes = handMade()
        const cache = new Cache<number>(changes, 'role', { max: 10 })
        const database = new Map([
          ['web', 0],
          ['mail', 0],
        ])
        let notified = Promise.resolve()
        const pending = steps.map(async ({ kind, key }, at) => {
          await s.schedule(Promise.resolve(), `${kind} ${key}`)
          if (kind === 'read') {
            await cache.get(['m', key], async () => {
              await s.schedule(Promise.resolve(), 'select')
              const seen = database.get(key)
              await s.schedule(Promise.resolve(), 'answer')
              return seen
            })
            return
          }
          for (const each of kind === 'write' ? [key] : database.keys()) database.set(each, at + 1)
          // Postgres delivers notifications after the commit, in the order of commits.
          notified = notified
            .then(() => s.schedule(Promise.resolve(), 'notify'))
            .then(() => {
              if (kind === 'write') changes.changed('role', 'm', key)
              else changes.changed('role', 'm')
            })
        })
        await s.waitFor(Promise.all(pending))
        await s.waitFor(notified)
        for (const [name, current] of database) {
          const kept = cache.peek(['m', name])
          if (kept !== undefined && kept !== current) throw new Error(`${name} is ${current}, the cache says ${kept}`)
        }
      }),
      { numRuns: 300 },
    )
    await t.resolves(property)
  },
)
