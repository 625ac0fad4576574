/** Making tokens: the root token of an initialisation, and children of a token. */
import { randomBytes } from 'node:crypto'
import { invalidRequest } from '../../errors.ts'
import type { AuthReply, Caller } from '../../route.ts'
import type { Changes } from '../../store/changes.ts'
import type { Tx } from '../../store/database.ts'
import { findToken, insertToken, lockToken, type TokenRecord } from '../../store/tokens.ts'
import { normalisePolicyName } from '../policies/name.ts'
import type { TokenHasher } from './hash.ts'
import { calculateTtl } from './ttl.ts'

const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** `length` characters of base62, each drawn evenly. */
export const randomBase62 = (length: number): string => {
  let text = ''
  while (text.length < length) {
    // 248 is the largest multiple of 62 that fits a byte; what lies above would favour the first letters.
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += base62[byte % 62]
  }
  return text
}

/** A service token's id: 24 random base62 characters, 142 bits, behind Vault's prefix. */
export const newTokenId = (): string => `hvs.${randomBase62(24)}`

export const newAccessor = (): string => randomBase62(24)

const plainToken = (
  given: Pick<TokenRecord, 'hash' | 'namespace' | 'policies' | 'path' | 'display_name' | 'created_at'> &
    Partial<TokenRecord>,
): TokenRecord => ({
  accessor: newAccessor(),
  parent: null,
  meta: null,
  num_uses: 0,
  type: 'service',
  creation_ttl: 0,
  explicit_max_ttl: 0,
  period: 0,
  renewable: false,
  orphan: true,
  role: null,
  entity_id: '',
  bound_cidrs: [],
  expires_at: null,
  renewed_at: null,
  ...given,
})

/**
 * A root token that never expires, in a transaction of the caller's: `sys/init` and `sys/generate-root`.
 * @returns the token's id, which is nowhere else
 */
export const createRootToken = async (
  tx: Tx,
  { hasher, now, id = newTokenId() }: { hasher: TokenHasher; now: Date; id?: string | undefined },
): Promise<string> => {
  await insertToken(
    tx,
    plainToken({
      hash: hasher.hash(id),
      namespace: 'root',
      policies: ['root'],
      path: 'auth/token/root',
      display_name: 'root',
      created_at: now,
    }),
  )
  return id
}

/** The most that the column holds. */
const mostUses = 2_147_483_647

/** The fields of `auth/token/create`, decoded. TTLs in seconds, 0 or absent for unset. */
export interface CreateRequest {
  id?: string | undefined
  policies?: string[] | undefined
  meta?: Record<string, string> | undefined
  no_parent?: boolean | undefined
  no_default_policy?: boolean | undefined
  renewable?: boolean | undefined
  ttl?: number | undefined
  explicit_max_ttl?: number | undefined
  period?: number | undefined
  display_name?: string | undefined
  num_uses?: number | undefined
  type?: string | undefined
  entity_alias?: string | undefined
}

export interface CreateContext {
  caller: Caller
  /** Has the caller `sudo` on the path? Then the subset rule does not bind it, and it may make orphans. */
  sudo: boolean
  namespace: string
  path: string
  defaultTtl: number
  maxTtl: number
  policyExists: (name: string) => Promise<boolean>
  warn: (text: string) => void
}

const normalise = (names: readonly string[]): string[] => {
  const clean = [...new Set(names.map(normalisePolicyName).filter((name) => name !== ''))].sort()
  // Compared after normalising, so that ` Root` is no way around.
  return clean.includes('root') ? ['root'] : clean
}

/**
 * Which policies a child gets (Vault): none asked for inherits the parent's; without sudo only a subset of them, and
 * `default` only where the parent has it; `no_default_policy` takes it away in every case.
 * @throws invalid request
 */
export const childPolicies = (
  request: Pick<CreateRequest, 'policies' | 'no_default_policy'>,
  parent: Pick<Caller, 'tokenPolicies' | 'isRoot'>,
  sudo: boolean,
): string[] => {
  const asked = normalise(request.policies ?? [])
  const held = normalise(parent.tokenPolicies)
  if (asked.length > 0 && !sudo && asked.some((name) => !held.includes(name))) {
    throw invalidRequest('child policies must be subset of parent')
  }
  const addsDefault = asked.length > 0 && (sudo || held.includes('default'))
  const given = normalise([...(asked.length > 0 ? asked : held), ...(addsDefault ? ['default'] : [])])
  const policies = request.no_default_policy ? given.filter((name) => name !== 'default') : given
  if (policies.includes('response-wrapping')) throw invalidRequest('cannot assign policy "response-wrapping"')
  if (policies.includes('root') && !parent.isRoot) {
    throw invalidRequest('root tokens may not be created without parent token being root')
  }
  return policies
}

