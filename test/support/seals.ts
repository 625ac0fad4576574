/** Seals to test with: on a store, with real root tokens, and everything they log kept. */
import { join } from 'node:path'
import { makeTokenHasher } from '../../src/access/tokens/hash.ts'
import { createRootToken } from '../../src/access/tokens/create.ts'
import { unavailable } from '../../src/errors.ts'
import type { CreateRootToken } from '../../src/seal/initialise.ts'
import { Seal, type InitRequest, type SealOptions } from '../../src/seal/seal.ts'
import type { Changes } from '../../src/store/changes.ts'
import type { Store } from '../../src/store/open.ts'
import { findToken } from '../../src/store/tokens.ts'
import { memoryLog, type TestLog } from './stores.ts'

/** Wired as `app.ts` does it. */
export const realRootToken: CreateRootToken = (tx, barrier, now, id) =>
  createRootToken(tx, { hasher: makeTokenHasher(() => barrier.hmacKey('token')), now, id })

export interface TestSeal {
  readonly seal: Seal
  readonly log: TestLog
}

interface Options extends Partial<Pick<SealOptions, 'createRootToken' | 'populate' | 'keepRootToken'>> {
  type?: 'file' | 'shamir'
  /** Of the key file. */
  folder?: string
  rootToken?: string
}

/** Not started yet; closed at the teardown. */
export const newSeal = (
  t: { teardown(work: () => Promise<void>): void },
  store: Store,
  { type = 'shamir', folder = '/nowhere', rootToken, ...others }: Options = {},
): TestSeal => {
  const log = memoryLog()
  const seal = new Seal({
    db: store.db,
    changes: store.changes,
    log,
    config: { seal: type, sealKeyFile: join(folder, 'seal.key'), rootToken },
    createRootToken: realRootToken,
    populate: () => Promise.resolve(),
    ...others,
  })
  t.teardown(() => seal.close())
  return { seal, log }
}

/** sys/init of so many shares and nothing else. */
export const initRequest = (secretShares: number, secretThreshold: number): InitRequest => ({
  secretShares,
  secretThreshold,
  pgpKeys: [],
  rootTokenPgpKey: '',
  recoveryShares: 0,
  recoveryThreshold: 0,
  recoveryPgpKeys: [],
})

/** Initialised and unsealed, with three shares of which two are needed. */
export const unsealedShamir = async (t: Parameters<typeof newSeal>[0], store: Store, options: Options = {}) => {
  const made = newSeal(t, store, options)
  await made.seal.start()
  const { shares, rootToken } = await made.seal.initialise(initRequest(3, 2))
  const keys = shares.map((share) => share.toString('base64'))
  await unsealWith(made.seal, keys)
  return { ...made, keys, rootToken }
}

export const unsealWith = async (seal: Seal, keys: readonly string[]): Promise<void> => {
  for (const key of keys.slice(0, 2)) await seal.unseal(key)
}

/** Is there a token of this id, by the HMAC key that `seal` has? */
export const tokenExists = async (store: Store, seal: Seal, id: string): Promise<boolean> => {
  const hasher = makeTokenHasher(() => seal.barrier.hmacKey('token'))
  return (await findToken(store.db, hasher.hash(id))) !== undefined
}

/** Resolves once `condition` holds; what it depends on comes from another replica. */
export const eventually = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 5_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come about within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The store's changes with another way to run a transaction. */
export const withTransaction = (changes: Changes, transaction: Changes['transaction']): Changes =>
  new Proxy(changes, {
    get: (target, name) => {
      if (name === 'transaction') return transaction
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })

/** The store's changes, whose transactions can be made to take effect and then report a lost connection. */
export const lossy = (changes: Changes) => {
  let losing = false
  const transaction: Changes['transaction'] = async (work) => {
    const result = await changes.transaction(work)
    if (losing) throw unavailable('the database does not answer')
    return result
  }
  return { changes: withTransaction(changes, transaction), lose: () => void (losing = true) }
}
