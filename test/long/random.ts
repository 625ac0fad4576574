/** Random choices that come again with the same seed. */

export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number
  pick<T>(from: readonly T[]): T
  chance(probability: number): boolean
  bytes(length: number): Buffer
}

/** mulberry32: small, fast, and good enough to choose by. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    int,
    pick: (from) => {
      const chosen = from[int(from.length)]
      if (chosen === undefined) throw new Error('nothing to choose from')
      return chosen
    },
    chance: (probability) => next() < probability,
    bytes: (length) => Buffer.from(Array.from({ length }, () => int(256))),
  }
}
