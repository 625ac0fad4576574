/**
 * The seal: is this server initialised, is it unsealed, and everything that changes either.
 *
 *   uninitialised ──initialise──▶ sealed ──unseal × threshold──▶ unsealed ──seal──▶ sealed
 *
 * With the `file` seal the start walks the whole way by itself. One instance per process, owned by `app.ts`; when a
 * node has workers, their primary process owns it and the workers' barriers get the keys over their channel.
 *
 * The keys are in this process's memory only. The database row (`store/seal.ts`) is shared: a change by one replica
 * arrives at the others as a notification, and they follow it with the keys that they hold.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError, type Config } from '../config.ts'
import { ChanceryError, invalidRequest, unavailable } from '../errors.ts'
import type { Changes } from '../store/changes.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Log } from '../store/log.ts'
import {
  addEncryptions,
  findKeyTerm,
  findSeal,
  insertKeyTerm,
  settleSeal,
  updateSeal,
  type SealRecord,
} from '../store/seal.ts'
import { newKey } from './aes-gcm.ts'
import { Barrier, vaultIsSealed } from './barrier.ts'
import { loadHmacKeys } from './hmac-keys.ts'
import { initialiseDatabase, type CreateRootToken, type NewSeal } from './initialise.ts'
import { createKeyFile, readKeyFile } from './key-file.ts'
import { RootGeneration } from './generate-root.ts'
import { addTerm, barrierOf, changeRootKey, followChange, openKeyring, openRootKey } from './key-hierarchy.ts'
import { wipeKeyring } from './keyring.ts'
import { Rekey } from './rekey.ts'
import type { SealAccess } from './seal-access.ts'
import { splitSecret } from './shamir.ts'
import { countComplaint, decodeShare, lengthComplaint, sameSecret, ShareCollection } from './shares.ts'
import { Turns } from './turns.ts'

export interface SealOptions {
  readonly db: Db
  readonly changes: Changes
  readonly log: Log
  readonly config: Pick<Config, 'seal' | 'sealKeyFile' | 'rootToken'>
  readonly createRootToken: CreateRootToken
  /** See `NewSeal`. */
  readonly populate: NewSeal['populate']
  /** See `NewSeal`: only for the initialisation that the `file` seal does by itself. */
  readonly keepRootToken?: (token: string) => Promise<void>
}

/** What sys/seal-status tells of the seal itself. Public: nothing here may help anybody to unseal. */
export interface SealStatus {
  readonly type: 'file' | 'shamir'
  readonly initialized: boolean
  readonly sealed: boolean
  /** Shares needed, and made. 0 before initialisation. */
  readonly t: number
  readonly n: number
  readonly progress: number
  /** `''` unless some shares are here. */
  readonly nonce: string
  /** Only while unsealed. */
  readonly clusterName: string | undefined
  readonly clusterId: string | undefined
  readonly unsealedAt: Date | undefined
}

export interface InitRequest {
  readonly secretShares: number
  readonly secretThreshold: number
  readonly pgpKeys: readonly string[]
  readonly rootTokenPgpKey: string
  readonly recoveryShares: number
  readonly recoveryThreshold: number
  readonly recoveryPgpKeys: readonly string[]
}

/** Shown once, kept nowhere. */
export interface InitResult {
  readonly shares: readonly Buffer[]
  readonly rootToken: string
}

export interface KeyStatus {
  readonly term: number
  readonly installedAt: Date
  readonly encryptions: number
}

interface Unsealed {
  readonly rootKey: Buffer
  readonly since: Date
}

/** Vault's own threshold: far enough below 2^32 for any replica's count that has not been written down yet. */
const encryptionsPerTerm = 3_865_470_566

const countsEveryMilliseconds = 60_000
const reloadAgainAfterMilliseconds = 1_000
const outcomeEveryMilliseconds = 1_000
const outcomeAttempts = 30

/** Unchanged by a rotate, changed by a rekey. */
const sameRootKey = (a: SealRecord, b: SealRecord): boolean => Buffer.compare(a.root_key, b.root_key) === 0

