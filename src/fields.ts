/**
 * Vault's field types as zod pieces: what a parameter may look like on the wire, and what the code below the door
 * gets. Vault types weakly, because its command line sends every value as a string: see the table beside each.
 *
 * Every piece is optional. An absent field stays absent (`undefined`), so that a row can tell "not sent" from "sent
 * with the zero value"; defaults belong to the operation, which knows whether it replaces or merges.
 */
import { z } from 'zod'
import { invalidRequest } from './errors.ts'

/** Go's strconv.ParseBool. */
const booleans = new Map<unknown, boolean>([
  ...[true, 1, '1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...[false, 0, '', '0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
])

/** Go's strconv.ParseBool: `true`, `undefined` when it is none. */
export const parseBool = (value: unknown): boolean | undefined => booleans.get(value)

/** The reason only, never the value: it goes to the client and the audit log, and may be a secret in the wrong field. */
const refuse = (context: z.RefinementCtx, message: string): never => {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

const described = <T extends z.ZodType>(type: T, help: string): z.ZodOptional<T> => type.optional().describe(help)

/** JSON `true`, `"true"`, `"1"`, 1, `""` (false), null (false). */
export const bool = (help: string) =>
  described(
    z
      .unknown()
      .transform((value, context): boolean => {
        if (value === null) return false
        return parseBool(value) ?? refuse(context, 'strconv.ParseBool: invalid syntax')
      })
      .pipe(z.boolean()),
    help,
  )

/** A number, a numeric string, `""` or null (0). Whole numbers only. */
export const int = (help: string) =>
  described(
    z
      .unknown()
      .transform((value, context): number => {
        if (value === null || value === '') return 0
        const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value
        if (typeof number === 'number' && Number.isSafeInteger(number)) return number
        return refuse(context, 'expected an integer')
      })
      .pipe(z.int()),
    help,
  )

/** A string, or a number or boolean taken as its text; null is `""`. */
export const text = (help: string) =>
  described(
    z
      .unknown()
      .transform((value, context): string => {
        if (typeof value === 'string') return value
        if (value === null) return ''
        if (typeof value === 'number') return String(value)
        // Vault's decoder (mapstructure, weakly typed) writes booleans as 1 and 0.
        if (typeof value === 'boolean') return value ? '1' : '0'
        return refuse(
          context,
          `expected type 'string', got unconvertible type '${Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'}'`,
        )
      })
      .pipe(z.string()),
    help,
  )

/** Characters: more than any duration needs, less than it takes to keep a regular expression busy. */
const longestDurationText = 100

const unitSeconds: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
}

/**
 * A duration as Vault reads it: a number of seconds, the same as text, a Go duration (`1h30m`), days (`14d`).
 * Returns seconds (a fraction is cut off), or `undefined` for what is no duration.
 */
export const parseDuration = (value: string | number): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined
  if (value.length > longestDurationText) return undefined
  const trimmed = value.trim()
  if (trimmed === '') return 0
  if (/^[+-]?\d+(\.\d+)?$/.test(trimmed)) return Math.trunc(Number(trimmed))
  const days = /^([+-]?\d+)d$/.exec(trimmed)
  if (days) return Number(days[1]) * 86_400
  const whole = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(trimmed)
  if (!whole) return undefined
  let seconds = 0
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ''] ?? 0)
  }
  return Math.trunc(whole[1] === '-' ? -seconds : seconds)
}

/** Seconds as Go prints a duration: `768h0m0s`, `1m30s`, `0s`. Vault's warnings contain it. */
export const formatDuration = (seconds: number): string => {
  const sign = seconds < 0 ? '-' : ''
  const total = Math.abs(Math.trunc(seconds))
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60]
  if (h > 0) return `${sign}${h}h${m}m${s}s`
  return m > 0 ? `${sign}${m}m${s}s` : `${sign}${s}s`
}

/** The same without the parts that are zero, as Vault prints it about tokens: `768h`, `1h30m`, `45s`. */
export const humanDuration = (seconds: number): string =>
  formatDuration(seconds)
    .replace(/(?<=[hm])0s$/, '')
    .replace(/(?<=h)0m$/, '')

/** Seconds: Go counts nanoseconds in 63 bits, which is 292 years. */
export const longestDuration = 9_223_372_036

/** Whole seconds, never negative. `""` and null count as not sent. */
export const duration = (help: string) =>
  z
    .unknown()
    .transform((value, context): number | undefined => {
      if (value === undefined || value === null || value === '') return undefined
      const seconds = typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : undefined
      if (seconds === undefined || !Number.isSafeInteger(seconds)) {
        return refuse(context, 'time: invalid duration')
      }
      if (seconds < 0) return refuse(context, `cannot provide negative value '${seconds}'`)
      if (seconds > longestDuration) {
        const parsedByGo = typeof value === 'string' && /[a-ce-zµμ]$/.test(value.trim())
        return refuse(
          context,
          parsedByGo
            ? 'time: invalid duration'
            : 'multiplication of durations resulted in overflow, one operand may be too large',
        )
      }
      return seconds
    })
    .pipe(z.int().optional())
    .optional()
    .describe(help)