/**
 * Makes a child (or an orphan) of the caller's token.
 * @returns the `auth` block of the answer; its `client_token` is nowhere else
 * @throws invalid request, in Vault's words
 */
export const createToken = async (
  deps: { changes: Changes; hasher: TokenHasher },
  request: CreateRequest,
  context: CreateContext,
): Promise<AuthReply> => {
  const { caller, sudo } = context
  const now = deps.changes.now()
  if (!['', 'default', 'service'].includes(request.type ?? '')) throw invalidRequest("invalid 'token_type' value")
  if (request.entity_alias) throw invalidRequest("'entity_alias' is only allowed in combination with token role")
  if (request.id) checkChosenId(request.id, sudo)
  if (request.no_parent && !sudo) throw invalidRequest('root or sudo privileges required to create orphan token')
  if ((request.period ?? 0) > 0 && !sudo) {
    throw invalidRequest('root or sudo privileges required to create periodic token')
  }
  if ((request.num_uses ?? 0) < 0) throw invalidRequest('number of uses cannot be negative')
  if ((request.num_uses ?? 0) > mostUses) throw invalidRequest(`number of uses cannot exceed ${mostUses}`)
  const policies = childPolicies(request, caller, sudo)
  const isRoot = policies.includes('root')
  for (const name of policies) {
    if (name !== 'root' && !(await context.policyExists(name))) context.warn(`Policy "${name}" does not exist`)
  }

  const period = request.period ?? 0
  const explicitMaxTtl = request.explicit_max_ttl ?? 0
  const asked = request.ttl ?? 0
  if (isRoot && caller.tokenTtl > 0 && asked === 0) {
    throw invalidRequest('expiring root tokens cannot create non-expiring root tokens')
  }
  let seconds = 0
  if (!isRoot || asked > 0 || period > 0 || explicitMaxTtl > 0) {
    const ttl = calculateTtl({
      increment: asked,
      period,
      explicitMaxTtl,
      defaultTtl: context.defaultTtl,
      maxTtl: context.maxTtl,
      issuedAt: now,
      now,
    })
    ttl.warnings.forEach(context.warn)
    seconds = ttl.seconds
  }

  const id = request.id || newTokenId()
  const token = plainToken({
    hash: deps.hasher.hash(id),
    namespace: context.namespace,
    parent: request.no_parent ? null : caller.tokenHash,
    policies,
    path: context.path,
    meta: request.meta && Object.keys(request.meta).length > 0 ? request.meta : null,
    display_name: displayName(request.display_name),
    num_uses: request.num_uses ?? 0,
    creation_ttl: seconds,
    explicit_max_ttl: explicitMaxTtl,
    period,
    renewable: seconds > 0 && (request.renewable ?? true),
    orphan: request.no_parent ?? false,
    entity_id: request.no_parent ? '' : caller.entityId,
    created_at: now,
    expires_at: seconds > 0 ? new Date(now.getTime() + seconds * 1000) : null,
  })
  await deps.changes.transaction(async (tx) => {
    if (token.parent && !(await lockToken(tx, token.parent))) throw invalidRequest('parent token lookup failed')
    const parent = await findToken(tx, caller.tokenHash)
    if (!parent) throw invalidRequest('parent token lookup failed')
    // A token that it makes would have the uses that it was not given; an orphan as well.
    if (parent.num_uses !== 0) throw invalidRequest('restricted use token cannot generate child tokens')
    if (request.id && (await findToken(tx, token.hash)))
      throw invalidRequest('cannot create a token with a duplicate ID')
    await insertToken(tx, token)
  })
  return authReply(token, id, seconds)
}

const checkChosenId = (id: string, sudo: boolean): void => {
  if (!sudo) throw invalidRequest('root or sudo privileges required to specify token id')
  if (id.includes('.')) throw invalidRequest("cannot create a token with an ID containing the '.' character")
  if (!/^[\x21-\x7e]{1,256}$/.test(id)) throw invalidRequest('token id must be 1 to 256 printable characters')
}

// The look-behind keeps it linear: a run of dashes is tried from its first one only.
const displayName = (given: string | undefined): string =>
  given ? `token-${given.replace(/[^a-zA-Z0-9-]+/g, '-').replace(/^-+|(?<!-)-+$/g, '')}` : 'token'

/** Vault's `auth` block for a token. `id` is empty where only the accessor may be known. */
export const authReply = (token: TokenRecord, id: string, leaseSeconds: number): AuthReply => ({
  client_token: id,
  accessor: token.accessor,
  policies: token.policies,
  token_policies: token.policies,
  metadata: token.meta,
  lease_duration: leaseSeconds,
  renewable: token.renewable,
  entity_id: token.entity_id,
  token_type: token.type,
  orphan: token.orphan,
  mfa_requirement: null,
  num_uses: token.num_uses,
})
