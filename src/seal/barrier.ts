/**
 * The barrier: what stands between a secret and the database. Everything secret that is stored goes out through
 * `encrypt` and comes back through `decrypt`; while the server is sealed both refuse, because the keys are not there.
 *
 * A value is a 4-byte big-endian term, then `aes-gcm.ts`'s layout. The place of a value (table, column, primary key) is
 * authenticated with it, so a ciphertext copied to another row or column does not open there.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { ChanceryError, unavailable } from '../errors.ts'
import { decryptAt, encryptAt } from './aes-gcm.ts'
import { newestTerm, wipeKeyring, type Keyring } from './keyring.ts'

const termBytes = 4

export const vaultIsSealed = (): ChanceryError => new ChanceryError('sealed', 'Vault is sealed')

/** What an unsealed barrier holds. */
export interface BarrierKeys {
  readonly keyring: Keyring
  /** By name, as in the table `hmac_keys`. */
  readonly hmacKeys: ReadonlyMap<string, Uint8Array>
}

export class Barrier {
  #keyring: Keyring | undefined
  #hmacKeys = new Map<string, KeyObject>()
  #counts = new Map<number, number>()
  readonly #onUnknownTerm: () => void

  /** @param onUnknownTerm called when a value has a term that is not here yet: another replica has rotated */
  constructor(onUnknownTerm: () => void = () => undefined) {
    this.#onUnknownTerm = onUnknownTerm
  }

  get sealed(): boolean {
    return this.#keyring === undefined
  }

  /** The term that encrypts. @throws ChanceryError `sealed` */
  get term(): number {
    return newestTerm(this.#unsealedKeyring())
  }

  /** Takes the keys over; the caller forgets them. What was there before is wiped. */
  install({ keyring, hmacKeys }: BarrierKeys): void {
    const previous = this.#keyring
    this.#keyring = keyring
    this.#hmacKeys = new Map([...hmacKeys].map(([name, key]) => [name, createSecretKey(key)]))
    if (previous && previous !== keyring) wipeKeyring(previous)
  }

  /** Forgets every key. The counts stay: they still have to be written down. */
  clear(): void {
    if (this.#keyring) wipeKeyring(this.#keyring)
    this.#keyring = undefined
    // A KeyObject cannot be overwritten from here; OpenSSL does that when the last reference goes.
    this.#hmacKeys = new Map()
  }

  /**
   * `place` names the value's home and must be the same at `decrypt`: table, column, and the whole primary key.
   * @throws ChanceryError `sealed`
   */
  encrypt(place: readonly string[], plaintext: Uint8Array): Buffer {
    const keyring = this.#unsealedKeyring()
    const term = newestTerm(keyring)
    const header = Buffer.alloc(termBytes)
    header.writeUInt32BE(term)
    this.#counts.set(term, (this.#counts.get(term) ?? 0) + 1)
    return Buffer.concat([header, encryptAt(this.#keyOf(keyring, term), place, plaintext)])
  }

  /**
   * @throws ChanceryError `sealed`; `internal` when the bytes were written elsewhere, under other keys, or changed;
   *   `unavailable` when another replica has just added the term: the keyring is on its way
   */
  decrypt(place: readonly string[], bytes: Uint8Array): Buffer {
    const keyring = this.#unsealedKeyring()
    const term = bytes.length < termBytes ? 0 : Buffer.from(bytes.buffer, bytes.byteOffset, termBytes).readUInt32BE()
    if (term > newestTerm(keyring)) {
      this.#onUnknownTerm()
      throw unavailable(`the keyring has no term ${term} yet`)
    }
    const plaintext = term < 1 ? undefined : decryptAt(this.#keyOf(keyring, term), place, bytes.subarray(termBytes))
    if (plaintext) return plaintext
    throw new ChanceryError('internal', `a stored secret does not open: ${place.slice(0, 2).join('.')}, term ${term}`)
  }

  /** The key of that name, ready for `createHmac`. @throws ChanceryError `sealed` */
  hmacKey(name: string): KeyObject {
    this.#unsealedKeyring()
    const key = this.#hmacKeys.get(name)
    if (key) return key
    throw new ChanceryError('internal', `there is no HMAC key named ${name}`)
  }

  /** Encryptions per term since the last call: the caller adds them to `key_terms`. */
  takeCounts(): ReadonlyMap<number, number> {
    const counts = this.#counts
    this.#counts = new Map()
    return counts
  }

  /** Gives back counts that could not be written down. */
  returnCounts(counts: ReadonlyMap<number, number>): void {
    for (const [term, count] of counts) this.#counts.set(term, (this.#counts.get(term) ?? 0) + count)
  }

  #unsealedKeyring(): Keyring {
    if (!this.#keyring) throw vaultIsSealed()
    return this.#keyring
  }

  #keyOf(keyring: Keyring, term: number): Buffer {
    const key = keyring.keys[term - 1]
    if (!key) throw new ChanceryError('internal', `the keyring has no term ${term}`)
    return key
  }
}
