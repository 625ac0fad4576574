import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, type Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { FileDevice } from '../../src/audit/file-device.ts'
import { fileOptions } from '../../src/audit/file-options.ts'
import { newHmacKey } from '../../src/audit/hmac.ts'
import {
  auditRequest,
  auditResponse,
  caller,
  canary,
  hmacOf,
  linesOf,
  temporaryFolder,
} from '../support/audit-calls.ts'

const device = (
  t: Test,
  options: Record<string, string>,
  { folders = [] as string[], key = newHmacKey(), stdout = new PassThrough() as Writable } = {},
): FileDevice => {
  const opened = new FileDevice(fileOptions(options), key, { folders, stdout })
  t.teardown(() => opened.close())
  return opened
}

const modeOf = (file: string): number => statSync(file).mode & 0o7777

t.test('an entry is in the file once it is accepted, its secrets as HMACs under the key of the device', async (t) => {
  const folder = temporaryFolder(t)
  const [file, key] = [join(folder, 'audit.log'), newHmacKey()]
  const audit = device(t, { file_path: file }, { folders: [folder], key })
  const secret = canary()
  const request = auditRequest({ data: { password: secret } })
  await audit.logRequest(request)
  t.equal(linesOf(file).length, 1)
  await audit.logResponse(request, auditResponse({ data: { private_key: secret } }))
  const [asked, answered] = linesOf(file)
  t.equal(asked?.request.data?.['password'], hmacOf(key, secret))
  t.equal(answered?.response?.data?.['private_key'], audit.hash(secret))
  t.equal(audit.hash(secret), hmacOf(key, secret))
  t.notOk(readFileSync(file, 'utf8').includes(secret))
  t.equal(modeOf(file), 0o600)
})

t.test('a thousand calls at once leave whole lines, each request before its reply', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  const audit = device(t, { file_path: file }, { folders: [folder] })
  await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const request = auditRequest({ data: { text: 'x\n'.repeat(50) } })
      await audit.logRequest(request)
      await audit.logResponse(request, auditResponse({ data: { keys: ['a'] } }))
    }),
  )
  const lines = linesOf(file)
  t.equal(lines.length, 2000)
  const asked = new Set<string>()
  for (const { type, request } of lines) {
    if (type === 'request') asked.add(request.id)
    else if (!asked.delete(request.id)) t.fail('a reply stands before its request')
  }
  t.equal(asked.size, 0)
})

t.test('two devices may append to one file', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  const devices = [1, 2].map(() => device(t, { file_path: file }, { folders: [folder] }))
  for (let round = 0; round < 50; round++) {
    await Promise.all(devices.map((audit) => audit.logRequest(auditRequest())))
  }
  t.equal(linesOf(file).length, 100)
})

