import fc from 'fast-check'
import t from 'tap'
import { formatTime, parseTime } from '../../../src/pki/issuance/rfc3339.ts'
import { planValidity, type ValidityBounds } from '../../../src/pki/issuance/validity.ts'
import { roleDefaults } from '../../../src/pki/roles/role.ts'

const now = new Date('2026-03-01T12:00:00.700Z')
const day = 86_400
const mount: ValidityBounds = { defaultLeaseTtl: 32 * day, maxLeaseTtl: 32 * day }
const until = (text: string, leafNotAfterBehavior: 'err' | 'truncate' | 'permit' = 'err'): ValidityBounds => ({
  ...mount,
  issuer: { notAfter: new Date(text), leafNotAfterBehavior },
})
const refusal = (message: string) => ({ kind: 'invalid request', message })

t.test('a ttl comes from the request, else the role, else the mount', async (t) => {
  const role = { ...roleDefaults, ttl: 7200 }
  t.equal(formatTime(planValidity(now, role, { ttl: 3600 }, mount).notAfter), '2026-03-01T13:00:00Z')
  t.equal(formatTime(planValidity(now, role, {}, mount).notAfter), '2026-03-01T14:00:00Z')
  t.equal(formatTime(planValidity(now, roleDefaults, {}, mount).notAfter), '2026-04-02T12:00:00Z')
})

t.test('certificates are backdated by 30 seconds, or as the role says', async (t) => {
  t.equal(formatTime(planValidity(now, roleDefaults, {}, mount).notBefore), '2026-03-01T11:59:30Z')
  t.equal(
    formatTime(planValidity(now, { ...roleDefaults, not_before_duration: 0 }, {}, mount).notBefore),
    '2026-03-01T11:59:30Z',
  )
  t.equal(
    formatTime(planValidity(now, { ...roleDefaults, not_before_duration: 3600 }, {}, mount).notBefore),
    '2026-03-01T11:00:00Z',
  )
})

t.test('a ttl beyond the maximum is capped, with a warning', async (t) => {
  const plan = planValidity(now, { ...roleDefaults, max_ttl: 720 * 3600 }, { ttl: 8760 * 3600 }, mount)
  t.equal(formatTime(plan.notAfter), '2026-03-31T12:00:00Z')
  t.same(plan.warnings, ['TTL "8760h0m0s" is longer than permitted maxTTL "720h0m0s", so maxTTL is being used'])
})

t.test('a not_after that is asked for is capped as well', async (t) => {
  const plan = planValidity(now, { ...roleDefaults, max_ttl: day }, { not_after: '2040-01-01T00:00:00Z' }, mount)
  t.equal(formatTime(plan.notAfter), '2026-03-02T12:00:00Z')
  t.same(plan.warnings, [
    'not_after "2040-01-01T00:00:00Z" is later than permitted by maxTTL "24h0m0s", so maxTTL is being used',
  ])
})

t.test('a not_after of the role wins, beyond the maximum of the mount too', async (t) => {
  const role = { ...roleDefaults, not_after: '9999-12-31T23:59:59Z' }
  const plan = planValidity(now, role, { not_after: '2026-03-02T00:00:00Z' }, mount)
  t.equal(formatTime(plan.notAfter), '9999-12-31T23:59:59Z')
  t.same(plan.warnings, [])
})

t.test('a ttl and a not_after together are refused', async (t) => {
  const message = 'Either ttl or not_after should be provided. Both should not be provided in the same request.'
  t.throws(
    () => planValidity(now, roleDefaults, { ttl: 1, not_after: '2026-03-02T00:00:00Z' }, mount),
    refusal(message),
  )
  const role = { ...roleDefaults, not_after: '2026-03-02T00:00:00Z' }
  t.throws(() => planValidity(now, role, { ttl: 1 }, mount), refusal(message))
})

