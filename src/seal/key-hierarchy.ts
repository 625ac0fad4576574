/**
 * The three locks around a stored secret: the seal's key (a key file, or split into shares) opens the root key, the
 * root key opens the keyring, the keyring opens the values. The first two steps are here, on the row of table `seal`.
 */
import { ChanceryError } from '../errors.ts'
import type { SealRecord } from '../store/seal.ts'
import { decryptAt, encryptAt, keyBytes, newKey } from './aes-gcm.ts'
import { Barrier } from './barrier.ts'
import { decodeKeyring, encodeKeyring, newestTerm, wipeKeyring, withNewTerm, type Keyring } from './keyring.ts'

type Row = Pick<SealRecord, 'cluster_id' | 'root_key' | 'keyring' | 'root_key_in_barrier'>

const place = (row: Pick<SealRecord, 'cluster_id'>, column: keyof Row): string[] => ['seal', column, row.cluster_id]

/** A barrier of these keys and no HMAC keys, for what must be read or written before the server counts as unsealed. */
export const barrierOf = (keyring: Keyring): Barrier => {
  const barrier = new Barrier()
  barrier.install({ keyring, hmacKeys: new Map() })
  return barrier
}

const encryptKeyring = (row: Pick<SealRecord, 'cluster_id'>, rootKey: Uint8Array, keyring: Keyring): Buffer => {
  const bytes = encodeKeyring(keyring)
  const encrypted = encryptAt(rootKey, place(row, 'keyring'), bytes)
  bytes.fill(0)
  return encrypted
}

/** The three encrypted columns. */
export const protectKeys = (
  row: Pick<SealRecord, 'cluster_id'>,
  keys: { sealKey: Uint8Array; rootKey: Uint8Array; keyring: Keyring },
): Omit<Row, 'cluster_id'> => ({
  root_key: encryptAt(keys.sealKey, place(row, 'root_key'), keys.rootKey),
  keyring: encryptKeyring(row, keys.rootKey, keys.keyring),
  root_key_in_barrier: barrierOf(keys.keyring).encrypt(place(row, 'root_key_in_barrier'), keys.rootKey),
})

/** The root key, or `undefined`: this is not the key of this seal. */
export const openRootKey = (row: Row, sealKey: Uint8Array): Buffer | undefined =>
  sealKey.length === keyBytes ? decryptAt(sealKey, place(row, 'root_key'), row.root_key) : undefined

/** The keyring, or `undefined`: the root key has been changed by a rekey, or the row is damaged. */
export const openKeyring = (row: Row, rootKey: Uint8Array): Keyring | undefined => {
  const bytes = decryptAt(rootKey, place(row, 'keyring'), row.keyring)
  const keyring = bytes && decodeKeyring(bytes)
  bytes?.fill(0)
  return keyring
}

/** The columns with one term more, and that term. @throws ChanceryError `internal` when the root key does not fit */
export const addTerm = (
  row: Row,
  rootKey: Uint8Array,
): { term: number; columns: Pick<Row, 'keyring' | 'root_key_in_barrier'> } => {
  const keyring = openKeyring(row, rootKey)
  if (!keyring) throw new ChanceryError('internal', 'the root key does not open the keyring')
  const next = withNewTerm(keyring)
  const columns = {
    keyring: encryptKeyring(row, rootKey, next),
    root_key_in_barrier: barrierOf(next).encrypt(place(row, 'root_key_in_barrier'), rootKey),
  }
  wipeKeyring(next)
  return { term: newestTerm(next), columns }
}

/** All columns under a new root key and the new seal's key: what a rekey writes. @throws as `addTerm` */
export const changeRootKey = (row: Row, rootKey: Uint8Array, newSealKey: Uint8Array): Omit<Row, 'cluster_id'> => {
  const keyring = openKeyring(row, rootKey)
  if (!keyring) throw new ChanceryError('internal', 'the root key does not open the keyring')
  const newRootKey = newKey()
  const columns = protectKeys(row, { sealKey: newSealKey, rootKey: newRootKey, keyring })
  newRootKey.fill(0)
  wipeKeyring(keyring)
  return columns
}

/**
 * After a change by another replica: the root key and keyring of `row`, by what this replica still holds, or
 * `undefined` when that is not enough.
 */
export const followChange = (
  row: Row,
  held: { rootKey: Uint8Array; barrier: Barrier },
): { rootKey: Buffer; keyring: Keyring } | undefined => {
  const keyring = openKeyring(row, held.rootKey)
  if (keyring) return { rootKey: Buffer.from(held.rootKey), keyring }
  let rootKey: Buffer
  try {
    rootKey = held.barrier.decrypt(place(row, 'root_key_in_barrier'), row.root_key_in_barrier)
  } catch {
    // Rotated and rekeyed at once: the new root key lies under a term that this replica has never seen. Under earlier
    // terms it must not lie: a rekey and a rotate are how whoever has old shares and an old copy of the database is
    // shut out.
    return undefined
  }
  const under = openKeyring(row, rootKey)
  return under && { rootKey, keyring: under }
}
