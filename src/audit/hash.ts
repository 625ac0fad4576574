/**
 * Which part of a request's or a reply's data the audit log may show: its shape, its keys, numbers, booleans and
 * times. Every other value is its HMAC, and a huge document is cut, so that no reply is too large to be audited. Pure.
 */
import type { Hmac } from './hmac.ts'

/** Members of one list or map; what is beyond is counted. */
const mostMembers = 500
/** Values of one document. */
const mostValues = 2_000
const deepest = 32
const longestKey = 256
/** A value that may be shown, but is longer (characters), is shown as its HMAC. */
const longestClear = 16_384

const timestamp = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/

/** RFC 3339, and a day and time that exist: what Vault leaves as it is, wherever it stands. */
export const isTimestamp = (text: string): boolean => {
  if (text.length < 20 || text.length > 35) return false
  const match = timestamp.exec(text)
  if (!match) return false
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = match.slice(1).map((part) => Number(part ?? 0))
  const daysInMonth = new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate()
  const within = (value: number | undefined, low: number, high: number): boolean =>
    value !== undefined && value >= low && value <= high
  return (
    within(month, 1, 12) &&
    within(day, 1, daysInMonth) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 59) &&
    within(zoneHour, 0, 23) &&
    within(zoneMinute, 0, 59)
  )
}

const elided = (count: number): string => `elided: ${count} more`

/**
 * A copy of `data` with HMACs for its texts and bytes.
 * `clearKeys` are the top-level names that the mount shows (`audit_non_hmac_*_keys`): a text under such a name, or in
 * a list under it, stays. Vault takes the innermost name at any depth; the outermost shows less.
 */
export const hashData = (
  data: Readonly<Record<string, unknown>>,
  hmac: Hmac,
  clearKeys: readonly string[] = [],
): Record<string, unknown> => {
  let valuesLeft = mostValues

  const hashList = (list: readonly unknown[], clear: boolean, depth: number): unknown[] => {
    const hashed = list.slice(0, mostMembers).map((item) => hashValue(item, clear, depth))
    if (list.length > mostMembers) hashed.push(elided(list.length - mostMembers))
    return hashed
  }

  const hashMap = (map: object, clearNames: readonly string[], depth: number): Record<string, unknown> => {
    // No prototype: `__proto__` is a key like any other.
    const hashed = Object.create(null) as Record<string, unknown>
    const entries = Object.entries(map)
    for (const [key, value] of entries.slice(0, mostMembers)) {
      hashed[key.length > longestKey ? hmac(key) : key] = hashValue(value, clearNames.includes(key), depth)
    }
    if (entries.length > mostMembers) hashed[elided(entries.length - mostMembers)] = true
    return hashed
  }

  const hashValue = (value: unknown, clear: boolean, depth: number): unknown => {
    if (valuesLeft-- <= 0) return 'elided'
    if (typeof value === 'string') {
      return (clear && value.length <= longestClear) || isTimestamp(value) ? value : hmac(value)
    }
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
    // JSON has no place for what is left (undefined, functions): the reply does not show it either.
    if (typeof value !== 'object') return undefined
    if (value instanceof Uint8Array) return hmac(value)
    if (value instanceof Date) return value.toJSON()
    if (depth >= deepest) return 'elided'
    return Array.isArray(value) ? hashList(value, clear, depth + 1) : hashMap(value, [], depth + 1)
  }

  return hashMap(data, clearKeys, 0)
}
