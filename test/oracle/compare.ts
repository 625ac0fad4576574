/**
 * The same calls to us and to another Vault-compatible server, and what differs:
 *
 *   node test/oracle/compare.ts --peer http://127.0.0.1:8200 --peer-token TOKEN [--record] [SCENE …]
 *
 * Compared are the status, the error texts, the warnings, what the certificate says, and of the answer the names and
 * the types; values only where a call says so. A difference is allowed only if the call or `allowed.ts` gives its
 * reason. Exits 1 on any other. `--record` writes the peer's answers to `recorded/`, for `replay.test.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { send } from '../support/server.ts'
import type { Scene } from './call.ts'
import { differences } from './differences.ts'
import { pending } from './pending.ts'
import { makePlayer, type Server } from './play.ts'
import { callText, type Recorded, writeRecorded } from './recorded.ts'
import { scenes } from './scenes.ts'

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { peer: { type: 'string' }, 'peer-token': { type: 'string' }, record: { type: 'boolean', default: false } },
})
if (!flags.peer || !flags['peer-token']) {
  console.error('usage: compare.ts --peer URL --peer-token TOKEN [--record] [SCENE …]')
  process.exit(2)
}
const peer: Server = { url: flags.peer, rootToken: flags['peer-token'] }

/** Returns the number of differences that have no reason. */
const compare = async (scene: Scene, us: Server): Promise<number> => {
  // What an interrupted run has left.
  await send(`${peer.url}/v1/sys/mounts/oracle-${scene.name}`, 'DELETE', undefined, { 'X-Vault-Token': peer.rootToken })
  const [ours, theirs] = [makePlayer(us), makePlayer(peer)]
  const recorded: Recorded[] = []
  let unexplained = 0
  for (const call of scene.calls) {
    const [mine, reading] = [await ours.play(call), await theirs.play(call)]
    recorded.push({ call: callText(call), reading })
    const found = differences(call, mine, reading)
    const isPending = call.needs !== undefined && pending.includes(call.needs)
    if (found.length === 0 && isPending) console.log(`${callText(call)}\n    differs no more`)
    if (found.length === 0 || isPending) continue
    unexplained += found.length
    console.log(`${callText(call)}\n${found.map((line) => `    ${line}`).join('\n')}`)
  }
  if (flags.record) await writeRecorded(scene, recorded)
  return unexplained
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
let [calls, unexplained] = [0, 0]
try {
  for (const scene of scenes.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    unexplained += await compare(scene, { url: app.url, rootToken })
    calls += scene.calls.length
  }
} finally {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${calls} calls, ${unexplained} differences without a reason`)
process.exitCode = unexplained === 0 ? 0 : 1
