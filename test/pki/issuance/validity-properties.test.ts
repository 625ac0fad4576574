/** What holds of every validity, whatever is asked, allowed and on the clock. */
import fc from 'fast-check'
import t from 'tap'
import { generateKey } from '../../../src/keys/generate.ts'
import { formatTime } from '../../../src/pki/issuance/rfc3339.ts'
import {
  type LeafNotAfterBehavior,
  planValidity,
  type Validity,
  type ValidityBounds,
} from '../../../src/pki/issuance/validity.ts'
import { roleDefaults } from '../../../src/pki/roles/role.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { makeLeaf, makeRoot } from '../../support/authority.ts'

const minute = 60
const year = 366 * 86_400
const [first, last] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59Z')]

/** Where calendars, encodings and numbers change. */
const edges = [
  '0001-01-01T00:00:00Z',
  '0099-12-31T23:59:59Z',
  '1949-12-31T23:59:59Z',
  '1950-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '1970-01-01T00:00:00Z',
  '2024-02-29T12:00:00Z',
  '2026-03-01T12:00:00Z',
  '2038-01-19T03:14:08Z',
  '2049-12-31T23:59:59Z',
  '2050-01-01T00:00:00Z',
  '9998-12-31T00:00:00Z',
  '9999-12-31T23:59:29Z',
  '9999-12-31T23:59:59Z',
].map((text) => new Date(text))

const wholeSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000)
const anyTime = fc.oneof(
  fc.constantFrom(...edges),
  fc.date({ min: new Date(first), max: new Date(last), noInvalidDate: true }).map(wholeSecond),
)
/** With a fraction of a second, as clocks have. */
const anyClock = fc.tuple(anyTime, fc.integer({ min: 0, max: 999 })).map(([time, ms]) => new Date(+time + ms))
const anySeconds = fc.oneof(
  fc.constantFrom(0, 1, 29, 30, 31, minute, year),
  fc.integer({ min: 0, max: 20 * year }),
  fc.maxSafeNat(),
)
const anyNotAfter = fc.oneof(fc.constant(''), fc.constant(''), anyTime.map(formatTime))
const behaviours: readonly LeafNotAfterBehavior[] = ['err', 'truncate', 'permit']

interface Case {
  clock: Date
  role: { ttl: number; max_ttl: number; not_after: string; not_before_duration: number }
  request: { ttl: number; not_after: string }
  mount: { defaultLeaseTtl: number; maxLeaseTtl: number }
  end: Date
  behaviour: LeafNotAfterBehavior
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  clock: anyClock,
  role: fc.record({ ttl: anySeconds, max_ttl: anySeconds, not_after: anyNotAfter, not_before_duration: anySeconds }),
  request: fc.record({ ttl: anySeconds, not_after: anyNotAfter }),
  mount: fc.record({
    defaultLeaseTtl: fc.integer({ min: 1, max: year }),
    maxLeaseTtl: fc.integer({ min: 1, max: 20 * year }),
  }),
  end: anyTime,
  behaviour: fc.constantFrom(...behaviours),
})

/** `undefined` where it is refused. @throws what is no refusal */
const plan = ({ clock, role, request, mount, end, behaviour }: Case): Validity | undefined => {
  const bounds: ValidityBounds = { ...mount, issuer: { notAfter: end, leafNotAfterBehavior: behaviour } }
  try {
    return planValidity(clock, { ...roleDefaults, ...role }, request, bounds)
  } catch (error) {
    if ((error as { kind?: string }).kind === 'invalid request') return undefined
    throw error
  }
}

/** Milliseconds, by the longest road: what is asked, then one bound after the other. */
const model = ({ clock, role, request, mount, end, behaviour }: Case): { from: number; to: number } | undefined => {
  const now = clock.getTime()
  const fixed = role.not_after || request.not_after
  if (fixed && request.ttl > 0) return undefined
  const asked = fixed ? Date.parse(fixed) : now + (request.ttl || role.ttl || mount.defaultLeaseTtl) * 1000
  const mountBinds = role.not_after === '' && role.max_ttl === 0
  const most = [role.max_ttl > 0 ? role.max_ttl : Infinity, mountBinds ? mount.maxLeaseTtl : Infinity]
  let to = Math.min(asked, last, ...most.map((seconds) => now + seconds * 1000))
  if (to > end.getTime() && behaviour === 'err') return undefined
  if (behaviour === 'truncate') to = Math.min(to, end.getTime())
  to = Math.floor(to / 1000) * 1000
  const from = Math.floor(Math.max(now - (role.not_before_duration || 30) * 1000, first) / 1000) * 1000
  return from < to && to >= now ? { from, to } : undefined
}

