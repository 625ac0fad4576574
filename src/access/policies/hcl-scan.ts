/** HCL 1: text → tokens, one after the other. Each character is looked at once or twice, so the time is linear. */
import { syntaxError } from './syntax.ts'

/** By the names that HCL's messages have for them. */
const punctuation = { LBRACE: '{', RBRACE: '}', LBRACK: '[', RBRACK: ']', COMMA: ',', ASSIGN: '=' } as const

export interface Token {
  readonly kind: 'IDENT' | 'STRING' | 'NUMBER' | 'BOOL' | 'EOF' | keyof typeof punctuation
  /** Offset in the text. */
  readonly at: number
  /** What a string stands for; a number, a word or a boolean as written. Otherwise empty. */
  readonly value: string
}

const punctuationKinds: ReadonlyMap<string, keyof typeof punctuation> = new Map(
  Object.entries(punctuation).map(([kind, character]) => [character, kind as keyof typeof punctuation]),
)

const blank = /[ \t\n\r]*/y
const identifier = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy
const number = /-?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y
const heredocAnchor = /<<(-?)([\p{L}\p{Nd}_]+)\n/uy
const plainText = /[^"\\\n$]*/y

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
])

const numericEscape = /[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y

/** @returns a function that gives the next token; at the end it gives EOF as often as it is called */
export const scanner = (text: string): (() => Token) => {
  let at = 0

  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at
    const match = expression.exec(text)
    if (match) at += match[0].length
    return match
  }

  const skipBlanksAndComments = (): void => {
    for (;;) {
      take(blank)
      if (text[at] === '#' || text.startsWith('//', at)) {
        const end = text.indexOf('\n', at)
        at = end < 0 ? text.length : end
      } else if (text.startsWith('/*', at)) {
        const end = text.indexOf('*/', at + 2)
        if (end < 0) throw syntaxError(text, at, 'comment not terminated')
        at = end + 2
      } else if (text[at] === '/') {
        throw syntaxError(text, at, "expected '/' for comment")
      } else {
        return
      }
    }
  }

  /** After a backslash. */
  const escape = (): string => {
    const simple = simpleEscapes.get(text[at] ?? '')
    if (simple !== undefined) {
      at++
      return simple
    }
    const start = at
    const [digits] = take(numericEscape) ?? []
    const code = digits === undefined ? -1 : /^\d/.test(digits) ? parseInt(digits, 8) : parseInt(digits.slice(1), 16)
    // HCL's octal and \x escapes are bytes. Above ASCII they could cut a character in two, so they are refused.
    const bytes = digits !== undefined && !/^u/i.test(digits)
    if (code < 0 || code > (bytes ? 0x7f : 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) {
      throw syntaxError(text, start, 'illegal char escape')
    }
    return String.fromCodePoint(code)
  }

  /** `${…}` up to its closing brace, as it stands: nothing in it is interpreted, and it may hold quotes and lines. */
  const interpolation = (start: number): string => {
    const from = at
    at += 2
    for (let braces = 1; braces > 0; at++) {
      if (at >= text.length) throw syntaxError(text, start, 'literal not terminated')
      if (text[at] === '{') braces++
      if (text[at] === '}') braces--
    }
    return text.slice(from, at)
  }

  const quotedString = (): Token => {
    const start = at++
    const pieces: string[] = []
    for (;;) {
      pieces.push(take(plainText)?.[0] ?? '')
      const character = text[at]
      if (character === undefined || character === '\n') throw syntaxError(text, start, 'literal not terminated')
      if (character === '$') {
        if (text[at + 1] === '{') pieces.push(interpolation(start))
        else pieces.push(text[at++] ?? '')
        continue
      }
      at++
      if (character === '"') return { kind: 'STRING', at: start, value: pieces.join('') }
      pieces.push(escape())
    }
  }

  const heredoc = (): Token => {
    const start = at
    const anchor = take(heredocAnchor)
    if (!anchor) throw syntaxError(text, start, 'invalid characters in heredoc anchor')
    const [, dash, name = ''] = anchor
    const lines: string[] = []
    for (;;) {
      const end = text.indexOf('\n', at)
      if (end < 0) throw syntaxError(text, start, 'heredoc not terminated')
      const line = text.slice(at, end)
      at = end + 1
      if (line.trimStart() !== name) {
        lines.push(line)
        continue
      }
      const indent = line.slice(0, line.length - name.length)
      const hangs = dash === '-' && lines.every((each) => each.startsWith(indent))
      const body = hangs ? lines.map((each) => each.slice(indent.length)) : lines
      const value = body.map((each) => `${each}\n`).join('') + (dash === '-' ? '' : indent)
      return { kind: 'STRING', at: start, value }
    }
  }

  return () => {
    skipBlanksAndComments()
    const start = at
    const character = text[at]
    if (character === undefined) return { kind: 'EOF', at, value: '' }
    const kind = punctuationKinds.get(character)
    if (kind) {
      at++
      return { kind, at: start, value: '' }
    }
    if (character === '"') return quotedString()
    if (character === '<') return heredoc()
    const [word] = take(identifier) ?? []
    if (word !== undefined)
      return { kind: word === 'true' || word === 'false' ? 'BOOL' : 'IDENT', at: start, value: word }
    const [digits] = take(number) ?? []
    if (digits !== undefined) return { kind: 'NUMBER', at: start, value: digits }
    throw syntaxError(text, start, 'illegal char')
  }
}
