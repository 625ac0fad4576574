/**
 * Path below a mount → row. Rows are told apart by their first segment, then tried in their order: the first pattern
 * that fits wins, as in Vault. An engine has a few rows per first segment, so a radix tree would buy nothing.
 */
import { makeDecoder, type Decode } from '../fields.ts'
import type { Route, Verb } from '../route.ts'

export type Matched =
  | { row: Route; captures: Readonly<Record<string, string>>; decode: Decode }
  /** A pattern fits, but none of its rows has the verb. */
  | 'unsupported operation'
  | 'unsupported path'

export interface Matcher {
  (verb: Verb, path: string): Matched
  /** Every row of the pattern that fits, whatever its verb: for path help. */
  rowsAt(path: string): readonly Route[]
}

/** Vault's grammar of names: word characters, inner `-` and `.`. */
const nameGrammar = /\w(?:[\w.-]*\w)?/

interface Pattern {
  row: Route
  expression: RegExp
  names: readonly string[]
  decode: Decode
}

const compile = (row: Route): Pattern => {
  const names: string[] = []
  const source = row.path
    .split('/')
    .map((segment) => {
      if (!segment.startsWith(':')) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      const rest = segment.endsWith('*')
      const name = rest ? segment.slice(1, -1) : segment.slice(1)
      names.push(name)
      const grammar = row.captures?.[name]?.source ?? (rest ? '.+?' : nameGrammar.source)
      return `(${grammar.replace(/^\^|\$$/g, '')})`
    })
    .join('/')
  return { row, expression: new RegExp(`^${source}$`, 's'), names, decode: makeDecoder(row.fields) }
}

const firstSegment = (path: string): string => {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash)
}

/** Builds the matcher of one engine, once. Captured grammars may hold no capturing groups of their own. */
export const makeMatcher = (rows: readonly Route[]): Matcher => {
  const byFirst = new Map<string, Pattern[]>()
  for (const row of rows) {
    const first = firstSegment(row.path)
    if (first.startsWith(':')) throw new Error(`a row must begin with a fixed segment: ${row.path}`)
    const bucket = byFirst.get(first)
    if (bucket) bucket.push(compile(row))
    else byFirst.set(first, [compile(row)])
  }
  /** The first pattern that fits decides; its other verbs are rows of the same path. */
  const fitting = (path: string): Pattern[] => {
    const bucket = byFirst.get(firstSegment(path)) ?? []
    const first = bucket.find(({ expression }) => expression.test(path))
    return bucket.filter(({ row, expression }) => row.path === first?.row.path && expression.test(path))
  }

  const match = (verb: Verb, path: string): Matched => {
    // Only a list may end in a slash. Anything else that does is another path, to the policy and so to us.
    const plain = verb === 'list' && path.endsWith('/') ? path.slice(0, -1) : path
    const patterns = fitting(plain)
    const pattern = patterns.find(({ row }) => row.verb === verb)
    if (!pattern) return patterns.length === 0 ? 'unsupported path' : 'unsupported operation'
    const { row, expression, names, decode } = pattern
    const values = expression.exec(plain) ?? []
    const captures = Object.fromEntries(names.map((name, at) => [name, values[at + 1] ?? '']))
    return { row, captures, decode }
  }

  return Object.assign(match, { rowsAt: (path: string) => fitting(path).map(({ row }) => row) })
}
