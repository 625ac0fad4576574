/** The one initialisation of a database: its keys, its first root token, or nothing at all. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Changes } from '../store/changes.ts'
import type { Tx } from '../store/database.ts'
import { findSeal, insertHmacKey, insertKeyTerm, insertSeal, lockInitialisation } from '../store/seal.ts'
import { keyBytes, newKey } from './aes-gcm.ts'
import { Barrier } from './barrier.ts'
import { hmacKeyPlace } from './hmac-keys.ts'
import { protectKeys } from './key-hierarchy.ts'
import { newKeyring } from './keyring.ts'

/**
 * Writes a root token's row and returns its id.
 * @param barrier has the keys, also where the server itself is still sealed
 * @param id the id to use; without it a random one
 */
export type CreateRootToken = (tx: Tx, barrier: Barrier, now: Date, id?: string) => Promise<string>

export interface NewSeal {
  readonly type: 'file' | 'shamir'
  readonly secretShares: number
  readonly secretThreshold: number
  /** Asked for only when this process is the one that initialises. */
  readonly sealKey: () => Promise<Uint8Array>
  readonly createRootToken: CreateRootToken
  /** Writes what every database has from its first moment: built-in mounts and policies. */
  readonly populate: (tx: Tx, now: Date) => Promise<void>
  /** From the settings. */
  readonly rootTokenId: string | undefined
  /**
   * Puts the token where its owner finds it, before the commit: a crash in between leaves a note of a token that never
   * came to be, and the next start writes another. The other way round the token would be lost.
   */
  readonly keepRootToken?: ((token: string) => Promise<void>) | undefined
}

/** The HMAC keys that every database has. */
const hmacKeyNames = ['token'] as const

/**
 * Initialises the database, unless it is initialised already, by this or another replica. Whoever comes second waits
 * for the first to end.
 * @returns the first root token, or `undefined`: somebody else was first, and nothing was changed
 */
export const initialiseDatabase = (changes: Changes, seal: NewSeal): Promise<string | undefined> =>
  changes.transaction(async (tx, changed) => {
    await lockInitialisation(tx)
    if (await findSeal(tx)) return undefined
    const now = changes.now()
    const clusterId = randomUUID()
    const rootKey = newKey()
    const keyring = newKeyring()
    const hmacKeys = new Map(hmacKeyNames.map((name) => [name, randomBytes(keyBytes)]))
    const barrier = new Barrier()
    barrier.install({ keyring, hmacKeys })
    try {
      await insertSeal(tx, {
        ...protectKeys({ cluster_id: clusterId }, { sealKey: await seal.sealKey(), rootKey, keyring }),
        version: 1,
        type: seal.type,
        secret_shares: seal.secretShares,
        secret_threshold: seal.secretThreshold,
        cluster_id: clusterId,
        cluster_name: `chancery-cluster-${clusterId.slice(0, 8)}`,
        created_at: now,
      })
      for (const [name, key] of hmacKeys) await insertHmacKey(tx, name, barrier.encrypt(hmacKeyPlace(name), key))
      await seal.populate(tx, now)
      const token = await seal.createRootToken(tx, barrier, now, seal.rootTokenId)
      const encryptions = barrier.takeCounts().get(1) ?? 0
      await insertKeyTerm(tx, { term: 1, installed_at: now, encryptions })
      await seal.keepRootToken?.(token)
      changed('seal')
      return token
    } finally {
      barrier.clear()
      for (const key of [rootKey, ...hmacKeys.values()]) key.fill(0)
    }
  })
