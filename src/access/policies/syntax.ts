/** The tree that a policy text becomes, whether it was HCL (`hcl.ts`) or JSON (`json.ts`), and how both refuse it. */
import { invalidRequest } from '../../errors.ts'

/** `at` is the offset in the text, for messages. */
export type Node =
  | { kind: 'string'; at: number; value: string }
  /** As written: `0x10`, `-1.5e3`. */
  | { kind: 'number'; at: number; text: string }
  | { kind: 'bool'; at: number; value: boolean }
  | { kind: 'null'; at: number }
  | { kind: 'list'; at: number; items: Node[] }
  | { kind: 'object'; at: number; items: Item[] }

/** `path "a" { }` has the keys `path` and `a`. A key may come more than once: nothing is dropped here. */
export interface Item {
  keys: string[]
  at: number
  value: Node
}

/** Blocks and lists inside each other. A policy needs six. */
export const maxDepth = 32

const position = (text: string, at: number): { line: number; column: number } => {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 }
}

export const lineOf = (text: string, at: number): number => position(text, at).line

/** A user's text inside a message: quoted, and cut where it is long. */
export const quoted = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)

export const refused = (message: string): Error => invalidRequest(`failed to parse policy: ${message}`)

/** The refusal of a text, with line and column. @param within what Vault says before them: `path "a": ` */
export const syntaxError = (text: string, at: number, message: string, within = ''): Error => {
  const { line, column } = position(text, at)
  return refused(`${within}At ${line}:${column}: ${message}`)
}
