/** The parameter rules of a path: may a call with this data pass? (core-behaviour 4.6) */
import type { Parameters, PolicyValue } from './block.ts'

export interface ParameterRules {
  readonly allowedParameters: Parameters
  readonly deniedParameters: Parameters
  readonly requiredParameters: ReadonlySet<string>
}

/** @param data the parameters as sent, without what the path captures */
export const parametersPass = (rules: ParameterRules, data: Readonly<Record<string, unknown>>): boolean => {
  for (const name of rules.requiredParameters) if (!Object.hasOwn(data, name.toLowerCase())) return false
  const sent = Object.keys(data)
  if (sent.length === 0) return true
  const { allowedParameters: allowed, deniedParameters: denied } = rules
  if (denied.size > 0) {
    if (denied.has('*')) return false
    for (const name of sent) {
      const values = denied.get(name.toLowerCase())
      if (values && isDenied(comparable(name, data[name]), values)) return false
    }
  }
  if (allowed.size === 0) return true
  const others = allowed.has('*')
  if (others && allowed.size === 1) return true
  return sent.every((name) => {
    const values = allowed.get(name.toLowerCase())
    return values ? isAllowed(comparable(name, data[name]), values) : others
  })
}

/** Policy names are taken without regard to case and outer blanks, so a rule on them must not depend on either. */
const comparable = (name: string, value: unknown): unknown => {
  if (!['policies', 'token_policies'].includes(name.toLowerCase())) return value
  const normalise = (item: unknown): unknown => (typeof item === 'string' ? item.trim().toLowerCase() : item)
  return Array.isArray(value) ? value.map(normalise) : normalise(value)
}

/** The items of a list, or of a text that would be read as one wherever the field is a list (Vault since 1.21). */
const elements = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value
  return typeof value === 'string' && value.includes(',') ? value.split(',').map((item) => item.trim()) : []
}

/** Some item of it is enough. */
const isDenied = (value: unknown, values: readonly PolicyValue[]): boolean =>
  values.length === 0 || matchesAny(value, values) || elements(value).some((item) => matchesAny(item, values))

/** All items of it must be. An empty list has none to vouch for it, and passes only where the policy names it. */
const isAllowed = (value: unknown, values: readonly PolicyValue[]): boolean => {
  if (values.length === 0 || matchesAny(value, values)) return true
  const items = elements(value)
  return items.length > 0 && items.every((item) => matchesAny(item, values))
}

const matchesAny = (value: unknown, values: readonly PolicyValue[]): boolean =>
  values.some((one) =>
    typeof one === 'string' && typeof value === 'string' ? globMatches(one, value) : equal(one, value),
  )

/** `*` stands at the beginning, at the end or at both. Alone, and in any text of one character, it is itself. */
const globMatches = (glob: string, value: string): boolean => {
  if (glob.length < 2) return value === glob
  const leading = glob.startsWith('*')
  const trailing = glob.endsWith('*')
  if (leading && trailing) return value.includes(glob.slice(1, -1))
  if (leading) return value.endsWith(glob.slice(1))
  if (trailing) return value.startsWith(glob.slice(0, -1))
  return value === glob
}

/** Go's deep equality between a policy's value and one of JSON. Inside a list or a map, texts are no globs. */
const equal = (one: PolicyValue, value: unknown): boolean => {
  if (typeof one === 'string' || typeof one === 'boolean') return one === value
  if (Array.isArray(one)) {
    const items = one as readonly PolicyValue[]
    return Array.isArray(value) && value.length === items.length && items.every((item, at) => equal(item, value[at]))
  }
  if (one instanceof Map) {
    const map = one as ReadonlyMap<string, PolicyValue>
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const record = value as Readonly<Record<string, unknown>>
    return (
      Object.keys(record).length === map.size &&
      [...map].every(([key, item]) => Object.hasOwn(record, key) && equal(item, record[key]))
    )
  }
  return false
}
