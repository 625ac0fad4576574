import { readFileSync } from 'node:fs'
import t from 'tap'
import { settingsTable } from '../../scripts/settings-table.ts'
import { send, startServer } from '../support/server.ts'

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

t.test('openapi/openapi.json is what the server serves; `npm run generate` writes it', async (t) => {
  const { url } = await startServer(t)
  const { status, json } = await send(`${url}/v1/sys/internal/specs/openapi`, 'GET', undefined, {})
  t.equal(status, 200)
  t.strictSame(JSON.parse(file('openapi/openapi.json')), json)
})

t.test('README shows the settings that there are; `npm run generate` writes them', async (t) => {
  t.ok(file('README.md').includes(await settingsTable()), 'the table is up to date')
})