const listItem = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value.trim()
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined

/** Items of a list or a map: each costs far more decoded than sent, and some fields are decoded for anybody. */
const mostItems = 10_000

/** Split at commas, unless that makes too many. */
const split = (text: string): string[] | undefined => {
  const items = text.split(',', mostItems + 1)
  return items.length > mostItems ? undefined : items.map((item) => item.trim())
}

/** Postgres stores no NUL, and UTF-8 has no half of a surrogate pair. */
const isPlain = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** Vault's comma list: an array of scalars, or one string split at commas; items are trimmed, `""` and null are `[]`. */
export const list = (help: string) =>
  described(
    z
      .unknown()
      .transform((value, context): string[] => {
        if (value === null || value === '') return []
        const items = Array.isArray(value)
          ? value.map(listItem)
          : typeof value === 'string'
            ? split(value)
            : [listItem(value)]
        if (!items || items.length > mostItems) return refuse(context, `expected at most ${mostItems} items`)
        if (items.some((item) => item === undefined)) return refuse(context, 'expected a list of strings')
        return items as string[]
      })
      .pipe(z.array(z.string())),
    help,
  )

const jsonObjects = (text: string): string[] | undefined => {
  if (!text.trimStart().startsWith('[')) return undefined
  try {
    const items: unknown = JSON.parse(text)
    if (!Array.isArray(items) || items.length === 0) return Array.isArray(items) ? [] : undefined
    const objects = items.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
    return objects ? items.map((item) => JSON.stringify(item)) : undefined
  } catch {
    return undefined
  }
}

/** As `list`; besides, one string may be a JSON array of objects: then each item is the JSON text of one. */
export const jsonList = (help: string) => {
  const plain = list(help)
  return z
    .unknown()
    .transform((value): unknown => (typeof value === 'string' ? (jsonObjects(value) ?? value) : value))
    .pipe(plain)
    .optional()
    .describe(help)
}

const pairs = (items: readonly string[]): Record<string, string> | undefined => {
  const map: Record<string, string> = Object.create(null) as Record<string, string>
  for (const item of items) {
    const at = item.indexOf('=')
    if (at < 1) return undefined
    map[item.slice(0, at).trim()] = item.slice(at + 1).trim()
  }
  return map
}

/** A map of strings: an object, `k=v` strings (one, many, or comma separated), or a JSON object as text. */
export const stringMap = (help: string) =>
  described(
    z
      .unknown()
      .transform((value, context): Record<string, string> => {
        const map = stringMapOf(value)
        return map ?? refuse(context, 'expected a map of strings')
      })
      .pipe(z.record(z.string(), z.string())),
    help,
  )

const stringMapOf = (value: unknown): Record<string, string> | undefined => {
  if (value === null || value === '') return {}
  if (Array.isArray(value)) {
    return value.length <= mostItems && value.every((item) => typeof item === 'string') ? pairs(value) : undefined
  }
  if (typeof value === 'string') {
    if (value.trimStart().startsWith('{')) {
      try {
        return stringMapOf(JSON.parse(value))
      } catch {
        return undefined
      }
    }
    const items = split(value)
    return items && pairs(items)
  }
  if (typeof value !== 'object') return undefined
  const map: Record<string, string> = Object.create(null) as Record<string, string>
  const entries = Object.entries(value)
  if (entries.length > mostItems) return undefined
  for (const [key, item] of entries) {
    const plain = item === null ? '' : listItem(item)
    if (plain === undefined || !isPlain(plain) || !isPlain(key)) return undefined
    map[key] = plain
  }
  return map
}

/** Any JSON object, as it came. */
export const object = (help: string) => described(z.record(z.string(), z.unknown()), help)

/** A capture of the path: always there. */
export const capture = (help: string) => z.string().describe(help)

/** Decodes the parameters of one call. @throws invalid request, naming the field, in Vault's words */
export type Decode = (parameters: Readonly<Record<string, unknown>>) => Record<string, unknown>

/** Compiles a row's fields, once. What the row does not name is dropped. */
export const makeDecoder = (fields: z.ZodRawShape): Decode => {
  const schema = z.object(fields)
  return (parameters) => {
    const parsed = schema.safeParse(parameters)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    const field = String(issue?.path[0] ?? '')
    throw invalidRequest(
      `Field validation failed: error converting input for field ${JSON.stringify(field)}: ${issue?.message ?? 'invalid'}`,
    )
  }
}