t.test('the interval is what was asked, cut to every bound', async () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      const [found, wanted] = [plan(one), model(one)]
      return found?.notBefore.getTime() === wanted?.from && found?.notAfter.getTime() === wanted?.to
    }),
    { numRuns: 20_000 },
  )
})

t.test('a plan is never empty, never over, never outside of the years that a certificate can say', async () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      const found = plan(one)
      if (!found) return true
      const { notBefore, notAfter } = found
      return (
        notBefore < notAfter &&
        notAfter >= wholeSecond(one.clock) &&
        notBefore <= one.clock &&
        notBefore.getUTCFullYear() >= 0 &&
        notAfter.getUTCFullYear() <= 9999
      )
    }),
    { numRuns: 5000 },
  )
})

t.test('a warning is given if and only if a maximum shortened what was asked', async () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      const found = plan(one)
      if (!found) return true
      const { clock, role, request, mount } = one
      const fixed = role.not_after || request.not_after
      const most = role.max_ttl || (role.not_after ? Infinity : mount.maxLeaseTtl)
      const asked = fixed
        ? (Date.parse(fixed) - clock.getTime()) / 1000
        : request.ttl || role.ttl || mount.defaultLeaseTtl
      return found.warnings.length === (asked > most ? 1 : 0)
    }),
    { numRuns: 5000 },
  )
})

t.test('who asks for more does not get less', async () => {
  fc.assert(
    fc.property(anyCase, anySeconds, (one, more) => {
      const asked = {
        ...one,
        behaviour: 'truncate' as const,
        request: { ttl: Math.max(one.request.ttl, 1), not_after: '' },
      }
      const longer = {
        ...asked,
        request: { ttl: Math.min(asked.request.ttl + more, Number.MAX_SAFE_INTEGER), not_after: '' },
      }
      const [short, long] = [plan(asked), plan(longer)]
      return !short || !long || short.notAfter <= long.notAfter
    }),
    { numRuns: 5000 },
  )
})

t.test('a clock that goes on never moves an interval back', async () => {
  fc.assert(
    fc.property(anyCase, fc.integer({ min: 0, max: year }), (one, seconds) => {
      const later = { ...one, clock: new Date(Math.min(one.clock.getTime() + seconds * 1000, last)) }
      const [a, b] = [plan(one), plan(later)]
      return !a || !b || (a.notBefore <= b.notBefore && a.notAfter <= b.notAfter)
    }),
    { numRuns: 5000 },
  )
})

t.test('what is planned is what a certificate says, from the year 1 to the year 9999', async (t) => {
  const root = await makeRoot()
  const { spki } = await generateKey('ec', 256)
  let certificates = 0
  const check = async (one: Case) => {
    const found = plan(one)
    if (!found) return
    certificates++
    const leaf = parseCertificate(
      await makeLeaf(root, { spki, ...found, sans: [{ kind: 'dns', value: 'a.example.com' }] }),
    )
    t.same([leaf.notBefore, leaf.notAfter], [found.notBefore, found.notAfter])
  }
  const plain = { ttl: 0, max_ttl: 0, not_after: '', not_before_duration: 0 }
  const mount = { defaultLeaseTtl: minute, maxLeaseTtl: year }
  for (const clock of edges) {
    for (const behaviour of behaviours) {
      await check({ clock, role: plain, request: { ttl: 0, not_after: '' }, mount, end: new Date(last), behaviour })
    }
    const forever = { ...plain, not_after: '9999-12-31T23:59:59Z' }
    const end = new Date(last)
    await check({ clock, role: forever, request: { ttl: 0, not_after: '' }, mount, end, behaviour: 'err' })
  }
  await fc.assert(fc.asyncProperty(anyCase, check), { numRuns: 200 })
  t.ok(certificates > edges.length * 3, `${certificates} certificates`)
})
