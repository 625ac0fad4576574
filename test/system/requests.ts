/**
 * A request for every type and size of key, signed with it. Large RSA keys take long to make, so all of it is kept in
 * `node_modules/.cache/chancery`, which git ignores; the keys themselves are thrown away.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { opensslText } from '../support/openssl.ts'

const cache = join(import.meta.dirname, '../../node_modules/.cache/chancery')

/** What openssl calls them. */
const newKey: Readonly<Record<string, string>> = {
  'rsa 2048': 'rsa:2048',
  'rsa 3072': 'rsa:3072',
  'rsa 4096': 'rsa:4096',
  'rsa 8192': 'rsa:8192',
  'ec 224': 'ec -pkeyopt ec_paramgen_curve:P-224',
  'ec 256': 'ec -pkeyopt ec_paramgen_curve:P-256',
  'ec 384': 'ec -pkeyopt ec_paramgen_curve:P-384',
  'ec 521': 'ec -pkeyopt ec_paramgen_curve:P-521',
  ed25519: 'ed25519',
}

export const keyKinds: readonly string[] = Object.keys(newKey)

export const requestWith = async (kind: string): Promise<string> => {
  const file = join(cache, `${kind.replace(' ', '-')}.csr`)
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true })
    const key = (newKey[kind] ?? '').split(' ')
    const made = await opensslText(['req', '-new', '-nodes', '-subj', '/', '-keyout', '/dev/null', '-newkey', ...key])
    writeFileSync(file, made)
  }
  return readFileSync(file, 'utf8')
}
