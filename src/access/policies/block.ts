/** A block of a policy: its keys, read by type. Everything here may come more than once, unless it says otherwise. */
import { lineOf, quoted, refused, syntaxError, type Item, type Node } from './syntax.ts'

/**
 * A value that a parameter is compared with. A number of a policy equals no value of any request (Vault: HCL's numbers
 * and JSON's are of different types), so what it was is not kept.
 */
export type PolicyValue = string | boolean | { never: true } | readonly PolicyValue[] | ReadonlyMap<string, PolicyValue>

/** By the parameter's name in lower case. No values: any value. */
export type Parameters = ReadonlyMap<string, readonly PolicyValue[]>

const maxReported = 10

/** All of the wrong keys in one message (Vault's form), or the first of them where there are many. */
export const checkKeys = (text: string, items: readonly Item[], valid: readonly string[], within = ''): void => {
  const wrong = items.filter((item) => !valid.includes(item.keys[0] ?? '')).slice(0, maxReported)
  if (wrong.length === 0) return
  const lines = wrong.map(
    (item) => `\t* ${within}invalid key ${quoted(item.keys[0] ?? '')} on line ${lineOf(text, item.at)}\n`,
  )
  const count = wrong.length === 1 ? '1 error' : `${wrong.length} errors`
  throw refused(`${count} occurred:\n${lines.join('')}\n`)
}

/** A block, or a list of them (JSON). */
export const objects = (text: string, node: Node, within = ''): Item[][] => {
  if (node.kind === 'object') return [node.items]
  if (node.kind === 'list') return node.items.flatMap((inner) => objects(text, inner, within))
  throw syntaxError(text, node.at, 'expected a block', within)
}

const noParameters: Parameters = new Map()

export interface BlockReader {
  /** At most once. JSON's null counts as not set. */
  single(key: string): Node | undefined
  /** At most once. Empty: not set. */
  string(key: string): string
  strings(key: string): string[]
  parameters(key: string): Parameters
}

/** @param within what messages say first: `path "a": ` */
export const readBlock = (text: string, within: string, items: readonly Item[]): BlockReader => {
  const refuse = (at: number, message: string): Error => syntaxError(text, at, message, within)

  for (const { keys, at } of items) {
    if (keys[1] !== undefined) throw refuse(at, `${keys[0]}: unexpected ${quoted(keys[1])}`)
  }
  const find = (key: string): Item[] => items.filter((item) => item.keys[0] === key)

  const stringOf = (key: string, node: Node): string => {
    if (node.kind === 'string') return node.value
    // HCL reads a number as its text where a text is wanted.
    if (node.kind === 'number') return node.text
    throw refuse(node.at, `${key}: expected a string`)
  }

  const single = (key: string): Node | undefined => {
    const [first, second] = find(key)
    if (second) {
      throw refuse(second.at, `The argument ${quoted(key)} was already set. Each argument can only be defined once`)
    }
    return first?.value.kind === 'null' ? undefined : first?.value
  }

  return {
    single,
    string: (key) => {
      const node = single(key)
      return node ? stringOf(key, node) : ''
    },
    strings: (key) =>
      find(key).flatMap(({ value }) => {
        if (value.kind !== 'list') throw refuse(value.at, `${key}: expected a list`)
        return value.items.map((item) => stringOf(key, item))
      }),
    parameters: (key) => {
      const found = new Map<string, PolicyValue[]>()
      for (const { keys, at, value } of find(key).flatMap((item) => objects(text, item.value, within).flat())) {
        const parameter = keys[0]?.toLowerCase() ?? ''
        if (keys.length > 1 || value.kind !== 'list') {
          throw refuse(at, `${key}: expected a list for ${quoted(parameter)}`)
        }
        mergeValues(found, parameter, value.items.map(policyValue))
      }
      return found.size > 0 ? found : noParameters
    },
  }
}

/**
 * Two lists for one parameter, in one policy or in two: an empty one means any value, and stays so.
 * Changes `into`.
 */
export const mergeValues = <V>(into: Map<string, V[]>, parameter: string, values: readonly V[]): void => {
  const present = into.get(parameter)
  if (!present) into.set(parameter, [...values])
  else if (present.length === 0 || values.length === 0) into.set(parameter, [])
  else for (const value of values) present.push(value)
}

const policyValue = (node: Node): PolicyValue => {
  switch (node.kind) {
    case 'string':
    case 'bool':
      return node.value
    case 'list':
      return node.items.map(policyValue)
    case 'object':
      return new Map(node.items.map((item) => [item.keys.join(' '), policyValue(item.value)]))
    default:
      return { never: true }
  }
}
