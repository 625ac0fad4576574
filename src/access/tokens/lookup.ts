/** A token as `lookup` shows it (Vault, token store). */
import type { TokenRecord } from '../../store/tokens.ts'

/** Vault prints times with nanoseconds. */
const rfc3339Nano = (time: Date): string => time.toISOString().replace(/(\.\d{3})Z$/, '$1000000Z')

const unixSeconds = (time: Date): number => Math.floor(time.getTime() / 1000)

export const describeToken = (token: TokenRecord, id: string, now: Date): Record<string, unknown> => ({
  id,
  accessor: token.accessor,
  policies: token.policies,
  path: token.path,
  meta: token.meta,
  display_name: token.display_name,
  num_uses: token.num_uses,
  orphan: token.orphan,
  creation_time: unixSeconds(token.created_at),
  creation_ttl: token.creation_ttl,
  expire_time: token.expires_at && rfc3339Nano(token.expires_at),
  ttl: token.expires_at ? Math.max(0, Math.floor((token.expires_at.getTime() - now.getTime()) / 1000)) : 0,
  explicit_max_ttl: token.explicit_max_ttl,
  entity_id: token.entity_id,
  type: token.type,
  ...(token.period > 0 && { period: token.period }),
  ...(token.role !== null && { role: token.role }),
  ...(token.bound_cidrs.length > 0 && { bound_cidrs: token.bound_cidrs }),
  // A root token that never expires has no lease, and then Vault leaves these out.
  ...(token.expires_at && { issue_time: rfc3339Nano(token.created_at), renewable: token.renewable }),
  ...(token.renewed_at && {
    last_renewal: rfc3339Nano(token.renewed_at),
    last_renewal_time: unixSeconds(token.renewed_at),
  }),
})
