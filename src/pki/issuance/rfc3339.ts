/** Reads a time as Vault does, and complains in the words of Go's `time.Parse`, which clients know. */
import { invalidRequest } from '../../errors.ts'

const layout = '2006-01-02T15:04:05Z07:00'

/** The layout's elements in order: what Go calls them, and what they look like. */
const elements: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  // Go takes a fraction of a second wherever seconds are.
  ['05', /^\d\d(?:[.,]\d+)?/],
  ['Z07:00', /^(?:Z|[+-]\d\d:\d\d)/],
]

const quote = (text: string): string => JSON.stringify(text)

const daysIn = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/**
 * The time that an RFC 3339 text names, a fraction of a millisecond cut off.
 * @throws ChanceryError `parsing time "…" as "…": cannot parse "…" as "…"`, or `…: month out of range`
 */
export const parseTime = (text: string): Date => {
  const parts: string[] = []
  let rest = text
  for (const [name, pattern] of elements) {
    const part = pattern.exec(rest)?.[0]
    if (part === undefined) {
      throw invalidRequest(
        `parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(name)}`,
      )
    }
    parts.push(part)
    rest = rest.slice(part.length)
  }
  if (rest !== '') throw invalidRequest(`parsing time ${quote(text)}: extra text: ${quote(rest)}`)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = [0, 2, 4, 6, 8].map((at) => Number(parts[at]))
  const [second = '', fraction = ''] = (parts[10] ?? '').split(/[.,]/)
  const zone = parts[11] ?? 'Z'
  const inRange: readonly (readonly [part: string, holds: boolean])[] = [
    ['month', month >= 1 && month <= 12],
    ['day', day >= 1 && day <= daysIn(year, month)],
    ['hour', hour < 24],
    ['minute', minute < 60],
    ['second', Number(second) < 60],
    ['time zone offset hour', zone === 'Z' || Number(zone.slice(1, 3)) <= 24],
    ['time zone offset minute', zone === 'Z' || Number(zone.slice(4)) < 60],
  ]
  for (const [part, holds] of inRange) {
    if (!holds) throw invalidRequest(`parsing time ${quote(text)}: ${part} out of range`)
  }
  // `Date.UTC` and its like take years below 100 as 1900 and later.
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  time.setUTCHours(hour, minute, Number(second), Number(fraction.slice(0, 3).padEnd(3, '0')))
  if (zone !== 'Z') {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
    time.setTime(time.getTime() - (zone.startsWith('-') ? -minutes : minutes) * 60_000)
  }
  return time
}

export const isTime = (text: string): boolean => {
  try {
    parseTime(text)
    return true
  } catch {
    return false
  }
}

/** As Go prints a UTC time under RFC3339Nano: no trailing zeros in the fraction. */
export const formatTime = (time: Date): string => time.toISOString().replace(/\.?0+Z$/, 'Z')
