/** A ready, unsealed server on a store of its own, in this process, with a client that speaks plain HTTP to it. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startApp, type App } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { freshDataFolder } from './embedded.ts'
import { freshDatabase } from './postgres.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** The body as text. */
  text: string
  /** The body as JSON, or an empty object. */
  json: Record<string, unknown>
  /** `data` of the envelope, or an empty object. */
  data: Record<string, unknown>
  errors: string[]
  warnings: string[]
}

export interface CallOptions {
  token?: string | null
  headers?: Record<string, string>
}

export interface TestServer {
  readonly url: string
  readonly app: App
  readonly config: Config
  readonly rootToken: string
  /** What the server has logged, a JSON line each. */
  readonly logged: string[]
  /** Sends `body` as JSON (a string goes out as it is). The root token, unless another or null is given. */
  call: (method: string, path: string, body?: unknown, options?: CallOptions) => Promise<Answer>
  close: () => Promise<void>
}

export interface ServerOptions {
  store?: 'postgres' | 'embedded'
  /** A database that another server of the test has made: a second replica. */
  databaseUrl?: string
  config?: Partial<Config>
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const parsed = (text: string): Record<string, unknown> => {
  try {
    return object(JSON.parse(text))
  } catch {
    return {}
  }
}

export const send = (
  url: string,
  method: string,
  body: string | Buffer | undefined,
  headers: Record<string, string>,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const json = parsed(text)
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          json,
          data: object(json['data']),
          errors: (json['errors'] ?? []) as string[],
          warnings: (json['warnings'] ?? []) as string[],
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** A folder that goes away with the test. */
export const scratchFolder = async (t: Test): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The environment of a server in a process of its own: nothing of ours but what is given. */
export const serverEnvironment = (settings: Record<string, string>): NodeJS.ProcessEnv => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CHANCERY_')))
  return { ...clean, CHANCERY_LISTEN: '127.0.0.1:0', ...settings }
}

/** Starts a server, on Postgres unless told otherwise, and stops it with the test. */
export const startServer = async (t: Test, options: ServerOptions = {}): Promise<TestServer> => {
  const embedded = options.store === 'embedded'
  const data = options.config?.data ?? (await (embedded ? freshDataFolder(t) : scratchFolder(t)))
  const databaseUrl = options.databaseUrl ?? (embedded ? undefined : await freshDatabase(t))
  const rootToken = options.config?.rootToken ?? `root-${randomBytes(16).toString('hex')}`
  const config: Config = {
    listen: { host: '127.0.0.1', port: 0 },
    data,
    databaseUrl,
    databaseDirectUrl: databaseUrl,
    seal: 'file',
    sealKeyFile: join(data, 'seal.key'),
    rootToken,
    auditDirs: [join(data, 'audit')],
    tls: undefined,
    apiAddr: undefined,
    unauthenticatedKeyOperations: false,
    logLevel: 'info',
    ...options.config,
  }
  const logged: string[] = []
  const app = await startApp(config, { logTo: { write: (line) => void logged.push(line) } })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= app.close())
  t.teardown(close)
  const call: TestServer['call'] = (method, path, body, { token = rootToken, headers = {} } = {}) =>
    send(
      `${app.url}/v1/${path}`,
      method,
      body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      { ...(token !== null && { 'X-Vault-Token': token }), ...headers },
    )
  return { url: app.url, app, config, rootToken, logged, call, close }
}
