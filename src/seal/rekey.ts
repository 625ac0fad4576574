/**
 * sys/rekey: new shares for the seal, and a new root key under them. Enough of the old shares must be brought first;
 * with verification nothing changes until enough of the new ones have been brought back, too.
 *
 * The attempt lives in this process: the operators of one rekey all talk to one replica. Its outcome reaches them all.
 */
import { invalidRequest } from '../errors.ts'
import { newKey } from './aes-gcm.ts'
import type { SealAccess } from './seal-access.ts'
import { splitSecret } from './shamir.ts'
import { countComplaint, requiredShare, sameSecret, ShareCollection } from './shares.ts'

export interface RekeyRequest {
  readonly secretShares: number
  readonly secretThreshold: number
  readonly requireVerification: boolean
  readonly backup: boolean
  readonly pgpKeys: readonly string[]
}

interface Attempt {
  readonly shares: number
  readonly threshold: number
  readonly requireVerification: boolean
  /** Of the old shares. */
  readonly collection: ShareCollection
  /** From when the new shares have been handed out. */
  verification: { readonly sealKey: Buffer; collection: ShareCollection } | undefined
}

export interface RekeyStatus {
  readonly started: boolean
  readonly nonce: string
  readonly t: number
  readonly n: number
  readonly progress: number
  readonly required: number
  readonly verificationRequired: boolean
  readonly verificationNonce: string | undefined
}

/** The end of an update: the new shares, shown once. */
export interface Rekeyed {
  readonly nonce: string
  readonly shares: readonly Buffer[]
  readonly verificationRequired: boolean
  readonly verificationNonce: string | undefined
}

export interface RekeyVerification {
  readonly started: boolean
  readonly nonce: string
  readonly t: number
  readonly n: number
  readonly progress: number
}

/** Every method throws ChanceryError: `sealed`, or `invalid request` in Vault's words. */
export class Rekey {
  readonly #seal: SealAccess
  #attempt: Attempt | undefined

  constructor(seal: SealAccess) {
    this.#seal = seal
  }

  status(): RekeyStatus {
    const required = this.#seal.threshold()
    const attempt = this.#attempt
    return {
      started: attempt !== undefined,
      nonce: attempt?.collection.nonce ?? '',
      t: attempt?.threshold ?? 0,
      n: attempt?.shares ?? 0,
      progress: attempt?.collection.size ?? 0,
      required,
      verificationRequired: attempt?.requireVerification ?? false,
      verificationNonce: attempt?.verification?.collection.nonce,
    }
  }

