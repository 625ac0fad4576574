/** How long a token lives: Vault's arithmetic (sdk/framework CalculateTTL), in whole seconds. Pure. */
import { invalidRequest } from '../../errors.ts'
import { humanDuration } from '../../fields.ts'

export interface TtlRequest {
  /** What the caller asked for: `ttl` at creation, `increment` at renewal. 0: nothing. */
  increment: number
  /** 0 when the token is not periodic. */
  period: number
  /** 0 when there is none. Counted from `issuedAt`. */
  explicitMaxTtl: number
  /** Effective TTLs of the mount. */
  defaultTtl: number
  maxTtl: number
  issuedAt: Date
  now: Date
}

export interface Ttl {
  seconds: number
  warnings: string[]
}

/** @throws invalid request when the token's maximum life is already over */
export const calculateTtl = (request: TtlRequest): Ttl => {
  const { increment, period, explicitMaxTtl, issuedAt, now } = request
  const warnings: string[] = []
  const age = Math.floor((now.getTime() - issuedAt.getTime()) / 1000)
  const max = explicitMaxTtl > 0 ? Math.min(request.maxTtl, explicitMaxTtl) : request.maxTtl

  if (period > 0) {
    let seconds = period
    if (period > max) {
      seconds = max
      warnings.push(
        `period of "${humanDuration(period)}" exceeded the effective max_ttl of "${humanDuration(max)}"; period value is capped accordingly`,
      )
    }
    // Only an explicit maximum ends a periodic token; the mount's maximum merely caps the period.
    if (explicitMaxTtl > 0) seconds = Math.min(seconds, explicitMaxTtl - age)
    if (seconds <= 0) throw invalidRequest('past the max TTL, cannot renew')
    return { seconds, warnings }
  }

  const asked = increment > 0 ? increment : request.defaultTtl
  const left = max - age
  if (left <= 0) throw invalidRequest('past the max TTL, cannot renew')
  if (asked > left) {
    warnings.push(
      `TTL of "${humanDuration(asked)}" exceeded the effective max_ttl of "${humanDuration(left)}"; TTL value is capped accordingly`,
    )
  }
  return { seconds: Math.min(asked, left), warnings }
}
