import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createKeyFile, readKeyFile } from '../../src/seal/key-file.ts'
import { freshFolder } from '../support/stores.ts'

const write = (path: string, text: string, mode = 0o600): void => {
  writeFileSync(path, text)
  chmodSync(path, mode)
}

t.test('a new key file holds one line of base64 and is closed to other users', async (t) => {
  const folder = freshFolder(t)
  const path = join(folder, 'deep', 'er', 'seal.key')
  const key = await createKeyFile(path)
  t.equal(key.length, 32)
  t.equal(readFileSync(path, 'utf8'), `${key.toString('base64')}\n`)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'deep')).mode & 0o777, 0o700)
  t.strictSame(readdirSync(join(folder, 'deep', 'er')), ['seal.key'], 'no draft is left')
  t.same(await readKeyFile(path), key)
})

t.test('of many processes at one path the first makes the key and the others get it', async (t) => {
  const path = join(freshFolder(t), 'seal.key')
  const keys = await Promise.all(Array.from({ length: 20 }, () => createKeyFile(path)))
  t.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1)
  t.same(await readKeyFile(path), keys[0])
})

t.test('an existing file is never replaced', async (t) => {
  const path = join(freshFolder(t), 'seal.key')
  write(path, `${Buffer.alloc(32, 5).toString('hex')}\n`)
  t.same(await createKeyFile(path), Buffer.alloc(32, 5))
  write(path, 'something else')
  await t.rejects(createKeyFile(path), { name: 'ConfigError' })
  t.equal(readFileSync(path, 'utf8'), 'something else')
})

t.test('a file that is not there is no error', async (t) => {
  t.equal(await readKeyFile(join(freshFolder(t), 'seal.key')), undefined)
})

t.test('hex and base64, with or without white space around, are read', async (t) => {
  const path = join(freshFolder(t), 'seal.key')
  const key = Buffer.alloc(32, 0xc3)
  for (const text of [key.toString('hex'), key.toString('base64'), `  ${key.toString('base64')}\r\n\n`]) {
    write(path, text)
    t.same(await readKeyFile(path), key)
  }
})

t.test('a file that others may read stops the start with a line that says what to do', async (t) => {
  const path = join(freshFolder(t), 'seal.key')
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    write(path, Buffer.alloc(32, 5).toString('hex'), mode)
    await t.rejects(readKeyFile(path), {
      name: 'ConfigError',
      message: `CHANCERY_SEAL_KEY_FILE: ${path}: mode 0${mode.toString(8)} lets other users read it; run: chmod 600 ${path}`,
    })
  }
})

t.test('a pipe is no key file, and nobody waits for what may come out of it', { timeout: 5_000 }, async (t) => {
  const path = join(freshFolder(t), 'seal.key')
  execFileSync('mkfifo', ['-m', '600', path])
  await t.rejects(readKeyFile(path), { name: 'ConfigError', message: /expected 32 bytes/ })
})

t.test('a file that holds no key stops the start, and its text is not repeated', async (t) => {
  const path = join(freshFolder(t), 'seal.key')
  const almost = Buffer.alloc(31, 5)
  const wrong = [
    '',
    'password',
    almost.toString('hex'),
    almost.toString('base64'),
    'x'.repeat(10_000),
    `${'ab'.repeat(32)} more`,
  ]
  for (const text of wrong) {
    write(path, text)
    await t.rejects(readKeyFile(path), {
      name: 'ConfigError',
      message: `CHANCERY_SEAL_KEY_FILE: ${path}: expected 32 bytes as base64 or hex, and nothing else`,
    })
  }
})

t.test('a folder, and a path below a file, are refused in one line', async (t) => {
  const folder = freshFolder(t)
  chmodSync(folder, 0o700)
  await t.rejects(readKeyFile(folder), { name: 'ConfigError' })
  write(join(folder, 'file'), 'x')
  await t.rejects(readKeyFile(join(folder, 'file', 'seal.key')), { name: 'ConfigError', message: /ENOTDIR/ })
  await t.rejects(createKeyFile(join(folder, 'file', 'seal.key')), { name: 'ConfigError', message: /ENOTDIR/ })
})

t.test('a dangling link is not written through', async (t) => {
  const folder = freshFolder(t)
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'seal.key'))
  await t.rejects(createKeyFile(join(folder, 'seal.key')), { name: 'ConfigError' })
  t.equal(existsSync(join(folder, 'elsewhere')), false)
})
