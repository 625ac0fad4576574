import fc from 'fast-check'
import t from 'tap'
import { longestGlob, sortGlobs } from '../../../src/access/policies/globs.ts'

t.test('finds every beginning of a text, the longest first', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', '\uffff'), maxLength: 6 })
  fc.assert(
    fc.property(fc.uniqueArray(text), fc.array(text), (texts, asked) => {
      const globs = sortGlobs(new Map(texts.map((each) => [each, each])))
      for (const each of asked) {
        const found: string[] = []
        for (let glob = longestGlob(globs, each); glob; glob = glob.shorter) found.push(glob.value)
        const expected = texts.filter((one) => each.startsWith(one)).sort((a, b) => b.length - a.length)
        if (found.join('|') !== expected.join('|') || found.length !== expected.length) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
  t.end()
})
