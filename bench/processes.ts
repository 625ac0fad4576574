/** The servers under test, as processes of their own, on a core of their own where the machine can do that. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Running {
  url: string
  pid: number
  stop(): Promise<void>
}

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

/** This process (and Postgres, its child) leaves core 0 to the server. */
export const pinSelf = (): void => {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', `1-${availableParallelism() - 1}`, String(process.pid)])
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const start = async (
  args: string[],
  env: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<{ child: ChildProcess; match: RegExpExecArray }> => {
  const command = canPin ? ['taskset', '-c', '0', process.execPath, ...args] : [process.execPath, ...args]
  const [program = '', ...rest] = command
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    printed += chunk as string
    const match = ready.exec(printed)
    if (match) {
      child.stdout.resume()
      return { child, match }
    }
  }
  throw new Error(`${args[0]} ended before it was ready:\n${printed}`)
}

const stopper = (child: ChildProcess) => async (): Promise<void> => {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

export const bareServer = async (): Promise<Running> => {
  const { child, match } = await start([path('bare/server.ts')], {}, /"port":(\d+)/)
  return { url: `http://127.0.0.1:${match[1]}`, pid: child.pid ?? 0, stop: stopper(child) }
}

/** Ours, on Postgres. */
export const chancery = async (folder: string, databaseUrl: string): Promise<Running & { rootToken: string }> => {
  const { child, match } = await start(
    [path('../src/main.ts')],
    {
      CHANCERY_DATA: folder,
      CHANCERY_LISTEN: '127.0.0.1:0',
      CHANCERY_DATABASE_URL: databaseUrl,
      CHANCERY_LOG_LEVEL: 'error',
    },
    /(http:\/\/127\.0\.0\.1:\d+)/,
  )
  const rootToken = readFileSync(join(folder, 'root-token'), 'utf8').trim()
  return { url: match[1] ?? '', pid: child.pid ?? 0, stop: stopper(child), rootToken }
}
