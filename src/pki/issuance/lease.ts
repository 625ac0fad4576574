/** The lease that a certificate comes with when its role says so: revoking the one revokes the other. */
import { randomBase62 } from '../../access/tokens/create.ts'
import type { Call } from '../../route.ts'

/** Vault's form: the path that was called, and 24 characters that nobody guesses. */
export const newLeaseId = ({ mount, path }: Pick<Call, 'mount' | 'path'>): string =>
  `${mount.path}${path}/${randomBase62(24)}`
