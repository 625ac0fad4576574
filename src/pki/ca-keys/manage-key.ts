/** What operators do with the keys of a mount: generate, import, list, rename, delete. */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import type { GeneratedKey } from '../../keys/generate.ts'
import { importPrivateKey } from '../../keys/import.ts'
import { keyParameters } from '../../keys/parameters.ts'
import type { Mount } from '../../route.ts'
import { isUniqueViolation } from '../../store/failures.ts'
import { findDefault, mergeConfig, setDefaultIfNone } from '../../store/pki-config.ts'
import { listIssuers, lockIssuers } from '../../store/pki-issuers.ts'
import { deleteKey, findKeyByReference, insertKey, listKeys, renameKey, type KeyRecord } from '../../store/pki-keys.ts'
import { decodePemWithRest } from '../../x509/pem.ts'
import type { PkiDeps } from '../deps.ts'
import { checkNewName } from '../issuers/new-name.ts'
import { publishCrls } from '../crl/publish-crls.ts'
import { makeCaKey, newKeyRecord } from './ca-key.ts'
import { findKey, requireKey } from './find-key.ts'
import { storeKey } from './store-key.ts'

const nameTaken = 'key name already in use'

const refuseTakenName = (error: unknown): never => {
  throw isUniqueViolation(error, 'pki_keys_name') ? invalidRequest(nameTaken) : error
}

export const listAllKeys = async ({ db }: Pick<PkiDeps, 'db'>, mount: Mount) => ({
  keys: await listKeys(db, mount.uuid),
  defaultId: await findDefault(db, mount.uuid, 'keys'),
})

/** @throws ChanceryError in Vault's words for a type or size that there is not, or a name that is taken */
export const generateCaKey = async (
  deps: Pick<PkiDeps, 'barrier' | 'changes' | 'db'>,
  mount: Mount,
  request: { key_name?: string | undefined; key_type?: string | undefined; key_bits?: number | undefined },
): Promise<{ record: KeyRecord; key: GeneratedKey }> => {
  const name = checkNewName('key', request.key_name)
  if (name && (await findKeyByReference(deps.db, mount.uuid, name))) throw invalidRequest(nameTaken)
  const { key_type: type = 'rsa', key_bits: bits = 0 } = request
  try {
    keyParameters(type, bits)
  } catch (error) {
    if (!(error instanceof ChanceryError)) throw error
    throw invalidRequest(`Validation for key_type, key_bits failed: ${error.message}`)
  }
  const { generated } = await makeCaKey(deps, mount, { name, type, bits })
  if (!generated) throw new ChanceryError('internal', 'a new key was not generated')
  const { record, key } = generated
  const now = deps.changes.now()
  await deps.changes
    .transaction(async (tx) => {
      await insertKey(tx, record, now)
      await setDefaultIfNone(tx, { mount: mount.uuid, namespace: mount.namespace, name: 'keys' }, record.id, now)
    })
    .catch(refuseTakenName)
  return { record, key }
}

/** A PEM text shorter than the shortest key is likely the name of a file. */
const shortestPem = 64

const onlyKeyIn = (pem: string): Buffer => {
  if (pem.length < shortestPem) {
    throw invalidRequest(
      'provided data for import was too short; perhaps a path was passed to the API rather than the contents of a PEM file',
    )
  }
  const { blocks, rest } = decodePemWithRest(pem)
  if (rest.trim() !== '') throw invalidRequest(`error when parsing block ${blocks.length + 1}: invalid PEM data`)
  const [block, another] = blocks
  if (!block || another) {
    throw invalidRequest('only a single key can be present within the pem_bundle for importing')
  }
  return block.der
}

/** @throws ChanceryError in Vault's words for what is no key, or a name that is taken */
export const importCaKey = async (
  deps: Pick<PkiDeps, 'barrier' | 'changes' | 'db' | 'issuers'>,
  mount: Mount,
  request: { key_name?: string | undefined; pem_bundle?: string | undefined },
): Promise<{ record: KeyRecord; existed: boolean; warnings: readonly string[] }> => {
  const name = checkNewName('key', request.key_name)
  if (name && (await findKeyByReference(deps.db, mount.uuid, name))) throw invalidRequest(nameTaken)
  const record = newKeyRecord(deps, mount, name, importPrivateKey(onlyKeyIn(request.pem_bundle ?? '')))
  const stored = await deps.changes
    .transaction(async (tx, changed) => {
      await lockIssuers(tx, mount.uuid)
      return storeKey(tx, changed, mount, record, deps.changes.now())
    })
    .catch(refuseTakenName)
  return { ...stored, warnings: await publishCrls(deps, mount, stored.linked) }
}

/** An empty name takes the name away. @throws ChanceryError in Vault's words */
export const nameKey = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  reference: string,
  asked: string | undefined,
): Promise<KeyRecord> => {
  if (asked && !/^\w(?:[\w.-]*\w)?$/.test(asked)) {
    throw invalidRequest('new key name outside of valid character limits')
  }
  // Vault takes this name, and nobody reaches the key by it then.
  const name = asked ? checkNewName('key', asked) : ''
  return changes
    .transaction(async (tx) => {
      await lockIssuers(tx, mount.uuid)
      const key = await requireKey(tx, mount, reference)
      await renameKey(tx, mount.uuid, key.id, name)
      return { ...key, name }
    })
    .catch(refuseTakenName)
}

/**
 * Deletes a key that no issuer needs. Of a reference that means none Vault says nothing.
 * @returns a warning when it was the default
 * @throws ChanceryError naming an issuer that has it
 */
export const removeKey = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  reference: string,
): Promise<string | undefined> =>
  changes.transaction(async (tx) => {
    await lockIssuers(tx, mount.uuid)
    const key = await findKey(tx, mount, reference)
    if (!key) return undefined
    const user = (await listIssuers(tx, mount.uuid)).find((issuer) => issuer.key_id === key.id)
    if (user) throw invalidRequest(`Failed to Delete Key.  Key in Use by Issuer: ${user.id}`)
    await deleteKey(tx, mount.uuid, key.id)
    if ((await findDefault(tx, mount.uuid, 'keys')) !== key.id) return undefined
    const at = { mount: mount.uuid, namespace: mount.namespace, name: 'keys' } as const
    await mergeConfig(tx, at, { default: '' }, changes.now())
    return `Deleted key ${key.id} (via key_ref ${reference}); this was configured as the default key. Operations without an explicit key will not work until a new default is configured.`
  })
