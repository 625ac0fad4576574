/**
 * Data folders with an embedded store in them. Creating one takes PGlite some seconds, so it is done once, and each test
 * gets a copy.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../../src/store/embedded.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A folder that holds an empty embedded store, closed. The caller removes it. */
export const createEmbeddedTemplate = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-embedded-'))
  const store = await openEmbedded(join(folder, 'store'), quiet)
  await store.close()
  return folder
}

let own: Promise<string> | undefined

/** The one of `CHANCERY_TEST_EMBEDDED` (`run.ts` sets it), or this process's own. */
const template = (): Promise<string> => {
  const given = process.env['CHANCERY_TEST_EMBEDDED']
  if (given) return Promise.resolve(given)
  own ??= createEmbeddedTemplate().then((folder) => {
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return folder
  })
  return own
}

/** A data folder whose embedded store is there and empty. It goes at the teardown of `t`. */
export const freshDataFolder = async (t: { teardown(work: () => void): void }): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(await template(), folder, { recursive: true })
  return folder
}
