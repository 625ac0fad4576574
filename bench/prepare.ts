/** What the load needs on a server, ours or a peer: audit, a root, two roles, a policy and a token that has it. */
import { execFileSync } from 'node:child_process'

/** A P-256 CSR, made by openssl. */
export const newCsr = (commonName: string): string =>
  execFileSync(
    'openssl',
    [
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '/dev/null',
      '-subj',
      `/CN=${commonName}`,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )

const policy = `
path "pki/issue/*" { capabilities = ["create", "update"] }
path "pki/sign/*" { capabilities = ["create", "update"] }
path "pki/cert/*" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
`

const role = { allowed_domains: 'example.com', allow_subdomains: true, key_type: 'ec', key_bits: 256, ttl: '1h' }

/**
 * @param auditFile where to write the audit log; a peer keeps the devices that it has
 * @returns a token that may issue and sign
 */
export const prepare = async (base: string, rootToken: string, auditFile: string | undefined): Promise<string> => {
  const call = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${base}/${path}`, {
      method,
      headers: { 'X-Vault-Token': rootToken },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${base}/${path}: ${response.status} ${text}`)
    return text ? (JSON.parse(text) as Record<string, unknown>) : {}
  }
  if (auditFile) await call('PUT', 'sys/audit/file', { type: 'file', options: { file_path: auditFile } })
  await call('POST', 'sys/mounts/pki', { type: 'pki', config: { max_lease_ttl: '87600h' } })
  await call('POST', 'pki/root/generate/internal', { common_name: 'Bench Root', key_type: 'ec', ttl: '87600h' })
  await call('POST', 'pki/roles/stored', { ...role, no_store: false })
  await call('POST', 'pki/roles/unstored', { ...role, no_store: true })
  await call('PUT', 'sys/policies/acl/bench', { policy })
  const { auth } = await call('POST', 'auth/token/create', { policies: ['bench'], ttl: '12h' })
  return String((auth as { client_token: string }).client_token)
}
