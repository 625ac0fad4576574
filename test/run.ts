/**
 * `npm test` and `npm run test:system`: sees to what the tests need, makes one Postgres server and one empty embedded
 * store for all of them, runs tap.
 * `--system` runs `test/system` and nothing else. Other arguments go to tap: `node test/run.ts test/store`.
 * Exit code: tap's, or 1 when something is missing.
 */
import { spawn, spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createEmbeddedTemplate } from './support/embedded.ts'
import { startPostgres } from './support/postgres.ts'

const root = dirname(import.meta.dirname)
const binaries = join(root, 'node_modules/.bin')
// tap starts `node` by its name; it must be the one in node_modules.
process.env['PATH'] = `${binaries}:${process.env['PATH'] ?? ''}`

interface Program {
  name: string
  /** What makes it say hello and end. */
  argument: string
  /** Debian's name of what it comes in. */
  package: string
}

interface Tier {
  programs: readonly Program[]
  /** In seconds, for a file. */
  timeout: number
  /** None: what package.json includes. */
  files: readonly string[]
}

const programs: readonly Program[] = [
  { name: 'openssl', argument: 'version', package: 'openssl' },
  { name: 'curl', argument: '--version', package: 'curl' },
]

const tiers: Record<'usual' | 'system', Tier> = {
  usual: { programs, timeout: 120, files: [] },
  system: {
    programs: [...programs, { name: 'certtool', argument: '--version', package: 'gnutls-bin' }],
    // An RSA key of 8192 bits may take a minute, the first time.
    timeout: 900,
    files: globSync('test/system/*.system.ts', { cwd: root }),
  },
}

const succeeds = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

const missing = ({ programs }: Tier): string[] =>
  programs.filter(({ name, argument }) => !succeeds(name, [argument])).map((program) => program.package)

const install = (packages: readonly string[]): void => {
  if (process.getuid?.() !== 0 || !succeeds('apt-get', ['--version'])) return
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  spawnSync('apt-get', ['update'], options)
  spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], options)
}

/** tap compiles its plugins into its own package; a fresh install has one that cannot load beside TypeScript 7. */
const buildTap = (): void => {
  const built = readFileSync(join(root, 'node_modules/@tapjs/test/test-built/src/index.ts'), 'utf8')
  if (!built.includes('@tapjs/typescript')) return
  const { status } = spawnSync(join(binaries, 'tap'), ['build'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const runTap = (timeout: number, args: readonly string[], given: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const fixed = ['run', '--disable-coverage', '--allow-empty-coverage', `--timeout=${timeout}`, '--jobs=2']
    const child = spawn(join(binaries, 'tap'), [...fixed, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...given },
    })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
    // tap reports and ends; then so do we.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  })

const given = process.argv.slice(2)
const tier = given.includes('--system') ? tiers.system : tiers.usual
if (missing(tier).length > 0) install(missing(tier))
if (missing(tier).length > 0) {
  console.error(`The tests need: ${missing(tier).join(', ')}. Run: sudo apt-get install ${missing(tier).join(' ')}`)
  process.exit(1)
}
buildTap()
const [postgres, embedded] = await Promise.all([startPostgres(), createEmbeddedTemplate()])
const args = [...tier.files, ...given.filter((argument) => argument !== '--system')]
process.exitCode = await runTap(tier.timeout, args, {
  CHANCERY_TEST_DATABASE_URL: postgres.url,
  CHANCERY_TEST_EMBEDDED: embedded,
})
rmSync(embedded, { recursive: true, force: true })
await postgres.stop()
