/**
 * From when to when is a certificate valid?
 *
 * All inputs meet here and the result is bounded last, so no way of asking gets past a bound. Vault lets an explicit
 * `not_after` of a request exceed `max_ttl` (it was called a bug and mended in 1.21.8); we cap it, with a warning.
 */
import { invalidRequest } from '../../errors.ts'
import { formatDuration } from '../../fields.ts'
import type { Role } from '../roles/schema.ts'
import { formatTime, parseTime } from './rfc3339.ts'

export type LeafNotAfterBehavior = 'err' | 'truncate' | 'permit'

/** Seconds; 0 is unset everywhere. */
export type ValidityRules = Pick<
  Role,
  'ttl' | 'max_ttl' | 'not_after' | 'not_after_bound' | 'not_before' | 'not_before_bound' | 'not_before_duration'
>

export interface ValidityRequest {
  ttl?: number | undefined
  not_after?: string | undefined
  not_before?: string | undefined
}

export interface ValidityBounds {
  /** The mount's, in seconds. */
  defaultLeaseTtl: number
  maxLeaseTtl: number
  /** Absent for a certificate that signs itself. */
  issuer?: { notAfter: Date; leafNotAfterBehavior: LeafNotAfterBehavior }
  /** OpenBao checks `not_before` everywhere and heeds it only where it makes the key as well. */
  ignoreNotBefore?: boolean
}

export interface Validity {
  /** Whole seconds, both. */
  notBefore: Date
  notAfter: Date
  warnings: string[]
}

/** What Vault backdates when nobody says otherwise, so that clocks may differ a little. */
const defaultBackdating = 30

/** RFC 5280 §4.1.2.5: what a certificate can say, years 0 to 9999. */
// Postgres has no year 0.
const firstSecond = Date.parse('0001-01-01T00:00:00Z')
const lastSecond = Date.parse('9999-12-31T23:59:59Z')

/** A sum beyond what a certificate can say is the last, or first, thing that it can. */
const addSeconds = (time: Date, seconds: number): Date =>
  new Date(Math.min(Math.max(time.getTime() + seconds * 1000, firstSecond), lastSecond))

/** Seconds are all that a certificate has; the part below is cut off. */
const wholeSeconds = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000)

interface Asked {
  notAfter: Date
  warnings: string[]
}

const byTtl = (now: Date, ttl: number, max: number): Asked => {
  if (ttl <= max) return { notAfter: addSeconds(now, ttl), warnings: [] }
  const [asked, permitted] = [formatDuration(ttl), formatDuration(max)]
  return {
    notAfter: addSeconds(now, max),
    warnings: [`TTL "${asked}" is longer than permitted maxTTL "${permitted}", so maxTTL is being used`],
  }
}

const byNotAfter = (now: Date, notAfter: Date, max: number | undefined): Asked => {
  if (max === undefined || notAfter <= addSeconds(now, max)) return { notAfter, warnings: [] }
  const [asked, permitted] = [formatTime(notAfter), formatDuration(max)]
  return {
    notAfter: addSeconds(now, max),
    warnings: [`not_after "${asked}" is later than permitted by maxTTL "${permitted}", so maxTTL is being used`],
  }
}

/** `ttl-limited`: a date is fine as long as the role's usual TTL would have come as far. */
const refuseBeyondTtl = (now: Date, rules: ValidityRules, notAfter: Date, bounds: ValidityBounds): void => {
  if (rules.not_after_bound !== 'ttl-limited') return
  const ttl = Math.min(rules.ttl || bounds.defaultLeaseTtl, rules.max_ttl || bounds.maxLeaseTtl)
  if (notAfter <= addSeconds(now, ttl)) return
  const [wanted, limit] = [formatTime(notAfter), formatDuration(ttl)]
  throw invalidRequest(
    `not_after_bound is set to ttl-limited. Cannot satisfy request as that would result in notAfter of ${wanted} that is beyond the TTL of ${limit}`,
  )
}

/** A bound that is a time holds for whatever was asked, a TTL as well. */
const refuseBeyondBound = ({ not_after_bound: bound }: ValidityRules, notAfter: Date): void => {
  if (['permit', 'ttl-limited', 'forbid'].includes(bound)) return
  const latest = parseTime(bound)
  if (notAfter <= latest) return
  throw invalidRequest(
    // The misspelling is OpenBao's, and clients may look for it.
    `not_after_bound is set to ${bound}. Cannot statisfy request as that would result in notAfter of ${formatTime(notAfter)} that is beyond the maximum timestamp of ${formatTime(latest)}`,
  )
}

