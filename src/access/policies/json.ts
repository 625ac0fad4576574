/**
 * Policies written as JSON → tree. Not `JSON.parse`: of two equal keys that keeps the last, and a policy that denies a
 * path in one block and grants it in the next would lose the deny. (It has no line numbers for messages either.)
 */
import { maxDepth, syntaxError, type Item, type Node } from './syntax.ts'

const blank = /[ \t\n\r]*/y
// The string's characters, quotes included. Escapes are JSON.parse's business.
const stringLiteral = /"[^"\\\u0000-\u001f]*(?:\\.[^"\\\u0000-\u001f]*)*"/y
const numberLiteral = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y

/** @throws invalid request, with line and column */
export const parseJson = (text: string): Item[] => {
  let at = 0

  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at
    const match = expression.exec(text)
    if (match) at += match[0].length
    return match?.[0]
  }

  const peek = (): string | undefined => {
    take(blank)
    return text[at]
  }

  const expect = (character: string): void => {
    if (peek() !== character) {
      throw syntaxError(text, at, `expected '${character}' got: ${at < text.length ? `'${text[at] ?? ''}'` : 'EOF'}`)
    }
    at++
  }

  const string = (): string => {
    const start = at
    const literal = take(stringLiteral)
    if (literal === undefined) throw syntaxError(text, start, 'expected a string')
    try {
      return JSON.parse(literal) as string
    } catch {
      throw syntaxError(text, start, 'illegal char escape')
    }
  }

  /** What stands between `open`, which is taken already, and `close`, with commas between. */
  const separated = <T>(close: string, element: () => T): T[] => {
    const found: T[] = []
    if (peek() === close) {
      at++
      return found
    }
    for (;;) {
      peek()
      found.push(element())
      if (peek() !== ',') break
      at++
    }
    expect(close)
    return found
  }

  const object = (depth: number): Item[] =>
    separated('}', () => {
      const start = at
      const key = string()
      expect(':')
      return { keys: [key], at: start, value: value(depth) }
    })

  const value = (depth: number): Node => {
    const first = peek()
    const start = at
    if (depth > maxDepth) throw syntaxError(text, start, `more than ${maxDepth} levels of nesting`)
    if (first === '{') {
      at++
      return { kind: 'object', at: start, items: object(depth + 1) }
    }
    if (first === '[') {
      at++
      return { kind: 'list', at: start, items: separated(']', () => value(depth + 1)) }
    }
    if (first === '"') return { kind: 'string', at: start, value: string() }
    const named = take(word)
    if (named === 'null') return { kind: 'null', at: start }
    if (named !== undefined) return { kind: 'bool', at: start, value: named === 'true' }
    const digits = take(numberLiteral)
    if (digits !== undefined) return { kind: 'number', at: start, text: digits }
    throw syntaxError(text, start, 'expected a value')
  }

  expect('{')
  const items = object(1)
  if (peek() !== undefined) throw syntaxError(text, at, 'unexpected text after the end')
  return items
}
