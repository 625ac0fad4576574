/** The two import rules of DESIGN.md, floors and homes, kept by reading every import that is left at run time. */
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')

/** From the top down. A run-time import leads to a lower floor, or stays in its folder. */
const floors = [
  ['main.ts'],
  ['app.ts'],
  ['http', 'cli', 'jobs.ts'],
  ['pki', 'auth', 'sys'],
  ['access', 'mounts', 'audit'],
  ['seal', 'keys'],
  ['x509', 'store'],
  ['route.ts', 'fields.ts', 'config.ts'],
  ['errors.ts'],
]
const engines = ['pki', 'auth', 'sys']

/** What may import a library, by the name of the package without its scope's members. */
const homes: Record<string, RegExp> = {
  fastify: /^src\/http\//,
  zod: /^src\/((config|fields)\.ts|.*\/(schema|routes)\.ts)$/,
  kysely: /^(src\/store|migrations)\//,
  pg: /^src\/store\//,
  '@electric-sql': /^src\/store\//,
  '@peculiar': /^src\/x509\//,
  'reflect-metadata': /^src\/x509\//,
  'shamir-secret-sharing': /^src\/seal\/shamir\.ts$/,
  pino: /^src\/(app|main)\.ts$/,
}

/** A `routes.ts` is imported by these only, and by the `engine.ts` beside it. */
const mayOpenDoors = ['src/app.ts', 'src/sys/engine.ts', 'src/pki/engine.ts']

const statement = new RegExp(
  [
    String.raw`^import\s+'([^']+)'`,
    String.raw`^(?:import|export)\s[\w$*{},\s]+?\sfrom\s+'([^']+)'`,
    String.raw`\bimport\(\s*'([^']+)'`,
    String.raw`\bnew URL\('(\.[^']+\.ts)'`,
  ].join('|'),
  'gm',
)

const runTimeImports = (source: string): string[] =>
  [...stripTypeScriptTypes(source).matchAll(statement)].map(([, ...names]) => names.find(Boolean) ?? '')

const placeOf = (file: string): string => file.split('/')[1] ?? ''
const floorOf = (file: string): number => floors.findIndex((names) => names.includes(placeOf(file)))

const wrongImport = (file: string, name: string): string | undefined => {
  if (name.startsWith('node:')) return undefined
  if (!name.startsWith('.')) {
    const library = name.split('/')[0] ?? ''
    if (!homes[library]) return `${library} has no home`
    return homes[library].test(file) ? undefined : `${library} lives elsewhere`
  }
  const target = join(dirname(file), name)
  const own = placeOf(file) === placeOf(target) && !placeOf(file).endsWith('.ts')
  if (!own && floorOf(target) <= floorOf(file)) return `${target} is on no lower floor`
  if (file === 'src/http/handle.ts' && engines.includes(placeOf(target))) return `${target} is an engine`
  const beside = file === join(dirname(target), 'engine.ts')
  if (basename(target) === 'routes.ts' && !beside && !mayOpenDoors.includes(file)) return `${target} is another's door`
  return undefined
}

/** One line for each thing that is wrong with `file` (from the root of the tree). */
const violations = (file: string, source: string): string[] => {
  const found = runTimeImports(source).map((name) => wrongImport(file, name))
  if (file.startsWith('src/') && floorOf(file) < 0) found.push('stands on no floor')
  if (/(^|\/)(utils?|helpers?|common|core)(\/|\.ts$)/.test(file)) found.push('has a name that says nothing')
  if (/\bprocess\s*(\.|\[')env\b/.test(source.replace(/^\s*(\/\/|\/?\*).*$/gm, ''))) {
    if (!['src/config.ts', 'src/main.ts'].includes(file)) found.push('reads process.env')
  }
  return found.filter((text) => text !== undefined).map((text) => `${file}: ${text}`)
}

t.test('every file keeps to its floor and leaves libraries at home', async (t) => {
  const files = globSync('{src,migrations}/**/*.ts', { cwd: root })
  t.ok(files.length > 100)
  t.strictSame(
    files.flatMap((file) => violations(file, readFileSync(join(root, file), 'utf8'))),
    [],
  )
})

t.test('a planted violation is found', async (t) => {
  for (const [file, source] of [
    ['src/store/roles.ts', "import { issue } from '../pki/issuance/issue.ts'"],
    ['src/store/roles.ts', "import { name } from '../x509/name.ts'"],
    ['src/store/roles.ts', "export { name } from '../x509/name.ts'"],
    ['src/store/roles.ts', "import {\n  a,\n  type B,\n} from '../seal/barrier.ts'"],
    ['src/store/roles.ts', "import '../seal/barrier.ts'"],
    ['src/store/roles.ts', "const { a } = await import('../seal/barrier.ts')"],
    ['src/store/roles.ts', "new Worker(new URL('../seal/worker.ts', import.meta.url))"],
    // It looks free, but the statement stays and loads the module.
    ['src/store/roles.ts', "import { type B } from '../seal/barrier.ts'"],
    ['src/errors.ts', "import { text } from './fields.ts'"],
    ['src/pki/engine.ts', "import { systemEngine } from '../sys/engine.ts'"],
    ['src/http/handle.ts', "import { pkiEngine } from '../pki/engine.ts'"],
    ['src/pki/crl/build-crl.ts', "import { issueRoutes } from '../issuance/routes.ts'"],
    ['src/http/server.ts', "import { auditRoutes } from '../audit/routes.ts'"],
    ['src/sys/engine.ts', "import { pkiEngine } from '../pki/engine.ts'"],
    ['src/pki/issuance/plan.ts', "import { z } from 'zod'"],
    ['src/pki/issuance/issue.ts', "import { sql } from 'kysely'"],
    ['src/pki/issuance/issue.ts', "import { X509Certificate } from '@peculiar/x509'"],
    ['src/http/server.ts', "import lodash from 'lodash'"],
    ['src/pki/issuance/issue.ts', "const home = process.env['HOME']"],
    ['src/pki/utils.ts', ''],
    ['src/pki/helpers/names.ts', ''],
    ['src/things/names.ts', ''],
  ] as const) {
    t.equal(violations(file, source).length, 1, `${file}: ${source}`)
  }
})

t.test('what is allowed is not found', async (t) => {
  for (const [file, source] of [
    ['src/route.ts', "import type { z } from 'zod'"],
    ['src/store/mounts.ts', "import type { MountConfig } from '../mounts/mount.ts'"],
    ['src/store/mounts.ts', "import { sql } from 'kysely'\nimport { readFile } from 'node:fs/promises'"],
    ['src/store/mounts.ts', "// as in: import { a } from '../pki/a.ts'; process.env is read elsewhere"],
    ['src/pki/issuance/routes.ts', "import { z } from 'zod'\nimport { text } from '../../fields.ts'"],
    ['src/pki/crl/build-crl.ts', "import { loadIssuer } from '../issuers/load-issuer.ts'"],
    ['src/sys/engine.ts', "import { auditRoutes } from '../audit/routes.ts'"],
    ['src/access/tokens/engine.ts', "import { tokenRoutes } from './routes.ts'"],
    ['src/main.ts', "import { startApp } from './app.ts'\nreadConfig(process.argv, process.env)"],
    ['migrations/0003-leases.ts', "import { sql } from 'kysely'"],
  ] as const) {
    t.strictSame(violations(file, source), [], `${file}: ${source}`)
  }
})
