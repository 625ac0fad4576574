/** What a mount is made of, and the rules of its path and its tunables. Pure. */
import { randomBytes, randomUUID } from 'node:crypto'
import { invalidRequest } from '../errors.ts'
import { formatDuration, longestDuration, parseDuration } from '../fields.ts'
import type { Mount, MountConfig } from '../route.ts'
import type { MountRecord } from '../store/mounts.ts'

/** Vault's system default for both TTLs, in seconds: 768 h. */
export const systemLeaseTtl = 2_764_800

/** The record as the rest of the server sees it, TTLs resolved. */
export const effectiveMount = (record: MountRecord): Mount => ({
  uuid: record.uuid,
  namespace: record.namespace,
  path: record.path,
  class: record.class,
  type: record.type,
  accessor: record.accessor,
  maxLeaseTtl: record.config.max_lease_ttl || systemLeaseTtl,
  defaultLeaseTtl:
    record.config.default_lease_ttl || Math.min(systemLeaseTtl, record.config.max_lease_ttl || systemLeaseTtl),
  config: record.config,
})

/** The whole path below the namespace: `pki/`, `auth/token/`. */
export const fullPath = (mount: Pick<Mount, 'class' | 'path'>): string =>
  mount.class === 'auth' ? `auth/${mount.path}` : mount.path

export const newMount = (
  given: Pick<MountRecord, 'namespace' | 'class' | 'path' | 'type'> & Partial<MountRecord>,
): MountRecord => ({
  uuid: randomUUID(),
  accessor: `${given.class === 'auth' ? 'auth_' : ''}${given.type}_${randomBytes(4).toString('hex')}`,
  description: '',
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
  options: null,
  local: false,
  seal_wrap: false,
  external_entropy_access: false,
  ...given,
})

/** The mounts that every namespace has from its first moment. */
export const builtInMounts = (namespace: string): MountRecord[] => [
  newMount({
    namespace,
    class: 'secret',
    path: 'sys/',
    type: 'system',
    description: 'system endpoints used for control, policy and debugging',
    seal_wrap: true,
  }),
  newMount({ namespace, class: 'auth', path: 'token/', type: 'token', description: 'token based credentials' }),
]

const reserved = ['sys/', 'auth/', 'audit/', 'cubbyhole/', 'identity/']

/** The look-behind keeps it linear: a run of slashes is tried from its first one only. */
export const withoutOuterSlashes = (path: string): string => path.replace(/^\/+|(?<!\/)\/+$/g, '')

/**
 * A mount path as it was asked for, in its canonical form with one trailing slash.
 * @throws invalid request: a reserved path, or characters that no path of a request could hold
 */
export const mountPath = (path: string): string => {
  const trimmed = withoutOuterSlashes(path)
  if (trimmed === '' || trimmed.length > 200) throw invalidRequest('mount path must have 1 to 200 characters')
  if (/[^\x21-\x7e]|[*+%?#\\"'`<>{}]|\/\//.test(trimmed)) {
    throw invalidRequest(`mount path ${JSON.stringify(trimmed)} contains characters that a path cannot hold`)
  }
  // No path of a request has one, so nobody would ever get there.
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(trimmed)) throw invalidRequest('relative paths not supported')
  const clash = reserved.find((own) => `${trimmed}/`.startsWith(own))
  if (clash) throw invalidRequest(`cannot mount "${trimmed}/"`)
  return `${trimmed}/`
}

/** Vault's refusal of overlapping paths, or `undefined`. Both end in `/`. */
export const pathConflict = (path: string, existing: readonly string[]): string | undefined => {
  const above = existing.find((taken) => path.startsWith(taken))
  if (above !== undefined) return `path is already in use at ${above}`
  const below = existing.find((taken) => taken.startsWith(path))
  return below === undefined ? undefined : `existing mount at ${below}`
}

/** `undefined`: leave as it is. `""` and `0` on a new mount, `"system"` on tune: the system default, stored as 0. */
const ttlSetting = (name: string, value: unknown, whenEmpty: number | undefined): number | undefined => {
  if (value === undefined || value === null) return undefined
  if (value === 'system') return 0
  if (value === '') return whenEmpty
  const seconds = typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : undefined
  if (seconds === undefined || seconds < 0 || seconds > longestDuration) {
    throw invalidRequest(`unable to parse ${name} of ${JSON.stringify(value)}`)
  }
  return seconds
}

export interface MountConfigInput {
  default_lease_ttl?: unknown
  max_lease_ttl?: unknown
  force_no_cache?: boolean | undefined
  listing_visibility?: string | undefined
  audit_non_hmac_request_keys?: string[] | undefined
  audit_non_hmac_response_keys?: string[] | undefined
  passthrough_request_headers?: string[] | undefined
  allowed_response_headers?: string[] | undefined
}

const listFields = [
  'audit_non_hmac_request_keys',
  'audit_non_hmac_response_keys',
  'passthrough_request_headers',
  'allowed_response_headers',
] as const

/**
 * Merges what was sent into a mount's config: absent leaves, `[]` clears, TTLs as Vault's CLI sends them.
 * @throws invalid request, in Vault's words
 */
export const mergeMountConfig = (current: MountConfig, input: MountConfigInput, whenEmpty?: 0): MountConfig => {
  const merged: MountConfig = {
    ...current,
    default_lease_ttl: ttlSetting('default lease TTL', input.default_lease_ttl, whenEmpty) ?? current.default_lease_ttl,
    max_lease_ttl: ttlSetting('max lease TTL', input.max_lease_ttl, whenEmpty) ?? current.max_lease_ttl,
    force_no_cache: input.force_no_cache ?? current.force_no_cache,
  }
  for (const field of listFields) {
    const value = input[field]
    if (value === undefined) continue
    if (value.length === 0) delete merged[field]
    else merged[field] = value
  }
  if (input.listing_visibility !== undefined) {
    if (!['', 'hidden', 'unauth'].includes(input.listing_visibility)) {
      throw invalidRequest(`invalid listing_visibility option "${input.listing_visibility}"`)
    }
    merged.listing_visibility = input.listing_visibility
  }
  if (merged.max_lease_ttl > 0 && merged.default_lease_ttl > merged.max_lease_ttl) {
    throw invalidRequest('given default lease TTL greater than given max lease TTL')
  }
  if (merged.max_lease_ttl === 0 && merged.default_lease_ttl > systemLeaseTtl) {
    throw invalidRequest(
      `given default lease TTL greater than system max lease TTL of ${formatDuration(systemLeaseTtl)}`,
    )
  }
  return merged
}
