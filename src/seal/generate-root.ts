/**
 * sys/generate-root: a new root token for who brings enough shares of the seal's key. The token goes out encoded with
 * a one-time password that only the one who began knows, so that no single holder of a share ends up with it.
 * The attempt lives in this process. With the `file` seal the one share is the key file's content.
 */
import { randomBytes } from 'node:crypto'
import { ChanceryError, invalidRequest } from '../errors.ts'
import type { SealAccess } from './seal-access.ts'
import { requiredShare, ShareCollection } from './shares.ts'

/** Of a root token's id: `hvs.` and 24 characters. */
export const otpLength = 28

export interface RootGenerationStatus {
  readonly started: boolean
  readonly nonce: string
  readonly progress: number
  readonly required: number
  readonly complete: boolean
  /** Base64 without padding, as Vault's CLI decodes it, of token XOR one-time password; `''` until complete. */
  readonly encodedToken: string
  /** Only in the answer that begins an attempt without one. */
  readonly otp: string
}

interface Attempt {
  readonly otp: Buffer
  readonly collection: ShareCollection
}

/** As long as a token in bytes, of letters and digits: it goes through terminals and command lines. */
const newOtp = (): string => {
  for (;;) {
    const otp = randomBytes((otpLength * 3) / 4).toString('base64url')
    // Drawn again rather than mapped: every character stays as likely as any other.
    if (!/[-_]/.test(otp)) return otp
  }
}

const encodeToken = (token: string, otp: Buffer): string => {
  const bytes = Buffer.from(token)
  // A shorter password would leave the end of the token in clear.
  if (bytes.length !== otp.length) throw new ChanceryError('internal', 'a root token of unexpected length')
  const encoded = Buffer.from(bytes.map((byte, at) => byte ^ (otp[at] ?? 0)))
  return encoded.toString('base64').replace(/=+$/, '')
}

/** Every method throws ChanceryError: `sealed`, or `invalid request` in Vault's words. */
export class RootGeneration {
  readonly #seal: SealAccess
  #attempt: Attempt | undefined

  constructor(seal: SealAccess) {
    this.#seal = seal
  }

  status(): RootGenerationStatus {
    return {
      started: this.#attempt !== undefined,
      nonce: this.#attempt?.collection.nonce ?? '',
      progress: this.#attempt?.collection.size ?? 0,
      required: this.#seal.threshold(),
      complete: false,
      encodedToken: '',
      otp: '',
    }
  }

  /** @param otp `''` to have one made, which is then in the answer and nowhere else */
  begin({ otp, pgpKey }: { otp: string; pgpKey: string }): Promise<RootGenerationStatus> {
    return this.#seal.turns.take(async () => {
      this.#seal.threshold()
      if (pgpKey !== '') {
        throw invalidRequest('pgp_key is not supported: this server does not encrypt tokens with PGP; use otp')
      }
      const password = Buffer.from(otp === '' ? newOtp() : otp)
      if (password.length !== otpLength) throw invalidRequest('OTP string has incorrect length')
      if (this.#attempt) throw invalidRequest('root generation already in progress')
      this.#attempt = { otp: password, collection: new ShareCollection() }
      this.#seal.log.info({ nonce: this.#attempt.collection.nonce }, 'root generation begun')
      return { ...this.status(), otp: otp === '' ? password.toString() : '' }
    })
  }

  /** Takes in one share; with the last one the answer has the encoded token. */
  update(text: string, nonce: string): Promise<RootGenerationStatus> {
    return this.#seal.turns.take(async () => {
      const share = requiredShare(text)
      const required = this.#seal.threshold()
      const attempt = this.#attempt
      if (!attempt) throw invalidRequest('no root generation in progress')
      const { collection } = attempt
      if (nonce !== collection.nonce) {
        throw invalidRequest(
          `incorrect nonce supplied; nonce for this root generation operation is "${collection.nonce}"`,
        )
      }
      if (!collection.add(share)) {
        throw invalidRequest('given key has already been provided during this generation operation')
      }
      if (collection.size < required) return this.status()
      const key = await collection.combine()
      if (!key) throw invalidRequest('failed to compute root key: the key shares do not belong together')
      const right = await this.#seal.isSealKey(key)
      key.fill(0)
      if (!right) throw invalidRequest('root generation aborted: incorrect key shares supplied')
      const encodedToken = await this.#seal.createRootToken((token) => encodeToken(token, attempt.otp))
      this.abandon()
      this.#seal.log.info({ nonce }, 'root generation finished')
      return { started: true, nonce, progress: required, required, complete: true, encodedToken, otp: '' }
    })
  }

  cancel(): Promise<void> {
    return this.#seal.turns.take(async () => {
      this.#seal.threshold()
      this.abandon()
    })
  }

  /** Forgets the attempt and every share of it. For the seal itself, when the keys change or go. */
  abandon(): void {
    this.#attempt?.collection.clear()
    this.#attempt?.otp.fill(0)
    this.#attempt = undefined
  }
}
