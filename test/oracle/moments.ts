/** Moments that calls name, `{inOneYear}`: a recorded answer must fit also when it is replayed years later. */
import { formatTime } from '../../src/pki/issuance/rfc3339.ts'

const day = 86_400_000
const today = Math.floor(Date.now() / day) * day

const after = (years: number): string => formatTime(new Date(today + years * 365 * day))

export const moments: Readonly<Record<string, string>> = {
  inOneYear: after(1),
  inTwoYears: after(2),
  inThreeYears: after(3),
}
