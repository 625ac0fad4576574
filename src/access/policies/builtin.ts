/** The policies that a namespace has from its first moment. */
import type { Tx } from '../../store/database.ts'
import { upsertPolicy } from '../../store/policies.ts'
import { defaultPolicyName } from './name.ts'

/** What every token may do for itself, unless it was made without it. Operators may change it, not delete it. */
export const defaultPolicy = `# See what this token is, and for how long.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

# Keep it alive.
path "auth/token/renew-self" {
  capabilities = ["update"]
}

# Give it up.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# Ask what it may do at a path.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
`

/** In the transaction that makes the namespace, or the database. `root` needs no row. */
export const insertBuiltInPolicies = (tx: Tx, namespace: string, now: Date): Promise<void> =>
  upsertPolicy(tx, { namespace, name: defaultPolicyName, text: defaultPolicy, modified_at: now })
