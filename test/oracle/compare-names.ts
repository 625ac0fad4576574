/**
 * The table of names against another Vault-compatible server:
 *
 *   node test/oracle/compare-names.ts --peer http://127.0.0.1:8200 --peer-token TOKEN
 *
 * Exits 1 when the peer says something else than the table says of it.
 */
import { parseArgs } from 'node:util'
import { columns, rows } from '../pki/issuance/names-table.ts'
import { send } from '../support/server.ts'

const { values: flags } = parseArgs({ options: { peer: { type: 'string' }, 'peer-token': { type: 'string' } } })
const { peer, 'peer-token': token } = flags
if (!peer || !token) {
  console.error('usage: compare-names.ts --peer URL --peer-token TOKEN')
  process.exit(2)
}

const mount = 'oracle-names-table'
const call = (method: string, path: string, body?: object) =>
  send(`${peer}/v1/${path}`, method, body && JSON.stringify(body), { 'X-Vault-Token': token })

const verdict = async (role: string, common_name: string): Promise<string> => {
  const { status, errors } = await call('POST', `${mount}/issue/${role}`, { common_name })
  if (status === 200) return '+'
  return errors.join().includes('idna: ') ? 'i' : errors.join().includes('not allowed by this role') ? '-' : '?'
}

let differences = 0
await call('DELETE', `sys/mounts/${mount}`)
await call('POST', `sys/mounts/${mount}`, { type: 'pki' })
await call('POST', `${mount}/root/generate/internal`, { common_name: 'Root', key_type: 'ec' })
for (const [index, [, rules]] of columns.entries()) {
  const role = { allowed_domains: ['example.com'], key_type: 'ec', ttl: '1h', ...rules }
  await call('POST', `${mount}/roles/column-${index}`, role)
}
for (const row of rows) {
  const found: string[] = []
  for (const index of columns.keys()) found.push(await verdict(`column-${index}`, row.name))
  const wanted = row.peer?.verdicts ?? row.verdicts
  if (found.join('') === wanted) continue
  differences++
  console.log(`${JSON.stringify(row.name)}\n    peer ${found.join('')}\n    table ${wanted}`)
}
await call('DELETE', `sys/mounts/${mount}`)
console.log(`${rows.length * columns.length} verdicts, ${differences} names with another verdict than the table's`)
process.exitCode = differences === 0 ? 0 : 1
