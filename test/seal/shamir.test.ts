import fc from 'fast-check'
import t from 'tap'
import { combineShares, splitSecret } from '../../src/seal/shamir.ts'

/** Shares, threshold, and an order to take them in. */
const splits = fc
  .integer({ min: 2, max: 10 })
  .chain((shares) =>
    fc.tuple(
      fc.constant(shares),
      fc.integer({ min: 2, max: shares }),
      fc.shuffledSubarray([...Array(shares).keys()], { minLength: shares }),
    ),
  )
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 })

const pick = (shares: readonly Buffer[], indexes: readonly number[]): Buffer[] =>
  indexes.flatMap((index) => shares[index] ?? [])

t.test('any k of n shares give the secret back', async (t) => {
  await fc.assert(
    fc.asyncProperty(secrets, splits, async (secret, [n, k, order]) => {
      const shares = await splitSecret(secret, n, k)
      return (await combineShares(pick(shares, order.slice(0, k))))?.equals(secret) === true
    }),
  )
  t.pass()
})

t.test('k - 1 shares do not', async (t) => {
  await fc.assert(
    fc.asyncProperty(secrets, splits, async (secret, [n, k, order]) => {
      fc.pre(k > 2)
      const shares = await splitSecret(secret, n, k)
      return (await combineShares(pick(shares, order.slice(0, k - 1))))?.equals(secret) === false
    }),
  )
  t.pass()
})

t.test('a share is 33 bytes, its x coordinate last, never zero and never twice', async (t) => {
  const shares = await splitSecret(Buffer.alloc(32, 7), 255, 255)
  t.ok(shares.every((share) => share.length === 33))
  const coordinates = new Set(shares.map((share) => share[32]))
  t.equal(coordinates.size, 255)
  t.notOk(coordinates.has(0))
})

t.test('a single share is the secret itself, and a copy of it', async (t) => {
  const secret = Buffer.alloc(32, 7)
  const [share] = await splitSecret(secret, 1, 1)
  secret.fill(0)
  t.same(share, Buffer.alloc(32, 7))
  t.same(await combineShares([Buffer.alloc(32, 7)]), Buffer.alloc(32, 7))
})

t.test('shares that cannot belong together give nothing', async (t) => {
  const [one = Buffer.alloc(33), two = Buffer.alloc(33)] = await splitSecret(Buffer.alloc(32, 7), 3, 2)
  t.equal(await combineShares([]), undefined)
  t.equal(await combineShares([one, two.subarray(0, 32)]), undefined, 'unequal lengths')
  const twin = Buffer.from(one)
  twin[0] = (twin[0] ?? 0) ^ 1
  t.equal(await combineShares([one, twin]), undefined, 'one x coordinate twice')
})

t.test('the field is the one of AES, as in Vault: shares worked out by hand are combined', async (t) => {
  // f(x) = 0x53 + 2x. In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, 2 times 0x80 is 0x1b; other fields give another secret.
  const atOne = Buffer.of(0x53 ^ 0x02, 0x01)
  const atHigh = Buffer.of(0x53 ^ 0x1b, 0x80)
  t.same(await combineShares([atOne, atHigh]), Buffer.of(0x53))
})