t.test('a full disk refuses entries, and the log goes on with a whole line when there is room again', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  const appender = join(import.meta.dirname, '../support/audit-appender.ts')
  // tap puts itself into every Node process that is started, and there it ends a process that meets SIGXFSZ.
  const withoutTap = 'unset NODE_OPTIONS; exec "$0" "$@"'
  const child = spawn('/bin/sh', ['-c', withoutTap, process.execPath, appender, file, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  const outcomes = createInterface(child.stdout)[Symbol.asyncIterator]()
  const append = async (id: string): Promise<unknown> => {
    child.stdin.write(`${id}\n`)
    return (await outcomes.next()).value
  }
  const limitFileSize = (size: string): void => {
    execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${size}:`])
  }
  t.equal(await append('first'), 'ok')
  const before = statSync(file).size
  // The kernel takes a hundred bytes more, then says EFBIG, as it says ENOSPC: in the middle of a line.
  limitFileSize(String(before + 100))
  t.equal(await append('refused'), 'EFBIG')
  t.equal(await append('refused again'), 'EFBIG')
  t.equal(statSync(file).size, before + 100)
  limitFileSize('unlimited')
  t.equal(await append('second'), 'ok')
  const [first, torn, second, end] = readFileSync(file, 'utf8').split('\n')
  t.match(JSON.parse(first ?? ''), { request: { id: 'first' } })
  t.throws(() => JSON.parse(torn ?? ''))
  t.match(JSON.parse(second ?? ''), { request: { id: 'second' } })
  t.equal(end, '')
})

t.test('a line that a killed server left unfinished is ended first', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  writeFileSync(file, '{"time":"2026')
  const audit = device(t, { file_path: file }, { folders: [folder] })
  await audit.logRequest(auditRequest())
  const [torn, whole] = readFileSync(file, 'utf8').split('\n')
  t.equal(torn, '{"time":"2026')
  t.equal((JSON.parse(whole ?? '') as { type: string }).type, 'request')
})

t.test('after a rotation and reopen the log goes on in a new file', async (t) => {
  const folder = temporaryFolder(t)
  const [file, rotated] = [join(folder, 'audit.log'), join(folder, 'audit.log.1')]
  const audit = device(t, { file_path: file }, { folders: [folder] })
  const [before, between, after] = [auditRequest(), auditRequest(), auditRequest()]
  await audit.logRequest(before)
  renameSync(file, rotated)
  const waiting = audit.logRequest(between)
  audit.reopen()
  await waiting
  await audit.logRequest(after)
  t.strictSame(
    linesOf(rotated).map(({ request }) => request.id),
    [before.id, between.id],
  )
  t.strictSame(
    linesOf(file).map(({ request }) => request.id),
    [after.id],
  )
})

t.test('a file that was cut to nothing (copytruncate) goes on at its beginning', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  const audit = device(t, { file_path: file }, { folders: [folder] })
  await audit.logRequest(auditRequest())
  truncateSync(file)
  await audit.logRequest(auditRequest())
  t.equal(linesOf(file).length, 1)
})

t.test('a closed device has written what waited, and accepts nothing more', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  const audit = device(t, { file_path: file }, { folders: [folder] })
  const waiting = audit.logRequest(auditRequest())
  audit.close()
  await waiting
  t.equal(linesOf(file).length, 1)
  await t.rejects(audit.logRequest(auditRequest()), /closed/)
})

t.test('a file outside of the folders is refused, by whatever way the path leads there', async (t) => {
  const root = temporaryFolder(t)
  const [own, other] = [join(root, 'audit'), join(root, 'other')]
  for (const folder of [own, other, join(own, 'below')]) mkdirSync(folder)
  writeFileSync(join(other, 'key'), 'secret')
  symlinkSync(other, join(own, 'folder-link'))
  symlinkSync(join(other, 'key'), join(own, 'file-link'))
  symlinkSync(join(other, 'new'), join(own, 'dangling-link'))
  const refused = async (path: string, reason: { kind?: string; code?: string; message: RegExp }): Promise<void> => {
    await t.rejects(
      device(t, { file_path: path }, { folders: [own] }).logRequest(auditRequest()),
      reason,
      JSON.stringify(path),
    )
  }
  const outside = { kind: 'invalid request', message: /CHANCERY_AUDIT_DIRS/ }
  for (const path of [
    join(other, 'audit.log'),
    `${own}/../other/audit.log`,
    `${own}/below/../../other/audit.log`,
    `${own}/folder-link/audit.log`,
    `${own}-not/audit.log`,
    `${own}/missing/audit.log`,
    own,
    '/etc/chancery-audit.log',
    '/dev/full',
    'audit.log',
    '..',
  ]) {
    await refused(path, outside)
  }
  await refused(`${own}/file-link`, { code: 'ELOOP', message: /ELOOP/ })
  await refused(`${own}/dangling-link`, { code: 'ELOOP', message: /ELOOP/ })
  await refused(`${own}/below`, { code: 'EISDIR', message: /EISDIR/ })
  await refused(`${own}/a\0b`, { kind: 'invalid request', message: /control characters/ })
  execFileSync('mkfifo', [join(own, 'pipe')])
  await refused(`${own}/pipe`, { kind: 'invalid request', message: /not a regular file/ })
  t.equal(readFileSync(join(other, 'key'), 'utf8'), 'secret')
  t.notOk(existsSync(join(other, 'new')))
  t.notOk(existsSync(join(other, 'audit.log')))
})

t.test('folders are compared after their links are resolved', async (t) => {
  const root = temporaryFolder(t)
  const real = join(root, 'real')
  mkdirSync(join(real, 'below'), { recursive: true })
  symlinkSync(real, join(root, 'link'))
  const viaLink = device(t, { file_path: join(root, 'link/a.log') }, { folders: [real] })
  await viaLink.logRequest(auditRequest())
  const viaReal = device(t, { file_path: join(real, 'below/b.log') }, { folders: [join(root, 'link')] })
  await viaReal.logRequest(auditRequest())
  t.equal(linesOf(join(real, 'a.log')).length, 1)
  t.equal(linesOf(join(real, 'below/b.log')).length, 1)
})

t.test('a folder of the setting that is not there is made for the owner alone', async (t) => {
  const folder = join(temporaryFolder(t), 'data/audit')
  const audit = device(t, { file_path: join(folder, 'audit.log') }, { folders: [folder] })
  await audit.logRequest(auditRequest())
  t.equal(modeOf(folder), 0o700)
})

t.test('the mode of the option is set, and 0000 keeps what is there', async (t) => {
  const folder = temporaryFolder(t)
  const write = async (name: string, mode: string): Promise<number> => {
    const file = join(folder, name)
    await device(t, { file_path: file, mode }, { folders: [folder] }).logRequest(auditRequest())
    return modeOf(file)
  }
  t.equal(await write('new', '0666'), 0o666)
  t.equal(await write('run', '0777'), 0o666)
  appendFileSync(join(folder, 'old'), '')
  chmodSync(join(folder, 'old'), 0o644)
  t.equal(await write('old', '0000'), 0o644)
  t.equal(await write('old', '0600'), 0o600)
  t.equal(await write('none', '0000'), 0o600)
})

t.test('stdout writes to the stream', async (t) => {
  const stdout = new PassThrough()
  const audit = device(t, { file_path: 'stdout' }, { stdout })
  const request = auditRequest()
  await audit.logRequest(request)
  t.match(JSON.parse(String(stdout.read())), { request: { id: request.id } })
})

t.test('stdout whose reader went away refuses entries, and the process lives on', async (t) => {
  const reader = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  const audit = device(t, { file_path: 'stdout' }, { stdout: reader.stdin })
  await audit.logRequest(auditRequest())
  reader.kill()
  await once(reader, 'exit')
  await t.rejects(audit.logRequest(auditRequest()))
})

t.test('discard accepts everything and writes nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-audit-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const audit = device(t, { file_path: 'discard' }, { folders: [folder] })
  await audit.logRequest(auditRequest())
  t.notOk(existsSync(join(folder, 'discard')))
  t.notOk(existsSync('discard'))
})

t.test('an entry that cannot be recorded is refused', async (t) => {
  const folder = temporaryFolder(t)
  const audit = device(t, { file_path: join(folder, 'audit.log') }, { folders: [folder] })
  const broken = caller({ issuedAt: new Date(Number.NaN) })
  await t.rejects(audit.logRequest(auditRequest({ caller: broken })))
})
