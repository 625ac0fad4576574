/** The path of a rule: what it matches, and which of two that match is the more specific (core-behaviour 4.3, 4.5). */

export type PatternKind =
  /** The path itself. */
  | 'exact'
  /** Ends in `*`: whatever begins with the rest. */
  | 'prefix'
  /** Has `+` for a segment, and may end in `*` as well. */
  | 'segments'

/** Vault's test, on the text: `/+x` counts as one with segments too, though its `+x` then matches only itself. */
export const patternKind = (pattern: string): PatternKind =>
  pattern === '+' || pattern.startsWith('+/') || pattern.includes('/+')
    ? 'segments'
    : pattern.endsWith('*')
      ? 'prefix'
      : 'exact'

export const hasGlob = (pattern: string): boolean => pattern.endsWith('*')

export const withoutGlob = (pattern: string): string => (hasGlob(pattern) ? pattern.slice(0, -1) : pattern)

/** What decides between patterns of the kinds `prefix` and `segments`. In bytes, as Go counts and compares. */
export interface Specificity {
  /** Where the first `+` is, or the glob where there is none. */
  readonly firstWildcard: number
  readonly glob: boolean
  /** How many segments are `+`. */
  readonly segments: number
  /** Without the glob. */
  readonly text: Buffer
}

export const specificityOf = (pattern: string): Specificity => {
  const glob = hasGlob(pattern)
  const text = Buffer.from(withoutGlob(pattern))
  if (patternKind(pattern) !== 'segments') return { firstWildcard: text.length, glob, segments: 0, text }
  const segments = withoutGlob(pattern).split('/')
  return {
    firstWildcard: text.indexOf('+'),
    glob,
    segments: segments.filter((segment) => segment === '+').length,
    text,
  }
}

/**
 * Of two patterns that match, the greater one wins. It depends on nothing of the request, so each rule gets its rank
 * once. Only equal patterns are equal.
 */
export const compareSpecificity = (a: Specificity, b: Specificity): number =>
  a.firstWildcard - b.firstWildcard ||
  // `foo/+` before `foo/*`.
  Number(b.glob) - Number(a.glob) ||
  b.segments - a.segments ||
  a.text.length - b.text.length ||
  Buffer.compare(a.text, b.text)

/**
 * Splits at the `{{…}}` of a path: the literal parts around them, one more than there are templates.
 * `undefined` where the braces do not pair up.
 */
export const templateParts = (pattern: string): string[] | undefined => {
  const [first = '', ...rest] = pattern.split('{{')
  if (first.includes('}}')) return undefined
  const parts = [first]
  for (const piece of rest) {
    const halves = piece.split('}}')
    if (halves.length !== 2) return undefined
    parts.push(halves[1] ?? '')
  }
  return parts
}

/**
 * May a templated pattern, whose values nobody knows, mean this path? Any text may stand for a template, slashes
 * included; a `+` or `*` of the pattern too. It matches more than any real value would, so it is for denying only.
 * Linear: each part is searched for once, the leftmost place being as good as any.
 */
export const unresolvedMatcher = (namespacePath: string, pattern: string): ((path: string) => boolean) => {
  const [head = '', ...tail] = templateParts(pattern) ?? ['', '']
  // An empty value at the very beginning would leave a leading slash, which is then stripped.
  if (head === '') tail[0] = tail[0]?.replace(/^\//, '') ?? ''
  const parts = [namespacePath + head, ...tail].flatMap((part) => part.split(/[+*]/))
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  const middle = parts.slice(1, -1)
  return (path) => {
    if (path.length < first.length + last.length || !path.startsWith(first) || !path.endsWith(last)) return false
    const end = path.length - last.length
    let at = first.length
    for (const part of middle) {
      const found = path.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
