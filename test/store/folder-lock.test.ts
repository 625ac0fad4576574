import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lockFolder } from '../../src/store/folder-lock.ts'
import { freshFolder } from '../support/stores.ts'

const locks = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('.lock'))

t.test('a folder is held by one, by whatever path it is reached, and free once released', async (t) => {
  const parent = freshFolder(t)
  const folder = join(parent, 'data')
  const lock = await lockFolder(folder)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  symlinkSync(folder, join(parent, 'alias'))
  for (const path of [folder, join(parent, 'alias')]) {
    await t.rejects(lockFolder(path), { message: /^CHANCERY_DATA: another process is using [^\n]+$/ })
  }
  t.equal(locks(folder).length, 1)
  await lock.release()
  t.same(locks(folder), [])
  await (await lockFolder(folder)).release()
})

t.test('a path too long for a socket is locked like any other', async (t) => {
  const folder = join(freshFolder(t), 'deep'.repeat(20), 'deeper'.repeat(20))
  mkdirSync(folder, { recursive: true })
  const lock = await lockFolder(folder)
  await t.rejects(lockFolder(folder), { message: /another process is using/ })
  await lock.release()
  t.same(locks(folder), [])
})

t.test('of many that start at one moment at most one gets the folder', async (t) => {
  const folder = freshFolder(t)
  for (let round = 0; round < 10; round++) {
    const starts = await Promise.allSettled(Array.from({ length: 4 }, () => lockFolder(folder)))
    const winners = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    t.ok(winners.length <= 1)
    for (const winner of winners) await winner.release()
  }
  t.same(locks(folder), [])
})

t.test('what kill -9 leaves behind holds nobody up', async (t) => {
  const folder = freshFolder(t)
  const source = new URL('../../src/store/folder-lock.ts', import.meta.url).href
  const program = `
    const { lockFolder } = await import(${JSON.stringify(source)})
    await lockFolder(${JSON.stringify(folder)})
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  await t.rejects(lockFolder(folder), { message: /another process is using/ })
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal(locks(folder).length, 1, 'its file is still there')
  const lock = await lockFolder(folder)
  t.equal(locks(folder).length, 1, 'and has been cleaned away')
  await lock.release()
})
