/**
 * Holds a folder for one process. Two processes in one embedded store lose rows.
 *
 * The lock is a listening Unix socket: it dies with the process, so what kill -9 leaves behind is a file that nobody
 * answers on. Every start makes a socket under a name of its own and then knocks at all others; whoever hears an
 * answer gives up. Each has its own before it looks for others, so of two that start at one moment at least one hears
 * the other (both may, and then neither starts). Names are never used twice, so a dead file may be removed by anyone.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'

export interface FolderLock {
  release(): Promise<void>
}

const lockName = /^\.lock-[0-9a-f]{16}$/
/** sun_path has 108 bytes on Linux, 104 elsewhere. */
const longestSocketPath = 100

/**
 * Makes the folder (mode 0700) if need be.
 * @throws ConfigError when another process holds it, or its file system takes no socket
 */
export const lockFolder = async (path: string): Promise<FolderLock> => {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const folder = realpathSync(path)
  const name = `.lock-${randomBytes(8).toString('hex')}`
  const alias = shortAlias(folder, name)
  const near = alias?.path ?? folder
  const server = await listen(join(near, name), folder)
  const release = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve))
    rmSync(join(folder, name), { force: true })
    alias?.remove()
  }
  for (const other of readdirSync(folder).filter((entry) => lockName.test(entry) && entry !== name)) {
    if (await answers(join(near, other))) {
      await release()
      throw new ConfigError(`CHANCERY_DATA: another process is using ${folder}; stop it, or name another folder`)
    }
    rmSync(join(folder, other), { force: true })
  }
  return { release }
}

/** A symbolic link to a folder whose path is too long for a socket. The socket still lies in the folder itself. */
const shortAlias = (folder: string, name: string): { path: string; remove(): void } | undefined => {
  if (Buffer.byteLength(join(folder, name)) <= longestSocketPath) return undefined
  const parent = mkdtempSync(join(tmpdir(), 'chancery-'))
  const path = join(parent, 'd')
  symlinkSync(folder, path)
  return { path, remove: () => rmSync(parent, { recursive: true, force: true }) }
}

const listen = (path: string, folder: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ConfigError(`CHANCERY_DATA: cannot lock ${folder} with a Unix socket: ${error.code ?? error.message}`),
      ),
    )
    server.listen(path, () => resolve(server.unref()))
  })

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // ECONNREFUSED: the file of a dead process. ENOENT: gone meanwhile. Anything else (EACCES, EAGAIN) may be alive.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
