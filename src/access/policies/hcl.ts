/** HCL 1: text → tree. The part of it that policies are written in, which is all but its arithmetic. */
import { scanner, type Token } from './hcl-scan.ts'
import { maxDepth, syntaxError, type Item, type Node } from './syntax.ts'

/** @throws invalid request, with line and column */
export const parseHcl = (text: string): Item[] => {
  const scan = scanner(text)
  let token = scan()

  const next = (): Token => {
    const taken = token
    token = scan()
    return taken
  }

  const is = (kind: Token['kind']): boolean => token.kind === kind

  const refuse = ({ at }: { at: number }, message: string): Error => syntaxError(text, at, message)

  /** The keys before `=` or `{`, which stays the current token. */
  const keys = (): string[] => {
    const { at } = token
    const found: string[] = []
    while (is('IDENT') || is('STRING')) found.push(next().value)
    if (found.length === 0) throw refuse(token, `expected: IDENT | STRING | ASSIGN | LBRACE got: ${token.kind}`)
    if (is('LBRACE')) return found
    if (!is('ASSIGN')) {
      const written = text.slice(at, Math.min(token.at, at + 100)).trimEnd()
      throw refuse(token, `key '${written}' expected start of object ('{') or assignment ('=')`)
    }
    if (found.length > 1) throw refuse(token, `nested object expected: LBRACE got: ${token.kind}`)
    return found
  }

  /** Ends at `end`, which is taken. */
  const items = (end: 'EOF' | 'RBRACE', depth: number): Item[] => {
    const found: Item[] = []
    while (!is(end)) {
      if (is('EOF')) throw refuse(token, 'object expected closing RBRACE got: EOF')
      const { at } = token
      const names = keys()
      if (is('ASSIGN')) next()
      found.push({ keys: names, at, value: value(depth) })
      if (is('COMMA')) next()
    }
    next()
    return found
  }

  const list = (depth: number): Node[] => {
    const found: Node[] = []
    while (!is('RBRACK')) {
      if (is('COMMA')) {
        next()
        continue
      }
      found.push(value(depth))
      if (!is('COMMA') && !is('RBRACK')) {
        throw refuse(token, `error parsing list, expected comma or list end, got: ${token.kind}`)
      }
    }
    next()
    return found
  }

  const value = (depth: number): Node => {
    const first = next()
    const { at } = first
    if (depth > maxDepth) throw refuse(first, `more than ${maxDepth} levels of nesting`)
    switch (first.kind) {
      case 'STRING':
        return { kind: 'string', at, value: first.value }
      case 'NUMBER':
        return { kind: 'number', at, text: first.value }
      case 'BOOL':
        return { kind: 'bool', at, value: first.value === 'true' }
      case 'LBRACE':
        return { kind: 'object', at, items: items('RBRACE', depth + 1) }
      case 'LBRACK':
        return { kind: 'list', at, items: list(depth + 1) }
      default:
        throw refuse(first, `Unknown token: ${first.kind} ${first.value.slice(0, 100)}`.trimEnd())
    }
  }

  return items('EOF', 1)
}
