import { invalidRequest } from '../../errors.ts'
import type { AuthReply } from '../../route.ts'
import type { Changes } from '../../store/changes.ts'
import { findToken, renewToken } from '../../store/tokens.ts'
import { authReply } from './create.ts'
import { calculateTtl } from './ttl.ts'

/**
 * Renews a token, from now on for `increment` seconds (0: the mount's default; a periodic token: its period).
 * @param id shown in the answer; empty where only the accessor may be known
 * @throws invalid request: not renewable, past its maximum, or gone
 */
export const renew = async (
  changes: Changes,
  request: { hash: Uint8Array; id: string; increment: number; defaultTtl: number; maxTtl: number },
  warn: (text: string) => void,
): Promise<AuthReply> =>
  changes.transaction(async (tx, changed) => {
    const token = await findToken(tx, request.hash)
    const now = changes.now()
    if (!token || (token.line_expires_at && token.line_expires_at <= now)) throw invalidRequest('token not found')
    // Vault finds no lease on a root token that never expires.
    if (!token.expires_at) throw invalidRequest('invalid lease ID')
    if (!token.renewable) throw invalidRequest('lease is not renewable')
    const { seconds, warnings } = calculateTtl({
      increment: request.increment,
      period: token.period,
      explicitMaxTtl: token.explicit_max_ttl,
      defaultTtl: request.defaultTtl,
      maxTtl: request.maxTtl,
      issuedAt: token.created_at,
      now,
    })
    warnings.forEach(warn)
    await renewToken(tx, token.hash, new Date(now.getTime() + seconds * 1000), now)
    // Everything of the topic: its children live as long as their line of parents does.
    changed('token')
    return authReply(token, request.id, seconds)
  })