t.test('beyond the end of the issuer is refused, truncated or permitted as the issuer says', async (t) => {
  const end = '2026-03-05T00:00:00Z'
  t.throws(
    () => planValidity(now, roleDefaults, { ttl: 10 * day }, until(end)),
    refusal(
      `cannot satisfy request, as TTL would result in notAfter of 2026-03-11T12:00:00.7Z that is beyond the expiration of the CA certificate at ${end}`,
    ),
  )
  t.equal(formatTime(planValidity(now, roleDefaults, {}, until(end, 'truncate')).notAfter), end)
  t.equal(formatTime(planValidity(now, roleDefaults, {}, until(end, 'permit')).notAfter), '2026-04-02T12:00:00Z')
})

t.test('an interval that is empty or over is refused', async (t) => {
  t.throws(
    () => planValidity(now, roleDefaults, { not_after: '2026-03-01T11:59:30Z' }, mount),
    refusal(
      "The certificate's Not Before (2026-03-01T11:59:30Z) is equal to the certificate's Not After (2026-03-01T11:59:30Z)",
    ),
  )
  t.throws(
    () => planValidity(now, roleDefaults, { not_after: '0001-01-01T00:00:00Z' }, mount),
    refusal(
      "The certificate's Not Before (2026-03-01T11:59:30Z) is later than the certificate's Not After (0001-01-01T00:00:00Z)",
    ),
  )
  t.throws(
    () => planValidity(now, roleDefaults, {}, until('2026-03-01T11:59:50Z', 'truncate')),
    refusal('cannot satisfy request, as NotAfter date 2026-03-01T11:59:50Z is in the past'),
  )
})

t.test('a time that is none is refused in the words of Go', async (t) => {
  const layout = '"2006-01-02T15:04:05Z07:00"'
  const cases: [string, string][] = [
    ['x', `parsing time "x" as ${layout}: cannot parse "x" as "2006"`],
    ['2026-03-01', `parsing time "2026-03-01" as ${layout}: cannot parse "" as "T"`],
    ['2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
    ['2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
    ['2026-02-01T24:00:00Z', 'parsing time "2026-02-01T24:00:00Z": hour out of range'],
    ['2026-02-01T00:00:00Zx', 'parsing time "2026-02-01T00:00:00Zx": extra text: "x"'],
  ]
  for (const [text, message] of cases) t.throws(() => parseTime(text), refusal(message))
})

t.test('times are read with their zone', async (t) => {
  t.equal(formatTime(parseTime('2026-03-01T01:00:00.25+02:30')), '2026-02-28T22:30:00.25Z')
  t.equal(formatTime(parseTime('0001-01-01T00:00:00Z')), '0001-01-01T00:00:00Z')
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (time) => {
      return parseTime(formatTime(time)).getTime() === time.getTime()
    }),
  )
})

t.test('no way of asking gets past a bound', async () => {
  const seconds = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 * day }), fc.maxSafeNat())
  const time = fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => formatTime(new Date(Math.floor(date.getTime() / 1000) * 1000)))
  const notAfter = fc.oneof(fc.constant(''), fc.constant(''), time)
  fc.assert(
    fc.property(
      fc.record({ ttl: seconds, max_ttl: seconds, not_after: notAfter, not_before_duration: seconds }),
      fc.record({ ttl: seconds, not_after: notAfter }),
      fc.record({ behaviour: fc.constantFrom('err' as const, 'truncate' as const, 'permit' as const), end: time }),
      fc.date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
      (rules, request, issuer, clock) => {
        const bounds = until(issuer.end, issuer.behaviour)
        let plan
        try {
          plan = planValidity(clock, { ...roleDefaults, ...rules }, request, bounds)
        } catch (error) {
          return (error as { kind?: string }).kind === 'invalid request'
        }
        const lifetime = (plan.notAfter.getTime() - clock.getTime()) / 1000
        const most = rules.max_ttl || (rules.not_after ? Infinity : mount.maxLeaseTtl)
        return (
          plan.notBefore < plan.notAfter &&
          plan.notAfter >= clock &&
          lifetime <= most &&
          (issuer.behaviour === 'permit' || plan.notAfter <= parseTime(issuer.end)) &&
          plan.notBefore.getUTCFullYear() >= 0 &&
          plan.notAfter.getUTCFullYear() <= 9999 &&
          plan.notBefore.getMilliseconds() + plan.notAfter.getMilliseconds() === 0
        )
      },
    ),
    { numRuns: 3000 },
  )
})

