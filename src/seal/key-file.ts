/**
 * The `file` seal's key: 32 bytes as base64 (or hex) text in a file that only the server's user can read.
 *
 * It is written once, by the first initialisation, and never again: a server that made a new key for an initialised
 * database would throw away every secret in it. Whoever has this file and the database has everything.
 */
import { randomBytes } from 'node:crypto'
import { constants, link, mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../config.ts'
import { keyBytes, newKey } from './aes-gcm.ts'

const refusal = (path: string, why: string): ConfigError => new ConfigError(`CHANCERY_SEAL_KEY_FILE: ${path}: ${why}`)

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

const readKey = async (file: FileHandle, path: string): Promise<Buffer> => {
  const status = await file.stat()
  const { mode, size } = status
  if ((mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0')
    throw refusal(path, `mode ${octal} lets other users read it; run: chmod 600 ${path}`)
  }
  // A regular file of another size is no key; 512 leaves room for white space.
  const text = status.isFile() && size <= 512 ? (await file.readFile('latin1')).trim() : ''
  const bytes = /^[0-9a-fA-F]{64}$/.test(text)
    ? Buffer.from(text, 'hex')
    : /^[A-Za-z0-9+/]{43}=$/.test(text)
      ? Buffer.from(text, 'base64')
      : undefined
  if (bytes?.length === keyBytes) return bytes
  throw refusal(path, `expected ${keyBytes} bytes as base64 or hex, and nothing else`)
}

/**
 * The key at `path`, or `undefined` when there is no file.
 * @throws ConfigError when the file cannot be read, is open to other users, or holds no key
 */
export const readKeyFile = async (path: string): Promise<Buffer | undefined> => {
  let file: FileHandle
  try {
    // A pipe would keep the start waiting for somebody to write into it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw refusal(path, `cannot be read: ${codeOf(error)}`)
  }
  try {
    return await readKey(file, path)
  } finally {
    await file.close()
  }
}

const flushFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * Makes a key and its file, mode 0600, on disk before this returns. Never replaces a file: when another process was
 * first, its key is returned. The file is written under another name and linked to its own, so that nobody, and no
 * crash, ever sees half of it there.
 * @throws ConfigError
 */
export const createKeyFile = async (path: string): Promise<Buffer> => {
  const folder = dirname(path)
  const key = newKey()
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${key.toString('base64')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    try {
      await link(draft, path)
    } finally {
      await unlink(draft)
    }
    await flushFolder(folder)
    return key
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw refusal(path, `cannot be created: ${codeOf(error)}`)
    const first = await readKeyFile(path)
    if (first) return first
    throw refusal(path, 'cannot be created: it appeared and went away')
  }
}
