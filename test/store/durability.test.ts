import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { listSerials } from '../../src/store/certificates.ts'
import { openStore } from '../../src/store/open.ts'
import { freshDatabase } from '../support/postgres.ts'
import { freshFolder, memoryLog } from '../support/stores.ts'

const program = fileURLToPath(new URL('durability-child.ts', import.meta.url))

interface Options {
  databaseUrl?: string
  dataFolder: string
}

/** Serials that a process answered before it was killed under load. */
const answeredBeforeKill = async (options: Options, count: number): Promise<string[]> => {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const serials: string[] = []
  lines.on('line', (line) => {
    serials.push(line)
    if (serials.length === count) child.kill('SIGKILL')
  })
  const [[code, signal]] = await Promise.all([once(child, 'exit'), once(lines, 'close')])
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${String(code)}`)
  // The last line may have been cut short by the kill.
  return serials.filter((serial) => serial.length === 40)
}

const missing = async (options: Options, serials: readonly string[]): Promise<string[]> => {
  const store = await openStore({
    databaseUrl: options.databaseUrl,
    databaseDirectUrl: undefined,
    dataFolder: options.dataFolder,
    log: memoryLog(),
  })
  const stored = new Set((await listSerials(store.db, 'm1')).map((serial) => Buffer.from(serial).toString('hex')))
  await store.close()
  return serials.filter((serial) => !stored.has(serial))
}

t.test('embedded: what was answered before kill -9 is there after it, twice over', async (t) => {
  const options = { dataFolder: freshFolder(t) }
  const first = await answeredBeforeKill(options, 300)
  t.ok(first.length >= 300)
  const second = await answeredBeforeKill(options, 300)
  t.same(await missing(options, [...first, ...second]), [])
})

t.test('postgres: what was answered before kill -9 is there after it', async (t) => {
  const options = { databaseUrl: await freshDatabase(t), dataFolder: '/nowhere' }
  const serials = await answeredBeforeKill(options, 1_000)
  t.ok(serials.length >= 1_000)
  t.same(await missing(options, serials), [])
})
