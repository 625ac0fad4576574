/** The key of a CA certificate that is about to be made: a new one, or one that the mount has. */
import { hash, randomUUID } from 'node:crypto'
import { invalidRequest } from '../../errors.ts'
import { generateKey, type GeneratedKey } from '../../keys/generate.ts'
import { keyParameters } from '../../keys/parameters.ts'
import type { Signer } from '../../keys/signer.ts'
import { softwareSigner } from '../../keys/software.ts'
import type { Mount } from '../../route.ts'
import type { KeyRecord } from '../../store/pki-keys.ts'
import type { PublicKey } from '../../x509/algorithms.ts'
import type { PkiDeps } from '../deps.ts'
import { requireKey } from './find-key.ts'
import { decryptPrivateKey, encryptPrivateKey } from './private-key.ts'

export interface CaKey {
  readonly id: string
  readonly name: string
  readonly signer: Signer
  /** Only of a new key: what can be returned, once, and what is to be stored. */
  readonly generated?: { readonly key: GeneratedKey; readonly record: KeyRecord }
}

/** A row for a key that the mount does not have yet. */
export const newKeyRecord = (
  { barrier }: Pick<PkiDeps, 'barrier'>,
  mount: Mount,
  name: string,
  key: PublicKey & { readonly pkcs8: Buffer },
): KeyRecord => {
  const row = { mount: mount.uuid, id: randomUUID() }
  return {
    ...row,
    namespace: mount.namespace,
    name,
    type: key.type,
    bits: key.bits,
    public_key: key.spki,
    public_key_sha256: hash('sha256', key.spki, 'buffer'),
    private_key: encryptPrivateKey(barrier, row, key.pkcs8),
  }
}

/** @throws ChanceryError for a type or size that there is not */
export const makeCaKey = async (
  { barrier }: Pick<PkiDeps, 'barrier'>,
  mount: Mount,
  { name, type, bits }: { name: string; type: string; bits: number },
): Promise<CaKey> => {
  const parameters = keyParameters(type, bits)
  if (parameters.type === 'any') throw invalidRequest(`unknown key type ${type}`)
  const key = await generateKey(parameters.type, parameters.bits)
  const record = newKeyRecord({ barrier }, mount, name, key)
  return { id: record.id, name, signer: softwareSigner(key.pkcs8), generated: { key, record } }
}

/** @throws ChanceryError in Vault's words for a reference that means no key */
export const findCaKey = async (
  { barrier, db }: Pick<PkiDeps, 'barrier' | 'db'>,
  mount: Mount,
  reference: string,
): Promise<CaKey> => {
  const record = await requireKey(db, mount, reference, 'failed to lookup public key from existing key: ')
  return { id: record.id, name: record.name, signer: softwareSigner(decryptPrivateKey(barrier, record)) }
}
