/**
 * `npm run bench`: each figure beside its bound, measured in the same run, since machines are shared and noisy and
 * only ratios mean something.
 *
 *   --json           nothing but JSON on standard output
 *   --quick          short runs, for a look
 *   --only A,B       some entries of the table below
 *   --peer URL --peer-token T   drive another Vault-compatible server too; prints ours over theirs
 *
 * The server under test has the first core to itself, the load generator and Postgres have the rest.
 */
import { parseArgs } from 'node:util'
import { availableParallelism, tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../test/support/postgres.ts'
import { drive, type Measured } from './load.ts'
import { bareServer, chancery, pinSelf, type Running } from './processes.ts'
import { prepare, newCsr } from './prepare.ts'

interface Work {
  name: string
  path: string
  body: (csr: string) => object
  /** The bare server's path for the same work, or another entry of this table. */
  bound: { bare: string } | { entry: string }
}

const commonName = 'bench.example.com'

const works: readonly Work[] = [
  {
    name: 'issue-no-store',
    path: 'pki/issue/unstored',
    body: () => ({ common_name: commonName, ttl: '1h' }),
    bound: { bare: '/issue' },
  },
  {
    name: 'sign-no-store',
    path: 'pki/sign/unstored',
    body: (csr) => ({ common_name: commonName, csr, ttl: '1h' }),
    bound: { bare: '/sign' },
  },
  {
    name: 'issue-stored',
    path: 'pki/issue/stored',
    body: () => ({ common_name: commonName, ttl: '1h' }),
    bound: { entry: 'issue-no-store' },
  },
]

interface Result {
  name: string
  rate: number
  bound: number
  ratio: number
  p50_ms: number
  p99_ms: number
  cpu_s_per_1000: number | null
  peak_rss_mb: number | null
  peer_rate?: number
  over_peer?: number
}

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    peer: { type: 'string' },
    'peer-token': { type: 'string' },
  },
})

const seconds = flags.quick ? 3 : 10
const rounds = flags.quick ? 1 : 3
const connections = 16
const say = (line: string): void => console.error(line)

const only = flags.only?.split(',')
const unknown = only?.filter((name) => !works.some((work) => work.name === name)) ?? []
if (unknown.length > 0) {
  say(`bench: no entry ${unknown.join(', ')}; there are ${works.map((work) => work.name).join(', ')}`)
  process.exit(2)
}
if (flags.peer && !flags['peer-token']) {
  say('bench: --peer needs --peer-token')
  process.exit(2)
}

const median = <T>(items: readonly T[], by: (item: T) => number): T => {
  const sorted = [...items].sort((a, b) => by(a) - by(b))
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}

const folder = mkdtempSync(join(tmpdir(), 'chancery-bench-'))
const started: { stop(): Promise<void> }[] = []
const running = <T extends { stop(): Promise<void> }>(thing: T): T => {
  started.push(thing)
  return thing
}

const main = async (): Promise<Result[]> => {
  if (availableParallelism() < 2) say('bench: one core only; server and load generator share it')
  pinSelf()
  const csr = newCsr(commonName)
  const postgres = running(await startPostgres({ durable: true }))
  const bare = running(await bareServer())
  const ours = running(await chancery(folder, postgres.url))
  const token = await prepare(`${ours.url}/v1`, ours.rootToken, join(folder, 'audit', 'audit.log'))
  const peer = flags.peer
    ? { url: flags.peer, token: await prepare(`${flags.peer}/v1`, flags['peer-token'] ?? '', undefined) }
    : undefined

  const measure = (server: Running | undefined, url: string, body: object, vaultToken?: string): Promise<Measured> =>
    drive({ url, body, token: vaultToken, seconds, connections, process: server?.pid })

  const results: Result[] = []
  const wanted = works.filter((work) => !only || only.includes(work.name))
  for (const work of wanted) {
    const body = work.body(csr)
    const path = `/v1/${work.path}`
    const mine: Measured[] = []
    const bounds: number[] = []
    const theirs: number[] = []
    // Taken in turns, so that what the machine does meanwhile hits both.
    for (let round = 0; round < rounds; round++) {
      if ('bare' in work.bound) bounds.push((await measure(bare, `${bare.url}${work.bound.bare}`, body)).rate)
      else {
        const entry = works.find((other) => 'entry' in work.bound && other.name === work.bound.entry)
        if (!entry) throw new Error(`no entry for the bound of ${work.name}`)
        bounds.push((await measure(ours, `${ours.url}/v1/${entry.path}`, entry.body(csr), token)).rate)
      }
      mine.push(await measure(ours, `${ours.url}${path}`, body, token))
      if (peer) theirs.push((await measure(undefined, `${peer.url}${path}`, body, peer.token)).rate)
    }
    const middle = median(mine, (one) => one.rate)
    const bound = median(bounds, (rate) => rate)
    const peerRate = theirs.length > 0 ? median(theirs, (rate) => rate) : undefined
    const result: Result = {
      name: work.name,
      rate: Math.round(middle.rate),
      bound: Math.round(bound),
      ratio: Number((middle.rate / bound).toFixed(3)),
      p50_ms: middle.p50,
      p99_ms: middle.p99,
      cpu_s_per_1000: middle.cpuSecondsPer1000,
      peak_rss_mb: middle.peakRssMb,
      ...(peerRate !== undefined && {
        peer_rate: Math.round(peerRate),
        over_peer: Number((middle.rate / peerRate).toFixed(2)),
      }),
    }
    results.push(result)
    say(
      `${work.name.padEnd(16)} ${String(result.rate).padStart(6)}/s  bound ${String(result.bound).padStart(6)}/s  ` +
        `ratio ${result.ratio.toFixed(2)}  p50 ${result.p50_ms} ms  p99 ${result.p99_ms} ms` +
        (result.over_peer === undefined ? '' : `  ${result.over_peer} times the peer`),
    )
  }
  return results
}

try {
  const results = await main()
  if (flags.json) console.log(JSON.stringify({ results }))
} finally {
  for (const thing of started.reverse()) await thing.stop()
  rmSync(folder, { recursive: true, force: true })
}
