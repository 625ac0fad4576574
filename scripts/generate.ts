/** `npm run generate`: openapi/openapi.json from the rows of a running server, README's settings from `config.ts`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { settingsTable } from './settings-table.ts'

const path = (file: string): URL => new URL(`../${file}`, import.meta.url)

const data = mkdtempSync(join(tmpdir(), 'chancery-generate-'))
const app = await startApp(
  readConfig([], { CHANCERY_DATA: data, CHANCERY_LISTEN: '127.0.0.1:0', CHANCERY_LOG_LEVEL: 'error' }),
)
try {
  const document: unknown = await (await fetch(`${app.url}/v1/sys/internal/specs/openapi`)).json()
  writeFileSync(path('openapi/openapi.json'), `${JSON.stringify(document, null, 1)}\n`)
} finally {
  await app.close()
  rmSync(data, { recursive: true })
}

const readme = readFileSync(path('README.md'), 'utf8')
const table = await settingsTable()
const between = /(?<=<!-- settings -->\n)[\s\S]*?(?=<!-- end of settings -->)/
writeFileSync(
  path('README.md'),
  readme.replace(between, () => `\n${table}\n`),
)
