/**
 * The same calls to us and to another Vault-compatible server, and what differs:
 *
 *   node test/oracle/compare.ts --peer http://127.0.0.1:8200 --peer-token TOKEN
 *
 * Compared are the status, the error texts, the warnings, and of the answer the names and the types; values only where
 * a call says so. A difference is allowed only if `calls.ts` gives its reason. Exits 1 on any other.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { send } from '../support/server.ts'
import { allowedEverywhere, calls, type OracleCall } from './calls.ts'

const { values: flags } = parseArgs({ options: { peer: { type: 'string' }, 'peer-token': { type: 'string' } } })
if (!flags.peer || !flags['peer-token']) {
  console.error('usage: compare.ts --peer URL --peer-token TOKEN')
  process.exit(2)
}

type Json = Record<string, unknown>

interface Side {
  url: string
  rootToken: string
  /** What earlier answers gave: `{name}` in a later path or body stands for it. */
  remembered: Map<string, string>
}

const fill = <T>(value: T, side: Side): T =>
  JSON.parse(JSON.stringify(value), (_, item: unknown) =>
    typeof item === 'string'
      ? item.replace(/\{(\w+)\}/g, (whole, name: string) => side.remembered.get(name) ?? whole)
      : item,
  ) as T

const lookInto = (json: Json, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (at as Json | undefined)?.[name], json)

const ask = async (call: OracleCall, side: Side) => {
  const token = call.token === undefined ? side.rootToken : call.token === null ? undefined : fill(call.token, side)
  const body =
    call.body === undefined
      ? undefined
      : typeof call.body === 'string'
        ? call.body
        : JSON.stringify(fill(call.body, side))
  const answer = await send(`${side.url}/v1/${fill(call.path, side)}`, call.method, body, {
    ...(token !== undefined && { 'X-Vault-Token': token }),
    ...(call.headers ?? {}),
  })
  for (const [name, path] of Object.entries(call.remember ?? {})) {
    side.remembered.set(name, String(lookInto(answer.json, path)))
  }
  return answer
}

/** Names and types, to the leaves: `data.serial_number: string`. */
const shape = (value: unknown, at: string): string[] => {
  if (value === null) return [`${at}: null`]
  if (Array.isArray(value)) return [`${at}: array`]
  if (typeof value !== 'object') return [`${at}: ${typeof value}`]
  return Object.entries(value).flatMap(([name, item]) => shape(item, at ? `${at}.${name}` : name))
}

/** Ids, serials, times and remote details differ by nature. */
const plain = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')

const differences = (
  call: OracleCall,
  ours: Awaited<ReturnType<typeof ask>>,
  theirs: Awaited<ReturnType<typeof ask>>,
): string[] => {
  const found: string[] = []
  if (ours.status !== theirs.status) found.push(`status ${ours.status}, peer ${theirs.status}`)
  for (const kind of ['errors', 'warnings'] as const) {
    const [a, b] = [ours[kind], theirs[kind]].map((texts) => plain(JSON.stringify(texts ?? [])))
    if (a !== b) found.push(`${kind} ${a}, peer ${b}`)
  }
  const type = (answer: typeof ours): string => String(answer.headers['content-type'] ?? '')
  if (type(ours) !== type(theirs)) found.push(`type ${type(ours)}, peer ${type(theirs)}`)
  const [mine, other] = [ours, theirs].map((answer) => new Set(shape(answer.json, '')))
  if (mine && other) {
    const missing = [...other].filter((line) => !mine.has(line))
    const extra = [...mine].filter((line) => !other.has(line))
    if (missing.length > 0) found.push(`the peer has ${missing.join(', ')}`)
    if (extra.length > 0) found.push(`we have ${extra.join(', ')}`)
  }
  for (const path of call.same ?? []) {
    const [a, b] = [ours, theirs].map((answer) => JSON.stringify(lookInto(answer.json, path)))
    if (a !== b) found.push(`${path} is ${a}, peer ${b}`)
  }
  return found
}

const folder = mkdtempSync(join(tmpdir(), 'chancery-oracle-'))
const rootToken = `oracle-${crypto.randomUUID()}`
const app = await startApp(
  readConfig([], {
    CHANCERY_DATA: folder,
    CHANCERY_LISTEN: '127.0.0.1:0',
    CHANCERY_ROOT_TOKEN: rootToken,
    CHANCERY_LOG_LEVEL: 'fatal',
  }),
)
let unexplained = 0
try {
  const us: Side = { url: app.url, rootToken, remembered: new Map() }
  const peer: Side = { url: flags.peer, rootToken: flags['peer-token'], remembered: new Map() }
  for (const call of calls) {
    const found = differences(call, await ask(call, us), await ask(call, peer))
    const reasons = [...allowedEverywhere, ...(call.allowed ?? [])]
    const name = JSON.stringify(call)
    const open = found.filter((line) => !reasons.some(({ about }) => about.test(line) || about.test(name)))
    unexplained += open.length
    if (open.length > 0)
      console.log(`${call.method} ${call.path} ${call.title ?? ''}\n${open.map((line) => `    ${line}`).join('\n')}`)
  }
} finally {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${calls.length} calls, ${unexplained} differences without a reason`)
process.exitCode = unexplained === 0 ? 0 : 1
