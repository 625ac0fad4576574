import t from 'tap'
import { countComplaint, decodeShare, lengthComplaint, requiredShare, ShareCollection } from '../../src/seal/shares.ts'

const share = (fill: number): Buffer => Buffer.alloc(33, fill)

t.test('a share is read as hex and as base64', async (t) => {
  t.same(decodeShare(share(0xab).toString('hex')), share(0xab))
  t.same(decodeShare(share(0xab).toString('hex').toUpperCase()), share(0xab))
  t.same(decodeShare(share(0xab).toString('base64')), share(0xab))
})

t.test('hex of a length that no share has is base64 that looks like it', async (t) => {
  t.same(decodeShare('abcd'), Buffer.from('abcd', 'base64'))
})

t.test('other text is refused without being repeated', async (t) => {
  for (const text of ['not a key!', 'abc', 'ab-_', 'YWJj=', ' YWJj', 'YWJj\n']) {
    t.throws(() => decodeShare(text), {
      kind: 'invalid request',
      message: "'key' must be a valid hex or base64 string",
    })
  }
})

t.test('a share too short or too long is refused in Vault’s words', async (t) => {
  t.equal(lengthComplaint(Buffer.alloc(15)), 'key is shorter than minimum 16 bytes')
  t.equal(lengthComplaint(Buffer.alloc(34)), 'key is longer than maximum 33 bytes')
  t.equal(lengthComplaint(Buffer.alloc(16)), undefined)
  t.equal(lengthComplaint(Buffer.alloc(33)), undefined)
  t.throws(() => requiredShare('YWJj'), { message: 'key is shorter than minimum 16 bytes' })
  t.throws(() => requiredShare(''), { message: "'key' must be specified in request body as JSON" })
})

t.test('impossible numbers of shares are refused in Vault’s words', async (t) => {
  t.equal(countComplaint(0, 3), 'shares must be at least one')
  t.equal(countComplaint(5, 0), 'threshold must be at least one')
  t.equal(countComplaint(5, 1), 'threshold must be greater than one for multiple shares')
  t.equal(countComplaint(3, 5), 'threshold cannot be larger than shares')
  t.equal(countComplaint(256, 3), 'shares must be less than 256')
  t.equal(countComplaint(255, 256), 'threshold must be less than 256')
  t.equal(countComplaint(1, 1), undefined)
  t.equal(countComplaint(255, 255), undefined)
})

t.test('the same share counts once', async (t) => {
  const collection = new ShareCollection()
  t.equal(collection.add(share(1)), true)
  t.equal(collection.add(share(1)), false)
  t.equal(collection.add(share(2)), true)
  t.equal(collection.size, 2)
})

t.test(
  'a collection is empty after its shares were combined or forgotten, and the shares are overwritten',
  async (t) => {
    const collection = new ShareCollection()
    const held = share(1)
    collection.add(held)
    t.same(await collection.combine(), share(1))
    t.equal(collection.size, 0)
    t.same(held, share(0))
    collection.add(share(3))
    collection.clear()
    t.equal(collection.size, 0)
  },
)

t.test('every collection has a nonce of its own', async (t) => {
  t.match(new ShareCollection().nonce, /^[0-9a-f-]{36}$/)
  t.not(new ShareCollection().nonce, new ShareCollection().nonce)
})
