import t from 'tap'
import { buildChains, type ChainMember } from '../../../src/pki/issuers/chain.ts'

interface Member extends ChainMember {
  readonly key: string
  readonly signedWith: string
}

/** `id: subject < issuer`, the key being the subject's unless another is named. */
const member = (id: string, subject: string, issuer: string, more: Partial<Member> = {}): Member => ({
  id,
  subject: Buffer.from(subject),
  issuer: Buffer.from(issuer),
  manualChain: [],
  key: subject,
  signedWith: issuer,
  ...more,
})

const chains = (members: readonly Member[]): Record<string, string[]> =>
  Object.fromEntries(buildChains(members, (child, parent) => child.signedWith === parent.key))

t.test('a chain goes up to the root', async (t) => {
  const members = [member('leaf', 'L', 'I'), member('root', 'R', 'R'), member('int', 'I', 'R')]
  t.same(chains(members), { root: ['root'], int: ['int', 'root'], leaf: ['leaf', 'int', 'root'] })
  t.same(chains(members.toReversed()), chains(members), 'in whatever order they come')
})

t.test('a name alone makes no parent', async (t) => {
  const members = [member('root', 'R', 'R'), member('other', 'I', 'R', { signedWith: 'another key' })]
  t.same(chains(members)['other'], ['other'])
})

t.test('a cross-signed issuer has both ways up, the root first', async (t) => {
  const members = [member('old', 'O', 'O'), member('new', 'N', 'N'), member('cross', 'N', 'O'), member('int', 'I', 'N')]
  t.same(chains(members)['int'], ['int', 'new', 'cross', 'old'])
  t.same(chains(members)['cross'], ['cross', 'old'])
})

t.test('a reissued root has its twin in its chain', async (t) => {
  t.same(chains([member('a', 'R', 'R'), member('b', 'R', 'R')]), { a: ['a', 'b'], b: ['b', 'a'] })
})

t.test('a circle ends', async (t) => {
  t.same(chains([member('a', 'A', 'B'), member('b', 'B', 'A')]), { a: ['a', 'b'], b: ['b', 'a'] })
})

t.test('a chain chosen by hand counts for those below as well, without what is gone', async (t) => {
  const members = [
    member('root', 'R', 'R'),
    member('x', 'X', 'X'),
    member('int', 'I', 'R', { manualChain: ['int', 'x', 'gone'] }),
    member('leaf', 'L', 'I'),
  ]
  t.same(chains(members)['int'], ['int', 'x'])
  t.same(chains(members)['leaf'], ['leaf', 'int', 'x'])
})

t.test('many parents in many layers are one walk', async (t) => {
  const layers = Array.from({ length: 12 }, (_, layer) =>
    Array.from({ length: 6 }, (_, at) => member(`${layer}-${at}`, `L${layer}`, `L${layer + 1}`)),
  ).flat()
  t.equal(chains(layers)['0-0']?.length, 1 + 11 * 6)
})