const backdated = (now: Date, rules: ValidityRules): Date =>
  addSeconds(now, -(rules.not_before_duration || defaultBackdating))

/** The role's own time, else the request's as far as the role lets it choose, else a little before now. */
const beginOf = (now: Date, rules: ValidityRules, request: ValidityRequest): Date => {
  const earliest = backdated(now, rules)
  if (rules.not_before) return addSeconds(parseTime(rules.not_before), 0)
  if (!request.not_before) return earliest
  if (rules.not_before_bound === 'forbid') {
    throw invalidRequest('not_before_bound is set to forbid. not_before cannot be provided.')
  }
  const notBefore = addSeconds(parseTime(request.not_before), 0)
  if (rules.not_before_bound === 'duration' && notBefore < earliest) {
    throw invalidRequest(
      `not_before_bound is set to duration. Cannot satisfy request as it would result in notBefore of ${formatTime(notBefore)} that is older than the allowed not_before_duration of ${formatDuration(rules.not_before_duration || defaultBackdating)}`,
    )
  }
  return notBefore
}

const asked = (now: Date, rules: ValidityRules, request: ValidityRequest, bounds: ValidityBounds): Asked => {
  const requestTtl = request.ttl ?? 0
  // A role's own not_after wins without a word, as in Vault.
  if (!rules.not_after && request.not_after && rules.not_after_bound === 'forbid') {
    throw invalidRequest('not_after_bound is set to forbid. not_after cannot be provided.')
  }
  const notAfter = rules.not_after || request.not_after
  if (notAfter) {
    const time = addSeconds(parseTime(notAfter), 0)
    if (requestTtl > 0) {
      throw invalidRequest(
        'Either ttl or not_after should be provided. Both should not be provided in the same request.',
      )
    }
    // The mount's maximum is for those who ask; an operator who fixes a date in the role has decided.
    const max = rules.max_ttl || (rules.not_after ? undefined : bounds.maxLeaseTtl)
    refuseBeyondTtl(now, rules, time, bounds)
    return byNotAfter(now, time, max)
  }
  return byTtl(now, requestTtl || rules.ttl || bounds.defaultLeaseTtl, rules.max_ttl || bounds.maxLeaseTtl)
}

const withinIssuer = (notAfter: Date, issuer: ValidityBounds['issuer']): Date => {
  if (!issuer || notAfter <= issuer.notAfter || issuer.leafNotAfterBehavior === 'permit') return notAfter
  if (issuer.leafNotAfterBehavior === 'truncate') return issuer.notAfter
  const [wanted, end] = [formatTime(notAfter), formatTime(issuer.notAfter)]
  throw invalidRequest(
    `cannot satisfy request, as TTL would result in notAfter of ${wanted} that is beyond the expiration of the CA certificate at ${end}`,
  )
}

/**
 * The interval for a certificate issued `now`.
 * @throws ChanceryError for an interval beyond the issuer's end, one that is empty or over, a date that is none
 */
export const planValidity = (
  now: Date,
  rules: ValidityRules,
  request: ValidityRequest,
  bounds: ValidityBounds,
): Validity => {
  const begin = beginOf(now, rules, request)
  const notBefore = wholeSeconds(bounds.ignoreNotBefore ? backdated(now, rules) : begin)
  const { notAfter: wanted, warnings } = asked(now, rules, request, bounds)
  refuseBeyondBound(rules, wanted)
  const notAfter = wholeSeconds(withinIssuer(wanted, bounds.issuer))
  if (notBefore >= notAfter) {
    const relation = notBefore > notAfter ? 'later than' : 'equal to'
    throw invalidRequest(
      `The certificate's Not Before (${formatTime(notBefore)}) is ${relation} the certificate's Not After (${formatTime(notAfter)})`,
    )
  }
  // Vault looks for this only where it truncates; a certificate that has expired before it leaves helps nobody.
  if (notAfter < now) {
    throw invalidRequest(`cannot satisfy request, as NotAfter date ${formatTime(notAfter)} is in the past`)
  }
  return { notBefore, notAfter, warnings }
}
