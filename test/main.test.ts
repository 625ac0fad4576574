/** The process as a newcomer starts it: `node src/main.ts` with nothing but a data folder. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { freshDatabase } from './support/postgres.ts'
import { scratchFolder, send, serverEnvironment } from './support/server.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Started {
  child: ChildProcess
  url: string
  output: string
  milliseconds: number
  stop: (signal: NodeJS.Signals) => Promise<number | null>
}

/** Runs until it prints its address. */
const start = async (t: Test, extra: Record<string, string>, args: string[] = []): Promise<Started> => {
  const began = performance.now()
  const child = spawn(process.execPath, [main, ...args], {
    env: serverEnvironment(extra),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  while (!/listens on http:\/\/\S+\n/.test(output)) {
    const event = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => 'exit')])
    if (event === 'exit') throw new Error(`ended with ${child.exitCode}: ${output}`)
  }
  return {
    child,
    url: /listens on (http:\/\/\S+)/.exec(output)?.[1] ?? '',
    output,
    milliseconds: performance.now() - began,
    stop: async (signal) => {
      child.kill(signal)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      return child.exitCode
    },
  }
}

/** Runs to its end, which is to be a refusal. */
const refusal = async (
  extra: Record<string, string>,
  args: string[] = [],
): Promise<{ code: number | null; text: string }> => {
  const child = spawn(process.execPath, [main, ...args], {
    env: serverEnvironment(extra),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  return { code: child.exitCode, text }
}

t.test('the first start on the embedded store leaves everything that a newcomer needs', async (t) => {
  const data = await scratchFolder(t)
  const first = await start(t, { CHANCERY_DATA: data })
  const tokenFile = join(data, 'root-token')
  const token = readFileSync(tokenFile, 'utf8').trim()

  t.equal(statSync(join(data, 'seal.key')).mode & 0o777, 0o600)
  t.equal(statSync(tokenFile).mode & 0o777, 0o600)
  t.match(first.output, tokenFile)
  t.notMatch(first.output, token, 'the token is not printed: this is no terminal')

  t.test('the lines that it prints work when they are pasted', async (t) => {
    const lines = first.output.split('\n').filter((line) => line.startsWith('curl '))
    t.equal(lines.length, 5)
    const shell = spawn('sh', ['-ec', lines.join('\n')], { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
    await once(shell, 'close')
    t.equal(shell.exitCode, 0)
    t.notMatch(printed, '"errors"')
    t.match(printed, /"serial_number":"[0-9a-f]{2}(:[0-9a-f]{2}){19}"/)
    t.match(printed, /-----BEGIN CERTIFICATE-----/)
  })

  t.test('a second start on the same folder is refused while the first runs', async (t) => {
    const second = await refusal({ CHANCERY_DATA: data })
    t.equal(second.code, 1)
    t.equal(second.text.trim().split('\n').length, 1, second.text)
  })

  t.test('it survives kill -9, and starts again without ceremony and quickly', async (t) => {
    const { data: before } = await send(`${first.url}/v1/pki/certs?list=true`, 'GET', undefined, {
      'X-Vault-Token': token,
    })
    await first.stop('SIGKILL')
    let again = await start(t, { CHANCERY_DATA: data })
    t.notMatch(again.output, 'root token')
    // The machine may be busy with other tests: one start in time shows that it can.
    for (let attempt = 1; again.milliseconds >= 2_000 && attempt < 6; attempt++) {
      await again.stop('SIGKILL')
      again = await start(t, { CHANCERY_DATA: data })
    }
    t.ok(again.milliseconds < 2_000, `warm start took ${Math.round(again.milliseconds)} ms`)
    const { data: after } = await send(`${again.url}/v1/pki/certs?list=true`, 'GET', undefined, {
      'X-Vault-Token': token,
    })
    t.same(after, before)
    t.equal(await again.stop('SIGTERM'), 0)
  })

  t.test('without its key it stops and says so, and never makes another', async (t) => {
    const key = join(data, 'seal.key')
    renameSync(key, `${key}.away`)
    const missing = await refusal({ CHANCERY_DATA: data })
    t.equal(missing.code, 1)
    t.match(missing.text, /CHANCERY_SEAL_KEY_FILE/)
    t.notOk(existsSync(key))

    writeFileSync(key, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
    const wrong = await refusal({ CHANCERY_DATA: data })
    t.equal(wrong.code, 1)
    t.match(wrong.text, /not the key file/)
    renameSync(`${key}.away`, key)
    const again = await start(t, { CHANCERY_DATA: data })
    t.equal(await again.stop('SIGINT'), 0)
  })
})

t.test('a seal of shares starts uninitialised and waits for the operator', async (t) => {
  const databaseUrl = await freshDatabase(t)
  const { url, output, stop } = await start(t, {
    CHANCERY_DATA: await scratchFolder(t),
    CHANCERY_DATABASE_URL: databaseUrl,
    CHANCERY_SEAL: 'shamir',
  })
  t.match(output, /sealed/)
  const call = (method: string, path: string, body?: object, token = '') =>
    send(`${url}/v1/${path}`, method, body && JSON.stringify(body), { 'X-Vault-Token': token })
  t.equal((await call('GET', 'sys/health')).status, 501)
  const made = await call('PUT', 'sys/init', { secret_shares: 3, secret_threshold: 2 })
  t.equal(made.status, 200)
  const { keys, root_token: rootToken } = made.json as { keys: string[]; root_token: string }
  t.equal((await call('GET', 'sys/health')).status, 503)
  t.match((await call('PUT', 'sys/unseal', { key: keys[0] })).json, { sealed: true, progress: 1 })
  t.match((await call('PUT', 'sys/unseal', { key: keys[2] })).json, { sealed: false })
  t.equal((await call('GET', 'sys/mounts', undefined, rootToken)).status, 200)
  t.equal(await stop('SIGTERM'), 0)
})

t.test('a bad setting stops the start with one line that names it', async (t) => {
  const data = await scratchFolder(t)
  const cases: [Record<string, string>, RegExp][] = [
    [{ CHANCERY_LISTEN: 'nowhere' }, /^chancery: CHANCERY_LISTEN: /],
    [{ CHANCERY_LISTEN: '0.0.0.0:0' }, /^chancery: CHANCERY_LISTEN: .*CHANCERY_TLS_DISABLE/],
    [{ CHANCERY_SEAL: 'wax' }, /^chancery: CHANCERY_SEAL: /],
    [{ CHANCERY_TLS_CERT: '/nowhere.pem' }, /^chancery: CHANCERY_TLS_KEY: /],
    [{ CHANCERY_DATABASE_URL: 'mysql://secretuser:canary@host/db' }, /^chancery: CHANCERY_DATABASE_URL: /],
    [{ CHANCERY_DATABASE_URL: 'postgres://u:canary@127.0.0.1:1/db' }, /^chancery: /],
    [{ CHANCERY_ROOT_TOKEN: 'canary' }, /^chancery: CHANCERY_ROOT_TOKEN: /],
    [{ CHANCERY_UNHEARD_OF: '1' }, /^chancery: CHANCERY_UNHEARD_OF: /],
  ]
  for (const [settings, expected] of cases) {
    const { code, text } = await refusal({ CHANCERY_DATA: data, ...settings })
    const said = text.split('\n').filter((line) => line.startsWith('chancery: '))
    t.equal(code, 1, JSON.stringify(Object.keys(settings)))
    t.equal(said.length, 1)
    t.match(said[0], expected)
    t.notMatch(text, 'canary', 'no secret is repeated')
  }
})

t.test('flags do what the environment does, and win over it', async (t) => {
  const data = await scratchFolder(t)
  t.match((await refusal({ CHANCERY_DATA: data }, ['--seal', 'wax'])).text, /CHANCERY_SEAL: "wax"/)
  t.match((await refusal({ CHANCERY_DATA: data }, ['--root-token', 'x'])).text, /--root-token: no such flag/)
  t.match((await refusal({ CHANCERY_DATA: data }, ['--seal'])).text, /--seal: a value is missing/)
})

t.test('a terminal is shown the root token itself', async (t) => {
  const data = await scratchFolder(t)
  // script(1) gives the process a terminal.
  const underScript =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', process.execPath, main]
      : ['-qec', `"${process.execPath}" "${main}"`, '/dev/null']
  const child = spawn('script', underScript, {
    env: serverEnvironment({ CHANCERY_DATA: data, CHANCERY_LOG_LEVEL: 'silent' }),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  while (!/Root token: \S+/.test(output)) await once(child.stdout, 'data')
  t.match(output, `Root token: ${readFileSync(join(data, 'root-token'), 'utf8').trim()}`)
  // Control-C, as a person would: the hangup of a closed terminal means "reload" to a server.
  child.stdin.write('\x03')
  await once(child, 'exit')
})