  begin(request: RekeyRequest): Promise<RekeyStatus> {
    return this.#seal.turns.take(async () => {
      this.#seal.threshold()
      this.#refuseUnlessPossible(request)
      if (this.#attempt) throw invalidRequest('rekey already in progress')
      this.#attempt = {
        shares: request.secretShares,
        threshold: request.secretThreshold,
        requireVerification: request.requireVerification,
        collection: new ShareCollection(),
        verification: undefined,
      }
      this.#seal.log.info({ nonce: this.#attempt.collection.nonce }, 'rekey begun')
      return this.status()
    })
  }

  /** Takes in one of the old shares. `undefined`: more are needed. */
  update(text: string, nonce: string): Promise<Rekeyed | undefined> {
    return this.#seal.turns.take(async () => {
      const share = requiredShare(text)
      const required = this.#seal.threshold()
      const attempt = this.#attempt
      if (!attempt) throw invalidRequest('no barrier rekey in progress')
      const { collection } = attempt
      if (attempt.verification) {
        throw invalidRequest(
          'rekey operation already finished; verification must be performed; ' +
            `nonce for the verification operation is "${attempt.verification.collection.nonce}"`,
        )
      }
      if (nonce !== collection.nonce) {
        throw invalidRequest(`incorrect nonce supplied; nonce for this rekey operation is "${collection.nonce}"`)
      }
      if (!collection.add(share)) {
        throw invalidRequest('given key has already been provided during this generation operation')
      }
      if (collection.size < required) return undefined
      const oldKey = await collection.combine()
      if (!oldKey) throw invalidRequest('failed to compute root key: the key shares do not belong together')
      const right = await this.#seal.isSealKey(oldKey)
      oldKey.fill(0)
      if (!right) throw invalidRequest('root key verification failed; incorrect key shares supplied')
      return this.#handOut(attempt)
    })
  }

  cancel(): Promise<void> {
    return this.#seal.turns.take(async () => {
      this.#seal.threshold()
      this.abandon()
    })
  }

  verification(): RekeyVerification {
    this.#seal.threshold()
    const attempt = this.#attempt
    if (!attempt) throw invalidRequest('no rekey configuration found')
    return {
      started: attempt.verification !== undefined,
      nonce: attempt.verification?.collection.nonce ?? '',
      t: attempt.threshold,
      n: attempt.shares,
      progress: attempt.verification?.collection.size ?? 0,
    }
  }

  /** Takes in one of the new shares. The nonce of the finished verification, or `undefined`: more are needed. */
  verify(text: string, nonce: string): Promise<string | undefined> {
    return this.#seal.turns.take(async () => {
      const share = requiredShare(text)
      this.#seal.threshold()
      const attempt = this.#attempt
      if (!attempt) throw invalidRequest('no rekey in progress')
      const { verification } = attempt
      if (!verification) throw invalidRequest('no rekey verification in progress')
      const { collection, sealKey } = verification
      if (nonce !== collection.nonce) {
        throw invalidRequest(`incorrect nonce supplied; nonce for this verify operation is "${collection.nonce}"`)
      }
      if (!collection.add(share)) {
        throw invalidRequest('given key has already been provided during this verify operation')
      }
      if (collection.size < attempt.threshold) return undefined
      const combined = await collection.combine()
      const right = combined !== undefined && sameSecret(combined, sealKey)
      combined?.fill(0)
      // Vault takes a new nonce for every try, so that shares of two tries do not mix.
      verification.collection = new ShareCollection()
      if (!right) throw invalidRequest('rekey verification failed; incorrect key shares supplied')
      await this.#seal.replaceSealKey(sealKey, attempt.shares, attempt.threshold)
      this.abandon()
      return collection.nonce
    })
  }

  restartVerification(): Promise<RekeyVerification> {
    return this.#seal.turns.take(async () => {
      this.#seal.threshold()
      const verification = this.#attempt?.verification
      verification?.collection.clear()
      if (verification) verification.collection = new ShareCollection()
      return this.verification()
    })
  }

  /** Forgets the attempt and every share of it. For the seal itself, when the keys change or go. */
  abandon(): void {
    this.#attempt?.collection.clear()
    this.#attempt?.verification?.collection.clear()
    this.#attempt?.verification?.sealKey.fill(0)
    this.#attempt = undefined
  }

  #refuseUnlessPossible(request: RekeyRequest): void {
    if (this.#seal.type === 'file') {
      // Every replica reads the same key file at its start. A new key would have to be in all those places at the very
      // moment that the row changes; whoever starts in between would find a database that its key does not open.
      throw invalidRequest(
        'rekey is not applicable to seal type file: its one key is the key file of all replicas. ' +
          'sys/rotate adds a new encryption key; shares that can be replaced need seal type shamir',
      )
    }
    if (request.backup && request.pgpKeys.length === 0) {
      throw invalidRequest('cannot request a backup of the new keys without providing PGP keys for encryption')
    }
    if (request.pgpKeys.length > 0) {
      if (request.pgpKeys.length !== request.secretShares) {
        throw invalidRequest('incorrect number of PGP keys for rekey')
      }
      throw invalidRequest('pgp_keys is not supported: this server does not encrypt key shares with PGP')
    }
    const complaint = countComplaint(request.secretShares, request.secretThreshold)
    if (complaint) throw invalidRequest(`invalid rekey seal configuration: ${complaint}`)
  }

  async #handOut(attempt: Attempt): Promise<Rekeyed> {
    const sealKey = newKey()
    const shares = await splitSecret(sealKey, attempt.shares, attempt.threshold)
    const { nonce } = attempt.collection
    if (attempt.requireVerification) {
      attempt.verification = { sealKey, collection: new ShareCollection() }
      const verificationNonce = attempt.verification.collection.nonce
      return { nonce, shares, verificationRequired: true, verificationNonce }
    }
    await this.#seal.replaceSealKey(sealKey, attempt.shares, attempt.threshold)
    sealKey.fill(0)
    this.abandon()
    return { nonce, shares, verificationRequired: false, verificationNonce: undefined }
  }
}