type SealChange = Parameters<typeof updateSeal>[2]

const notApplicable = 'not applicable to seal type shamir'

/** Vault's order: what the seal type has no use for, then the numbers, then PGP. */
const refuseUnlessShamir = (request: InitRequest): void => {
  const recovery = [
    request.recoveryShares === 0 ? undefined : 'recovery_shares',
    request.recoveryThreshold === 0 ? undefined : 'recovery_threshold',
    request.recoveryPgpKeys.length === 0 ? undefined : 'recovery_pgp_keys',
  ].filter((name) => name !== undefined)
  if (recovery.length > 0) throw invalidRequest(`parameters ${recovery.join(',')} ${notApplicable}`)
  const complaint =
    countComplaint(request.secretShares, request.secretThreshold) ??
    (request.pgpKeys.length > 0 && request.pgpKeys.length !== request.secretShares
      ? 'count mismatch between number of provided PGP keys and number of shares'
      : undefined)
  if (complaint) throw invalidRequest(`invalid seal configuration: ${complaint}`)
  // Never ignored: the caller would get in clear what was to be encrypted.
  if (request.pgpKeys.length > 0 || request.rootTokenPgpKey !== '') {
    const name = request.pgpKeys.length > 0 ? 'pgp_keys' : 'root_token_pgp_key'
    throw invalidRequest(`${name} is not supported: this server does not encrypt key shares and tokens with PGP`)
  }
}

export class Seal {
  /** For everybody's secrets. Sealed as long as this server is. */
  readonly barrier: Barrier
  readonly rekey: Rekey
  readonly rootGeneration: RootGeneration
  readonly #options: SealOptions
  readonly #turns = new Turns()
  readonly #closing = new AbortController()
  readonly #unsealedListeners: (() => void | Promise<void>)[] = []
  readonly #sealedListeners: (() => void)[] = []
  #countsTimer: NodeJS.Timeout | undefined
  #record: SealRecord | undefined
  #unsealed: Unsealed | undefined
  #shares = new ShareCollection()
  #reloadWaits = false