const answer = (rules: object, request: object, bounds = mount): string => {
  try {
    const { notBefore, notAfter } = planValidity(now, { ...roleDefaults, ...rules }, request, bounds)
    return `${formatTime(notBefore)} ${formatTime(notAfter)}`
  } catch (error) {
    return (error as Error).message
  }
}

t.test('not_after_bound limits what a request may say of the end', async (t) => {
  const soon = { not_after: '2026-03-01T13:00:00Z' }
  const late = { not_after: '2026-03-10T00:00:00Z' }
  const table: readonly (readonly [rules: object, request: object, answer: string | RegExp])[] = [
    [{ not_after_bound: 'forbid' }, soon, 'not_after_bound is set to forbid. not_after cannot be provided.'],
    [{ not_after_bound: 'forbid', ...late }, {}, /2026-03-10T00:00:00Z$/],
    [{ not_after_bound: 'ttl-limited', ttl: 3700 }, soon, /2026-03-01T13:00:00Z$/],
    [
      { not_after_bound: 'ttl-limited', ttl: 3600 },
      late,
      'not_after_bound is set to ttl-limited. Cannot satisfy request as that would result in notAfter of 2026-03-10T00:00:00Z that is beyond the TTL of 1h0m0s',
    ],
    [{ not_after_bound: '2026-03-02T00:00:00Z' }, soon, /2026-03-01T13:00:00Z$/],
    [
      { not_after_bound: '2026-03-02T00:00:00Z' },
      late,
      'not_after_bound is set to 2026-03-02T00:00:00Z. Cannot statisfy request as that would result in notAfter of 2026-03-10T00:00:00Z that is beyond the maximum timestamp of 2026-03-02T00:00:00Z',
    ],
    [{ not_after_bound: '2026-03-02T00:00:00Z' }, { ttl: 7 * day }, /^not_after_bound is set to 2026-03-02T00:00:00Z/],
  ]
  for (const [rules, request, wanted] of table) t.match(answer(rules, request), wanted)
})

t.test('not_before comes from the role, else from the request as far as its bound lets it', async (t) => {
  const asked = { not_before: '2026-02-01T00:00:00Z' }
  const table: readonly (readonly [rules: object, request: object, answer: string | RegExp])[] = [
    [{}, asked, /^2026-02-01T00:00:00Z /],
    [{ not_before: '2026-01-01T00:00:00Z', not_before_bound: 'forbid' }, asked, /^2026-01-01T00:00:00Z /],
    [{ not_before_bound: 'forbid' }, asked, 'not_before_bound is set to forbid. not_before cannot be provided.'],
    [
      { not_before_bound: 'duration' },
      asked,
      'not_before_bound is set to duration. Cannot satisfy request as it would result in notBefore of 2026-02-01T00:00:00Z that is older than the allowed not_before_duration of 30s',
    ],
    [{ not_before_bound: 'duration', not_before_duration: 60 * day }, asked, /^2026-02-01T00:00:00Z /],
    [{}, { not_before: '2027-01-01T00:00:00Z' }, /is later than the certificate's Not After/],
    [{}, { not_before: 'x' }, /^parsing time "x" as /],
  ]
  for (const [rules, request, wanted] of table) t.match(answer(rules, request), wanted)
  t.match(
    answer({ not_before: '2026-01-01T00:00:00Z' }, {}, { ...mount, ignoreNotBefore: true }),
    /^2026-03-01T11:59:30Z /,
  )
})
