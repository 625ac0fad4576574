/** What the operations of the engine are given; each names the part that it uses. */
import type { Barrier } from '../seal/barrier.ts'
import type { Cache } from '../store/cache.ts'
import type { CertificateRecord } from '../store/certificates.ts'
import type { Changes } from '../store/changes.ts'
import type { Db } from '../store/database.ts'
import type { GroupCommit } from '../store/group-commit.ts'
import type { LoadedIssuer } from './issuers/load-issuer.ts'
import type { Role } from './roles/schema.ts'

export interface PkiDeps {
  db: Db
  changes: Changes
  barrier: Barrier
  /** Resolves when a certificate's row is durable. */
  certificates: Pick<GroupCommit<CertificateRecord>, 'add'>
  /** By mount and name. */
  roles: Cache<Role>
  /** By mount and reference. */
  issuers: Cache<LoadedIssuer>
}
