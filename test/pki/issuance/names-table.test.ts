import t from 'tap'
import { planCertificate } from '../../../src/pki/issuance/plan.ts'
import { roleDefaults } from '../../../src/pki/roles/role.ts'
import { columns, refusalOf, rows } from './names-table.ts'

const now = new Date('2026-03-01T12:00:00Z')
const bounds = { defaultLeaseTtl: 3600, maxLeaseTtl: 3600 }

t.test('the table has at least 300 verdicts, one for each name and role', async (t) => {
  t.ok(rows.length * columns.length >= 300)
  for (const { name, verdicts } of rows) t.match(verdicts, new RegExp(`^[-+im]{${columns.length}}$`), name)
})

for (const [index, [column, flags]] of columns.entries()) {
  t.test(`common names under a role with ${column}`, async (t) => {
    const role = { ...roleDefaults, allowed_domains: ['example.com'], ...flags }
    const plan = (common_name: string) => planCertificate(now, role, { common_name }, undefined, bounds)
    for (const row of rows) {
      const message = refusalOf(row, index)
      const title = JSON.stringify(row.name)
      if (message === undefined) t.equal(plan(row.name).subject.commonName, row.name, title)
      else t.throws(() => plan(row.name), { kind: 'invalid request', message }, title)
    }
  })
}
