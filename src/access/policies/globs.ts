/**
 * Texts with a trailing `*`, and which of them a text begins with. Sorted, so that a look-up is a binary search however
 * many there are and however long the text is: what begins a text stands at or before its place, and links lead from
 * there to ever shorter beginnings.
 */
export interface Glob<T> {
  /** Without the `*`. */
  readonly text: string
  readonly value: T
  /** The longest other glob that this one begins with. */
  readonly shorter: Glob<T> | undefined
}

export type Globs<T> = readonly Glob<T>[]

/** @param given every text once */
export const sortGlobs = <T>(given: ReadonlyMap<string, T>): Globs<T> => {
  const sorted: Glob<T>[] = []
  for (const [text, value] of [...given].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let shorter = sorted.at(-1)
    while (shorter && !text.startsWith(shorter.text)) shorter = shorter.shorter
    sorted.push({ text, value, shorter })
  }
  return sorted
}

/** The longest glob that `text` begins with; `shorter` leads to all the others. */
export const longestGlob = <T>(globs: Globs<T>, text: string): Glob<T> | undefined => {
  let [low, high] = [0, globs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((globs[middle]?.text ?? '') <= text) low = middle + 1
    else high = middle
  }
  let glob = globs[low - 1]
  if (!glob) return undefined
  const common = commonLength(glob.text, text)
  while (glob && glob.text.length > common) glob = glob.shorter
  return glob
}

const commonLength = (a: string, b: string): number => {
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  return at
}
