/**
 * Requests that nobody should send, to a server in this process: it must not crash, must not answer 500, and must not
 * issue what a role forbids.
 *
 *   node test/long/fuzz.ts [--count 200000] [--seed N] [--from N] [--seconds 3600]
 *
 * Request N of a seed is always the same one: `--seed S --from N --count 1` sends it again. Exits 1 on a fault.
 */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type Answer, send } from '../support/server.ts'
import { anyCase, type Case } from './cases.ts'
import { makeRandom } from './random.ts'
import { roles } from './roles.ts'
import { faultsOf } from './verdict.ts'

const number = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${text} is no number`)
  return value
}
const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    from: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '3600' },
  },
})
const [count, seed, from] = [number(flags.count), number(flags.seed), number(flags.from)]
const deadline = Date.now() + number(flags.seconds) * 1000
const atOnce = 8
const mostFaults = 20

const folder = mkdtempSync(join(tmpdir(), 'chancery-fuzz-'))
const rootToken = `fuzz-${crypto.randomUUID()}`
const app = await startApp(
  readConfig([], {
    CHANCERY_DATA: folder,
    CHANCERY_LISTEN: '127.0.0.1:0',
    CHANCERY_ROOT_TOKEN: rootToken,
    CHANCERY_LOG_LEVEL: 'fatal',
  }),
)
const call = (path: string, body: string | Buffer): Promise<Answer> =>
  send(`${app.url}/v1/${path}`, 'POST', body, { 'X-Vault-Token': rootToken })

const prepare = async (): Promise<X509Certificate> => {
  await call('sys/mounts/pki', '{"type":"pki","config":{"max_lease_ttl":"87600h"}}')
  const root = await call('pki/root/generate/internal', '{"common_name":"Root","key_type":"ec","ttl":"87600h"}')
  for (const { name, parameters } of roles) await call(`pki/roles/${name}`, JSON.stringify(parameters))
  return new X509Certificate(String(root.data['certificate']))
}

const statuses = new Map<string, number>()
let [next, done, faulty] = [from, 0, 0]

const report = (index: number, { path, body }: Case, faults: readonly string[]): void => {
  faulty++
  const text = body.toString().slice(0, 3000)
  console.error(`request ${index} of seed ${seed}: ${path}\n    ${faults.join('\n    ')}\n    ${text}\n`)
}

const work = async (issuer: X509Certificate): Promise<void> => {
  while (next < from + count && Date.now() < deadline && faulty < mostFaults) {
    const index = next++
    const one = anyCase(makeRandom((seed + Math.imul(index, 0x9e3779b1)) >>> 0))
    const answer = await call(`pki/${one.path}`, one.body)
    const faults = faultsOf(answer, one, issuer)
    if (faults.length > 0) report(index, one, faults)
    const kind = `${one.path.split('/')[0]} ${answer.status}`
    statuses.set(kind, (statuses.get(kind) ?? 0) + 1)
    done++
  }
}

const progress = setInterval(() => console.error(`${done} of ${count} requests, ${faulty} faults`), 10_000)
try {
  console.error(`seed ${seed}`)
  const issuer = await prepare()
  await Promise.all(Array.from({ length: atOnce }, () => work(issuer)))
} finally {
  clearInterval(progress)
  await app.close()
  rmSync(folder, { recursive: true, force: true })
}
console.log(
  [...statuses]
    .sort()
    .map(([kind, times]) => `${kind}: ${times}`)
    .join('\n'),
)
console.log(`${done} requests of seed ${seed}, ${faulty} faults`)

// A run in which nothing was issued, or nothing refused, has tried nothing.
const tried = ['issue 200', 'issue 400', 'sign 200', 'sign 400', 'roles 200', 'roles 400'].filter(
  (kind) => !statuses.has(kind),
)
if (count >= 1000 && tried.length > 0) console.error(`never seen: ${tried.join(', ')}`)
process.exitCode = faulty > 0 || (count >= 1000 && tried.length > 0) ? 1 : 0
