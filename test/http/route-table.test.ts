/**
 * Which rows answer without a token and which need sudo, written out: a row that joins either list does so in a diff
 * that somebody reads (CVE-2023-0665, CVE-2026-5807). And the server does what the table says.
 */
import t from 'tap'
import { describedRows } from '../support/rows.ts'
import { startServer } from '../support/server.ts'

const publicRows = [
  'GET sys/health',
  'GET sys/init',
  'GET sys/internal/specs/openapi',
  'GET sys/internal/ui/mounts',
  'GET sys/internal/ui/mounts/{path}',
  'GET sys/leader',
  'GET sys/seal-status',
  'GET {pki_mount_path}/ca',
  'GET {pki_mount_path}/ca/pem',
  'GET {pki_mount_path}/ca_chain',
  'GET {pki_mount_path}/cert/ca',
  'GET {pki_mount_path}/cert/ca/raw',
  'GET {pki_mount_path}/cert/ca/raw/pem',
  'GET {pki_mount_path}/cert/ca_chain',
  'GET {pki_mount_path}/cert/crl',
  'GET {pki_mount_path}/cert/{serial}',
  'GET {pki_mount_path}/cert/{serial}/raw',
  'GET {pki_mount_path}/cert/{serial}/raw/pem',
  'GET {pki_mount_path}/crl',
  'GET {pki_mount_path}/crl/pem',
  'GET {pki_mount_path}/issuer/{issuer_ref}/crl',
  'GET {pki_mount_path}/issuer/{issuer_ref}/crl/der',
  'GET {pki_mount_path}/issuer/{issuer_ref}/crl/pem',
  'GET {pki_mount_path}/issuer/{issuer_ref}/der',
  'GET {pki_mount_path}/issuer/{issuer_ref}/json',
  'GET {pki_mount_path}/issuer/{issuer_ref}/pem',
  'LIST {pki_mount_path}/issuers/',
  // The only two that change anything: what they ask for is a secret of its own, or there is nothing yet to protect.
  'POST sys/init',
  'POST sys/unseal',
]

const sudoRows = [
  'DELETE sys/audit/{path}',
  'DELETE sys/generate-root/attempt',
  'DELETE sys/rekey/init',
  'DELETE sys/rekey/verify',
  'GET sys/audit',
  'GET sys/auth/{path}',
  'GET sys/auth/{path}/tune',
  'GET sys/generate-root/attempt',
  'GET sys/rekey/init',
  'GET sys/rekey/verify',
  'POST auth/token/create-orphan',
  'POST sys/audit/{path}',
  'POST sys/auth/{path}/tune',
  'POST sys/generate-root/attempt',
  'POST sys/generate-root/update',
  'POST sys/rekey/init',
  'POST sys/rekey/update',
  'POST sys/rekey/verify',
  'POST sys/remount',
  'POST sys/rotate',
  'POST sys/rotate/keyring',
  'POST sys/seal',
]

t.test('the rows that are public, the rows that need sudo, and no others', async (t) => {
  const server = await startServer(t)
  const rows = await describedRows(server)
  const named = (chosen: typeof rows): string[] => chosen.map(({ method, path }) => `${method} ${path}`).sort()
  t.strictSame(named(rows.filter((row) => row.public)), publicRows)
  t.strictSame(named(rows.filter((row) => row.sudo)), sudoRows)
  t.strictSame(named(rows.filter((row) => row.public && row.sudo)), [])

  await server.call('POST', 'sys/mounts/pki', { type: 'pki' })
  const tokenOf = async (name: string, policy: string): Promise<string> => {
    await server.call('PUT', `sys/policies/acl/${name}`, { policy })
    const { json } = await server.call('POST', 'auth/token/create', { policies: [name], no_default_policy: true })
    return (json['auth'] as { client_token: string }).client_token
  }
  const powerless = await tokenOf('powerless', '# nothing')
  const everything = 'capabilities = ["create", "read", "update", "patch", "delete", "list"]'
  const withoutSudo = await tokenOf('without-sudo', `path "*" { ${everything} }`)
  const status = async ({ method, path, bodyType }: (typeof rows)[number], token: string | null): Promise<number> => {
    const target = path.replace('{pki_mount_path}', 'pki').replace(/\{\w+\}/g, 'some')
    const headers = { 'Content-Type': bodyType }
    return (
      await server.call(method, target, method === 'POST' || method === 'PATCH' ? {} : undefined, { token, headers })
    ).status
  }

  for (const row of rows.filter((each) => !each.public)) {
    t.equal(await status(row, null), 403, `${row.method} ${row.path} without a token`)
    t.equal(await status(row, 'hvs.unknown'), 403, `${row.method} ${row.path} with a token that nobody made`)
    t.equal(await status(row, powerless), 403, `${row.method} ${row.path} without a policy`)
    if (row.sudo) t.equal(await status(row, withoutSudo), 403, `${row.method} ${row.path} without sudo`)
  }
})
