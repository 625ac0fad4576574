/** What the keys of a mount accept and return. */
import { z } from 'zod'
import { capture, int, text } from '../../fields.ts'

export const keyRefField = { key_ref: capture('Name or id of the key, or default.') }

export const renameKeyFields = { ...keyRefField, key_name: text('New name; an empty one takes the name away.') }

export const generateKeyFields = {
  kind: capture('internal keeps the private key to the server, exported returns it once.'),
  key_name: text('Name of the new key.'),
  key_type: text('Type of the key: rsa (default), ec or ed25519.'),
  key_bits: int('Size of the key in bits; 0 is the default of the type.'),
}

/** Another word is another path to Vault. */
export const generateKeyCaptures = { kind: /^(?:internal|exported|kms)$/ }

export const importKeyFields = {
  key_name: text('Name of the key.'),
  pem_bundle: text('The private key, PEM: SEC 1, PKCS#1 or PKCS#8.'),
}

export const keyReply = z.object({ key_id: z.string(), key_name: z.string(), key_type: z.string() })

export const readKeyReply = keyReply.extend({ subject_key_id: z.string() })

export const generateKeyReply = keyReply.extend({ private_key: z.string().optional() })

export const keysReply = z.object({
  keys: z.array(z.string()),
  key_info: z.record(z.string(), z.object({ key_name: z.string(), is_default: z.boolean() })),
})
