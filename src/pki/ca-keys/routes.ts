/** `keys`, `key/:key_ref`: the private keys of a mount. None is ever read back; one is returned when it is exported. */
import { invalidRequest } from '../../errors.ts'
import { route, type Route } from '../../route.ts'
import type { KeyRecord } from '../../store/pki-keys.ts'
import { keyIdentifier } from '../../x509/key-identifier.ts'
import { serialText } from '../../x509/serial.ts'
import type { PkiDeps } from '../deps.ts'
import { requireKey } from './find-key.ts'
import { generateCaKey, importCaKey, listAllKeys, nameKey, removeKey } from './manage-key.ts'
import {
  generateKeyCaptures,
  generateKeyFields,
  generateKeyReply,
  importKeyFields,
  keyRefField,
  keyReply,
  keysReply,
  readKeyReply,
  renameKeyFields,
} from './schema.ts'

const keyData = ({ id, name, type }: KeyRecord) => ({ key_id: id, key_name: name, key_type: type })

export const keyRoutes = (deps: PkiDeps): Route[] => [
  route({
    verb: 'list',
    path: 'keys',
    help: 'List the keys.',
    fields: {},
    reply: keysReply,
    run: async (call) => {
      const { keys, defaultId } = await listAllKeys(deps, call.mount)
      if (keys.length === 0) return undefined
      const info = keys.map(({ id, name }) => [id, { is_default: id === defaultId, key_name: name }] as const)
      return { data: { key_info: Object.fromEntries(info), keys: keys.map(({ id }) => id).sort() } }
    },
  }),
  route({
    verb: 'write',
    path: 'keys/generate/:kind',
    captures: generateKeyCaptures,
    help: 'Generate a key.',
    fields: generateKeyFields,
    reply: generateKeyReply,
    run: async (call) => {
      if (call.input.kind === 'kms') throw invalidRequest('managed keys are not available: there is no HSM')
      const { record, key } = await generateCaKey(deps, call.mount, call.input)
      const exported = call.input.kind === 'exported'
      return { data: { ...keyData(record), ...(exported && { private_key: key.pem('traditional') }) } }
    },
  }),
  route({
    verb: 'write',
    path: 'keys/import',
    help: 'Import a private key, and link it to the issuers that it belongs to.',
    fields: importKeyFields,
    reply: keyReply,
    run: async (call) => {
      const { record, existed, warnings } = await importCaKey(deps, call.mount, call.input)
      if (existed) call.warn('Key already imported, use key/ endpoint to update name.')
      for (const warning of warnings) call.warn(warning)
      return { data: keyData(record) }
    },
  }),
  route({
    verb: 'read',
    path: 'key/:key_ref',
    help: 'Read what is known of a key, but not the key.',
    fields: keyRefField,
    reply: readKeyReply,
    run: async (call) => {
      const key = await requireKey(deps.db, call.mount, call.input.key_ref)
      return { data: { ...keyData(key), subject_key_id: serialText(keyIdentifier(Buffer.from(key.public_key))) } }
    },
  }),
  route({
    verb: 'write',
    path: 'key/:key_ref',
    help: 'Rename a key.',
    fields: renameKeyFields,
    reply: keyReply,
    run: async (call) => {
      const key = await nameKey(deps, call.mount, call.input.key_ref, call.input.key_name)
      if (key.name === '') {
        call.warn(`Name successfully deleted, you will now need to reference this key by it's Id: ${key.id}`)
      }
      return { data: keyData(key) }
    },
  }),
  route({
    verb: 'delete',
    path: 'key/:key_ref',
    help: 'Delete a key that no issuer needs.',
    fields: keyRefField,
    run: async (call) => {
      const warning = await removeKey(deps, call.mount, call.input.key_ref)
      if (warning === undefined) return undefined
      call.warn(warning)
      return { data: null }
    },
  }),
]
