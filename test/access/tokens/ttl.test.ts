import fc from 'fast-check'
import t from 'tap'
import { calculateTtl, type TtlRequest } from '../../../src/access/tokens/ttl.ts'

const now = new Date('2026-01-01T00:00:00Z')
const hours = 3600
const request = (over: Partial<TtlRequest> & { age?: number }): TtlRequest => ({
  increment: 0,
  period: 0,
  explicitMaxTtl: 0,
  defaultTtl: 768 * hours,
  maxTtl: 768 * hours,
  now,
  issuedAt: new Date(now.getTime() - (over.age ?? 0) * 1000),
  ...over,
})

t.test('gives the default when nothing is asked for', async (t) => {
  t.same(calculateTtl(request({})), { seconds: 768 * hours, warnings: [] })
})

t.test('caps to what is left of the maximum, counted from the issue, and says so', async (t) => {
  t.same(calculateTtl(request({ increment: 2 * hours, maxTtl: 2 * hours, age: hours })), {
    seconds: hours,
    warnings: ['TTL of "2h" exceeded the effective max_ttl of "1h"; TTL value is capped accordingly'],
  })
})

t.test('refuses to renew past the maximum', async (t) => {
  t.throws(() => calculateTtl(request({ maxTtl: hours, age: hours })), { message: 'past the max TTL, cannot renew' })
  t.throws(() => calculateTtl(request({ period: 60, explicitMaxTtl: hours, age: hours })), {
    message: 'past the max TTL, cannot renew',
  })
})

t.test('renews a periodic token for its period, for ever, whatever the mount says of its age', async (t) => {
  t.same(calculateTtl(request({ period: hours, age: 10_000 * hours })), { seconds: hours, warnings: [] })
})

t.test('caps the period itself to the maximum', async (t) => {
  t.same(calculateTtl(request({ period: 90 * 60, maxTtl: hours })), {
    seconds: hours,
    warnings: ['period of "1h30m" exceeded the effective max_ttl of "1h"; period value is capped accordingly'],
  })
})

t.test('never lets a token live past its explicit maximum', async () => {
  const seconds = fc.integer({ min: 0, max: 10_000 })
  fc.assert(
    fc.property(
      seconds,
      seconds,
      fc.integer({ min: 1, max: 10_000 }),
      seconds,
      (increment, period, explicitMaxTtl, age) => {
        try {
          const ttl = calculateTtl(
            request({ increment, period, explicitMaxTtl, age, maxTtl: 5_000, defaultTtl: 4_000 }),
          )
          return ttl.seconds > 0 && age + ttl.seconds <= explicitMaxTtl
        } catch {
          return age >= Math.min(explicitMaxTtl, period > 0 ? explicitMaxTtl : 5_000)
        }
      },
    ),
  )
})
