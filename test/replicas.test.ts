/** Two replicas on one Postgres: what one is told, the other obeys within a second. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import { freshDatabase, startPostgres } from './support/postgres.ts'
import { scratchFolder, send, serverEnvironment, startServer, type Answer, type TestServer } from './support/server.ts'
import { startTcpProxy } from './support/tcp-proxy.ts'

const within = 1_000

/** Asks again and again until `done`, for a second at most (and a little, for the last answer). */
const eventually = async (ask: () => Promise<Answer>, done: (answer: Answer) => boolean): Promise<Answer> => {
  const started = performance.now()
  for (;;) {
    const answer = await ask()
    if (done(answer) || performance.now() - started > within) return answer
  }
}

/** A second replica: same database, same key file. */
const replicaOf = (t: Test, one: TestServer, databaseUrl: string): Promise<TestServer> =>
  startServer(t, {
    databaseUrl,
    config: { rootToken: one.rootToken, sealKeyFile: one.config.sealKeyFile },
  })

const withCa = async (server: TestServer): Promise<void> => {
  await server.call('POST', 'sys/mounts/pki', { type: 'pki' })
  await server.call('POST', 'pki/root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '8760h' })
}

const role = (domain: string) => ({
  allowed_domains: domain,
  allow_subdomains: true,
  key_type: 'ec',
  no_store: true,
  ttl: '1h',
})

const newToken = async (server: TestServer): Promise<string> => {
  const made = await server.call('POST', 'auth/token/create', { policies: ['default'], ttl: '1h' })
  return (made.json['auth'] as { client_token: string }).client_token
}

/** Both replicas have everything warm, one changes it, the other must follow. */
const obeys = async (t: Test, one: TestServer, two: TestServer): Promise<void> => {
  await one.call('POST', 'pki/roles/web', role('before.example'))
  const issue = (name: string) => () => two.call('POST', 'pki/issue/web', { common_name: name })
  t.match(await eventually(issue('a.before.example'), ({ status }) => status === 200), { status: 200, errors: [] })
  await one.call('POST', 'pki/roles/web', role('after.example'))
  const refused = await eventually(issue('a.before.example'), ({ status }) => status !== 200)
  t.not(refused.status, 200, 'a changed role is obeyed, or the replica refuses')

  const token = await newToken(one)
  const lookup = () => two.call('GET', 'auth/token/lookup-self', undefined, { token })
  t.equal((await eventually(lookup, ({ status }) => status === 200)).status, 200)
  await one.call('POST', 'auth/token/revoke', { token })
  t.not((await eventually(lookup, ({ status }) => status !== 200)).status, 200, 'a revoked token stops')
}

t.test('a change on one replica is obeyed by the other', async (t) => {
  const databaseUrl = await freshDatabase(t)
  const one = await startServer(t, { databaseUrl })
  const two = await replicaOf(t, one, databaseUrl)
  await withCa(one)
  await obeys(t, one, two)
  await obeys(t, two, one)
})

const cutListeners = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and query ilike '%notify%'`

t.test('also when the listening connections are cut', async (t) => {
  const databaseUrl = await freshDatabase(t)
  const one = await startServer(t, { databaseUrl })
  const two = await replicaOf(t, one, databaseUrl)
  await withCa(one)
  const admin = new pg.Client({ connectionString: databaseUrl })
  await admin.connect()
  t.teardown(() => admin.end())
  for (let round = 0; round < 3; round++) {
    // It may not be back yet from the round before.
    let cut = 0
    while (cut === 0) cut = (await admin.query(cutListeners)).rowCount ?? 0
    await obeys(t, one, two)
  }
})

t.test('also when the listening connection is half open', async (t) => {
  const databaseUrl = await freshDatabase(t)
  const one = await startServer(t, { databaseUrl })
  const direct = new URL(databaseUrl)
  const proxy = await startTcpProxy(t, { host: direct.hostname, port: Number(direct.port) })
  direct.port = String(proxy.port)
  const two = await startServer(t, {
    databaseUrl,
    config: { rootToken: one.rootToken, sealKeyFile: one.config.sealKeyFile, databaseDirectUrl: direct.href },
  })
  await withCa(one)
  await obeys(t, one, two)
  proxy.freeze()
  await obeys(t, one, two)
})

t.test('kill -9 under load loses nothing that was answered', async (t) => {
  const server = await startPostgres({ durable: true })
  t.teardown(() => server.stop())
  const data = await scratchFolder(t)
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main], {
    env: serverEnvironment({
      CHANCERY_DATA: data,
      CHANCERY_DATABASE_URL: server.url,
      CHANCERY_LOG_LEVEL: 'error',
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  while (!/listens on http:\/\/\S+\n/.test(output)) await once(child.stdout, 'data')
  const url = `${/listens on (http:\/\/\S+)/.exec(output)?.[1] ?? ''}/v1`
  const headers = { 'X-Vault-Token': readFileSync(join(data, 'root-token'), 'utf8').trim() }
  const call = (method: string, path: string, body: object) =>
    send(`${url}/${path}`, method, JSON.stringify(body), headers)
  await call('POST', 'sys/mounts/pki', { type: 'pki' })
  await call('POST', 'pki/root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '8760h' })
  await call('POST', 'pki/roles/web', { ...role('example.com'), no_store: false })

  const answered: string[] = []
  const worker = async (): Promise<void> => {
    for (;;) {
      try {
        const { status, data: issued } = await call('POST', 'pki/issue/web', { common_name: 'a.example.com' })
        if (status === 200) answered.push(String(issued['serial_number']))
      } catch {
        return
      }
      if (answered.length === 300) child.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))

  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const { rows } = await client.query<{ serial: Buffer }>('select serial from certificates')
  await client.end()
  const stored = new Set(rows.map(({ serial }) => serial.toString('hex')))
  t.ok(answered.length >= 300)
  t.same(
    answered.filter((serial) => !stored.has(serial.replaceAll(':', ''))),
    [],
    'every answered serial is in the store',
  )
})
