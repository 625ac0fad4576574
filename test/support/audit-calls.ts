/** Calls to audit, and a folder to write to. */
import { createSecretKey, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditRequest, AuditResponse } from '../../src/audit/entry.ts'
import { rootNamespace, type Caller, type Mount } from '../../src/route.ts'

export const start = new Date('2026-01-02T03:04:05.678Z')

/** Cannot be mistaken for anything that the log has by right. */
export const canary = (): string => `canary-${randomBytes(12).toString('hex')}`

export const temporaryFolder = (t: { teardown(work: () => void): void }): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'chancery-audit-')))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** HMAC the slow and obvious way. */
export const hmacOf = (key: Uint8Array, text: string | Uint8Array): string =>
  `hmac-sha256:${createHmac('sha256', createSecretKey(key)).update(text).digest('hex')}`

export const pkiMount: Mount = {
  uuid: '6f4a1d0e-2f1b-4c58-9d3a-0c2d8f2f7b11',
  namespace: 'root',
  path: 'pki/',
  class: 'secret',
  type: 'pki',
  accessor: 'pki_1a2b3c4d',
  defaultLeaseTtl: 2_764_800,
  maxLeaseTtl: 2_764_800,
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
}

export const caller = (changes: Partial<Caller> = {}): Caller => ({
  tokenHash: randomBytes(32),
  accessor: canary(),
  displayName: 'token-web',
  policies: ['default', 'web'],
  tokenPolicies: ['default', 'web'],
  tokenType: 'service',
  entityId: '',
  meta: null,
  isRoot: false,
  tokenTtl: 1200,
  issuedAt: start,
  ...changes,
})

export const auditRequest = (changes: Partial<AuditRequest> = {}): AuditRequest => ({
  time: start,
  id: randomUUID(),
  operation: 'update',
  namespace: rootNamespace,
  mount: pkiMount,
  path: 'pki/issue/web',
  data: { common_name: 'web.example' },
  clientToken: canary(),
  caller: caller(),
  policyResults: { allowed: true, grantingPolicies: [{ name: 'web', namespace: rootNamespace, type: 'acl' }] },
  remoteAddress: '10.0.0.5',
  remotePort: 51_000,
  ...changes,
})

export const auditResponse = (changes: Partial<AuditResponse> = {}): AuditResponse => ({ time: start, ...changes })

export interface Line {
  time: string
  type: 'request' | 'response'
  auth: Record<string, unknown>
  request: Record<string, unknown> & { id: string; path: string; data?: Record<string, unknown> }
  response?: Record<string, unknown> & { data?: Record<string, unknown> }
  error?: string
}

/** @throws when a line is no JSON, or the last one has no end */
export const linesOf = (file: string): Line[] => {
  const text = readFileSync(file, 'utf8')
  if (text === '') return []
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}