  constructor(options: SealOptions) {
    this.#options = options
    this.barrier = new Barrier(() => this.#reloadSoon())
    const access: SealAccess = {
      turns: this.#turns,
      type: options.config.seal,
      log: options.log,
      threshold: () => this.#requireUnsealed().record.secret_threshold,
      isSealKey: (key) => this.#isSealKey(key),
      replaceSealKey: (key, shares, threshold) => this.#replaceSealKey(key, shares, threshold),
      createRootToken: (use) => this.#createRootToken(use),
    }
    this.rekey = new Rekey(access)
    this.rootGeneration = new RootGeneration(access)
  }

  /** The one question of the edge. True until every `onUnsealed` listener is done. */
  get sealed(): boolean {
    return this.#unsealed === undefined
  }

  /**
   * `listener` runs with the barrier open and before any request does. If it throws, the server stays sealed. It must
   * not wait for an operation of the seal's: it runs in the middle of one.
   */
  onUnsealed(listener: () => void | Promise<void>): void {
    this.#unsealedListeners.push(listener)
  }

  /** `listener` runs when the keys are gone: drop what was decrypted with them. It must neither wait nor throw. */
  onSealed(listener: () => void): void {
    this.#sealedListeners.push(listener)
  }

  /**
   * Looks at the database, and with the `file` seal initialises it if nobody has, and unseals.
   * @returns the first root token, when this start made it
   * @throws ConfigError when the settings and the database do not belong together: nothing was changed
   */
  async start(): Promise<string | undefined> {
    const { changes, config } = this.#options
    changes.subscribe('seal', () => this.#reloadSoon())
    changes.onReset(() => this.#reloadSoon())
    this.#countsTimer = setInterval(() => void this.#keepCounts(), countsEveryMilliseconds).unref()
    return this.#turns.take(async () => {
      this.#record = await findSeal(this.#options.db)
      const rootToken = this.#record || config.seal === 'shamir' ? undefined : await this.#initialiseByKeyFile()
      this.#record ??= await findSeal(this.#options.db)
      if (!this.#record) return undefined
      this.#refuseOtherType(this.#record)
      if (config.seal === 'file') await this.#unsealByKeyFile(this.#record)
      return rootToken
    })
  }

  /** Forgets the keys and ends every timer. The instance is of no use afterwards. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#countsTimer)
    await this.#turns.take(async () => {
      this.#forgetKeys()
      await this.flushCounts()
    })
  }

  /** Asks the database only while sealed. */
  async status(): Promise<SealStatus> {
    const record = await this.#currentRecord()
    const open = !this.sealed
    return {
      type: this.#options.config.seal,
      initialized: record !== undefined,
      sealed: !open,
      t: record?.secret_threshold ?? 0,
      n: record?.secret_shares ?? 0,
      progress: this.#shares.size,
      nonce: this.#shares.size > 0 ? this.#shares.nonce : '',
      clusterName: open ? record?.cluster_name : undefined,
      clusterId: open ? record?.cluster_id : undefined,
      unsealedAt: this.#unsealed?.since,
    }
  }

  async initialised(): Promise<boolean> {
    return (await this.#currentRecord()) !== undefined
  }

  /**
   * sys/init: makes the keys and the first root token, and leaves the server sealed.
   * @throws ChanceryError `invalid request` in Vault's words
   */
  initialise(request: InitRequest): Promise<InitResult> {
    return this.#turns.take(async () => {
      const { changes, config, createRootToken, log } = this.#options
      if (config.seal !== 'shamir') {
        // The start has done it: Vault's complaint about the shares would only mislead.
        if (await this.initialised()) throw invalidRequest('Vault is already initialized')
        throw invalidRequest(`a server with seal type ${config.seal} initializes itself when it starts`)
      }
      refuseUnlessShamir(request)
      const sealKey = newKey()
      // Before the commit: nothing after it may fail, or the shares would be lost.
      const shares = await splitSecret(sealKey, request.secretShares, request.secretThreshold)
      let made: string | undefined
      const newSeal: NewSeal = {
        type: 'shamir',
        secretShares: request.secretShares,
        secretThreshold: request.secretThreshold,
        sealKey: () => Promise.resolve(sealKey),
        createRootToken,
        populate: this.#options.populate,
        rootTokenId: config.rootToken,
        keepRootToken: async (token) => void (made = token),
      }
      const rootToken = await initialiseDatabase(changes, newSeal)
        .catch(async (error: unknown) => {
          // As with a rekey: a COMMIT may have taken effect unheard, and then only these shares open what it made.
          if (made === undefined || !(await this.#isWritten(sealKey))) throw error
          return made
        })
        .finally(() => sealKey.fill(0))
      if (rootToken === undefined) throw invalidRequest('Vault is already initialized')
      log.info({ shares: request.secretShares, threshold: request.secretThreshold }, 'initialised')
      return { shares, rootToken }
    })
  }

  /**
   * sys/unseal: takes one share in, and with the last one that is needed opens the barrier. On an unsealed server it
   * does nothing. With the `file` seal the one share is the key file's content.
   * @param text hex or base64
   * @param options.migrate refused: there is no other seal to migrate from
   * @throws ChanceryError `invalid request` in Vault's words; the shares are then forgotten when they did not fit
   */
  unseal(text: string, { migrate = false } = {}): Promise<void> {
    return this.#turns.take(async () => {
      if (text === '') {
        throw invalidRequest("'key' must be specified in request body as JSON, or 'reset' set to true")
      }
      const share = decodeShare(text)
      if (migrate) throw invalidRequest("can't perform a seal migration, no migration seal found")
      const record = await this.#freshRecord()
      if (!record) throw invalidRequest('Vault is not initialized')
      if (!this.sealed) return
      const complaint = lengthComplaint(share)
      if (complaint) throw invalidRequest(`invalid key: ${complaint}`)
      this.#shares.add(share)
      if (this.#shares.size < record.secret_threshold) return
      const sealKey = await this.#shares.combine()
      this.#shares = new ShareCollection()
      const rootKey = sealKey && openRootKey(record, sealKey)
      sealKey?.fill(0)
      if (!rootKey) throw invalidRequest('unseal failed, invalid key')
      await this.#open(record, rootKey)
    })
  }

  /** sys/unseal with `reset`: forgets the shares. */
  resetUnseal(): void {
    if (!this.sealed) throw invalidRequest('vault is unsealed')
    this.#forgetShares()
  }

  /** sys/seal: forgets every key, on this server only. */
  seal(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.sealed) return
      // First of all: a database that hangs must not keep the keys here.
      this.#forgetKeys()
      this.#options.log.info({}, 'sealed')
      await this.flushCounts()
    })
  }

  /** sys/rotate: a new term, which from now on encrypts. What is stored stays readable. */
  rotate(): Promise<void> {
    return this.#turns.take(() => this.#addTerm())
  }

  /** sys/key-status. */
  async keyStatus(): Promise<KeyStatus> {
    this.#requireUnsealed()
    await this.flushCounts()
    const term = await findKeyTerm(this.#options.db, this.barrier.term)
    if (!term) throw new ChanceryError('internal', 'table key_terms lacks the newest term')
    return { term: term.term, installedAt: term.installed_at, encryptions: term.encryptions }
  }

  /** Adds what the barrier has counted to the database. A failure costs nothing: the counts are added next time. */
  async flushCounts(): Promise<void> {
    const counts = new Map(this.barrier.takeCounts())
    for (const [term, count] of counts) {
      try {
        await addEncryptions(this.#options.db, term, count)
        counts.delete(term)
      } catch (error) {
        this.#options.log.warn({ err: error, term }, 'the count of encryptions could not be written')
      }
    }
    this.barrier.returnCounts(counts)
  }

  /** A new term when the newest key has encrypted nearly as often as one key may. */
  rotateIfWorn(): Promise<void> {
    return this.#turns.take(async () => {
      await this.flushCounts()
      if (this.sealed) return
      const { term } = this.barrier
      const written = await findKeyTerm(this.#options.db, term)
      if (written && written.encryptions >= encryptionsPerTerm) await this.#addTerm(term)
    })
  }

  async #keepCounts(): Promise<void> {
    try {
      await this.rotateIfWorn()
    } catch (error) {
      this.#options.log.error({ err: error }, 'the keyring could not be checked for its age')
    }
  }

  #refuseOtherType(record: SealRecord): void {
    const { seal } = this.#options.config
    if (record.type === seal) return
    throw new ConfigError(
      `CHANCERY_SEAL: this database was initialised with the seal "${record.type}", not "${seal}"; ` +
        `start with CHANCERY_SEAL=${record.type}`,
    )
  }

  async #initialiseByKeyFile(): Promise<string | undefined> {
    const { changes, config, createRootToken, keepRootToken, log } = this.#options
    const token = await initialiseDatabase(changes, {
      type: 'file',
      secretShares: 1,
      secretThreshold: 1,
      // The file first, then the commit: a crash in between leaves a key that protects nothing, and the next start
      // takes it. The other way round it would leave a database that nothing opens.
      sealKey: async () => (await readKeyFile(config.sealKeyFile)) ?? (await createKeyFile(config.sealKeyFile)),
      createRootToken,
      populate: this.#options.populate,
      rootTokenId: config.rootToken,
      keepRootToken,
    })
    if (token !== undefined) log.info({ keyFile: config.sealKeyFile }, 'initialised')
    return token
  }

  async #unsealByKeyFile(record: SealRecord): Promise<void> {
    const path = this.#options.config.sealKeyFile
    const sealKey = await readKeyFile(path)
    if (!sealKey) {
      throw new ConfigError(
        `CHANCERY_SEAL_KEY_FILE: ${path} does not exist, and this database was initialised with a key file; ` +
          'put that file there (no other key opens the database)',
      )
    }
    const rootKey = openRootKey(record, sealKey)
    sealKey.fill(0)
    if (!rootKey) {
      throw new ConfigError(
        `CHANCERY_SEAL_KEY_FILE: ${path} is not the key file that this database was initialised with; ` +
          'every replica needs the same file',
      )
    }
    await this.#open(record, rootKey)
  }

  /** The last step of every unsealing. */
  async #open(record: SealRecord, rootKey: Buffer): Promise<void> {
    const { changes, db, log } = this.#options
    const keyring = openKeyring(record, rootKey)
    if (!keyring) throw new ChanceryError('internal', 'the root key does not open the keyring')
    try {
      this.barrier.install({ keyring, hmacKeys: await loadHmacKeys(db, barrierOf(keyring)) })
      for (const listener of this.#unsealedListeners) await listener()
    } catch (error) {
      rootKey.fill(0)
      wipeKeyring(keyring)
      this.#forgetKeys()
      throw error
    }
    this.#record = record
    this.#unsealed = { rootKey, since: changes.now() }
    log.info({ cluster: record.cluster_name }, 'unsealed')
  }

  #forgetKeys(): void {
    this.#unsealed?.rootKey.fill(0)
    this.#unsealed = undefined
    this.barrier.clear()
    this.#abandonProgress()
    for (const listener of this.#sealedListeners) listener()
  }

  #forgetShares(): void {
    this.#shares.clear()
    // A new collection has a new nonce.
    this.#shares = new ShareCollection()
  }

  #abandonProgress(): void {
    this.#forgetShares()
    this.rekey.abandon()
    this.rootGeneration.abandon()
  }

  #requireUnsealed(): Unsealed & { readonly record: SealRecord } {
    if (!this.#unsealed || !this.#record) throw vaultIsSealed()
    return { ...this.#unsealed, record: this.#record }
  }

  /** Known is good enough while unsealed, since changes are told. While sealed the database is asked. */
  async #currentRecord(): Promise<SealRecord | undefined> {
    if (!this.sealed) return this.#record
    try {
      return await this.#freshRecord()
    } catch (error) {
      if (this.#record && error instanceof ChanceryError && error.kind === 'unavailable') return this.#record
      throw error
    }
  }

  async #freshRecord(): Promise<SealRecord | undefined> {
    if (!this.sealed) return this.#record
    const record = await findSeal(this.#options.db)
    if (record && record.type !== this.#options.config.seal) {
      throw new ChanceryError('internal', `another replica has initialised the database with the seal ${record.type}`)
    }
    // The shares of before a rekey by another replica open nothing any more.
    if (record && this.#record && !sameRootKey(record, this.#record)) this.#forgetShares()
    if (this.sealed) this.#record = record
    return record
  }

  /** Follows a change of the row by another replica, in a turn of its own, and tries until the database answers. */
  #reloadSoon(): void {
    if (this.#reloadWaits || this.#closing.signal.aborted) return
    this.#reloadWaits = true
    void this.#turns.take(async () => {
      this.#reloadWaits = false
      if (this.sealed || this.#closing.signal.aborted) return
      try {
        await this.#reload()
      } catch (error) {
        this.#options.log.warn({ err: error }, 'the keyring could not be read again; trying once more')
        void wait(reloadAgainAfterMilliseconds, undefined, { ref: false, signal: this.#closing.signal }).then(
          () => this.#reloadSoon(),
          () => undefined,
        )
      }
    })
  }

  async #reload(): Promise<void> {
    const { rootKey, record: held, since } = this.#requireUnsealed()
    const record = await findSeal(this.#options.db)
    if (record?.version === held.version && record.cluster_id === held.cluster_id) return
    const followed = record && followChange(record, { rootKey, barrier: this.barrier })
    if (!record || !followed) {
      // Going on would mean to write under keys that no other replica has.
      this.#options.log.error({}, 'the seal was changed and the keys held here do not open it: sealed')
      this.#forgetKeys()
      return
    }
    this.barrier.install({
      keyring: followed.keyring,
      hmacKeys: await loadHmacKeys(this.#options.db, barrierOf(followed.keyring)),
    })
    rootKey.fill(0)
    this.#unsealed = { rootKey: followed.rootKey, since }
    this.#record = record
    // Shares that were brought for the old key do not count for the new one.
    if (!sameRootKey(record, held)) this.#abandonProgress()
    this.#options.log.info({ version: record.version }, 'the keyring was read again')
  }

  /**
   * Changes the row with a compare-and-set on the version, and follows the change. When another replica was faster,
   * its change is followed first and the plan is made again on that.
   * @param plan what to write, or `undefined` for nothing after all
   * @param alongside what else the transaction writes
   */
  async #change(
    plan: (record: SealRecord, rootKey: Buffer) => SealChange | undefined,
    alongside: (tx: Tx) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const { record, rootKey } = this.#requireUnsealed()
      const columns = plan(record, rootKey)
      if (!columns) return
      const won = await this.#options.changes.transaction(async (tx, changed) => {
        if (!(await updateSeal(tx, record.version, columns))) return false
        await alongside(tx)
        changed('seal')
        return true
      })
      await this.#reload()
      if (won) return
    }
    throw unavailable('the seal is being changed by another replica')
  }

  async #addTerm(onlyAfter?: number): Promise<void> {
    let term = 0
    await this.flushCounts()
    await this.#change(
      (record, rootKey) => {
        const next = addTerm(record, rootKey)
        term = next.term
        return onlyAfter === undefined || term === onlyAfter + 1 ? next.columns : undefined
      },
      (tx) => insertKeyTerm(tx, { term, installed_at: this.#options.changes.now(), encryptions: 0 }),
    )
    this.#options.log.info({ term: this.barrier.term }, 'the keyring has a new term')
  }

  async #isSealKey(key: Uint8Array): Promise<boolean> {
    const { rootKey } = this.#requireUnsealed()
    const record = await findSeal(this.#options.db)
    const opened = record && openRootKey(record, key)
    const same = opened !== undefined && sameSecret(opened, rootKey)
    opened?.fill(0)
    return same
  }

  async #replaceSealKey(sealKey: Uint8Array, shares: number, threshold: number): Promise<void> {
    const { record: before } = this.#requireUnsealed()
    try {
      await this.#change((record, rootKey) => {
        // The shares that allowed this rekey open the root key of before, and following the other rekey has wiped
        // `sealKey` with the attempt: whatever were written now, no share would ever open it.
        if (!sameRootKey(record, before)) throw invalidRequest('the seal was rekeyed by another replica meanwhile')
        return { ...changeRootKey(record, rootKey, sealKey), secret_shares: shares, secret_threshold: threshold }
      })
    } catch (error) {
      // A connection lost during COMMIT leaves the outcome open, and the new shares must not be thrown away if the
      // row is already theirs: nothing else would ever unseal this database.
      if (!(await this.#isWritten(sealKey))) throw error
      // A database that goes away again must not take the shares with it.
      await this.#reload().catch(() => this.#reloadSoon())
    }
    this.#options.log.info({ shares, threshold }, 'rekeyed')
  }

  /** Does the stored root key open with `sealKey`? Asks for as long as an outage may well last. */
  async #isWritten(sealKey: Uint8Array): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        const record = await settleSeal(this.#options.db)
        return record !== undefined && openRootKey(record, sealKey) !== undefined
      } catch (error) {
        if (attempt === outcomeAttempts) throw error
        await wait(outcomeEveryMilliseconds)
      }
    }
  }

  #createRootToken<T>(use: (token: string) => T): Promise<T> {
    const { changes, createRootToken } = this.#options
    return changes.transaction(async (tx) => use(await createRootToken(tx, this.barrier, changes.now())))
  }
}
