/** Reading and writing roles. */
import { invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import { deleteRole, findRole, lockRole, writeRole } from '../../store/pki-roles.ts'
import type { Tx } from '../../store/database.ts'
import type { Changed } from '../../store/changes.ts'
import type { PkiDeps } from '../deps.ts'
import { findIssuerByReference } from '../issuers/resolve-issuer.ts'
import { completeRole, roleDefaults, roleOf } from './role.ts'
import type { Role, RoleRequest } from './schema.ts'

/** The role, from the cache where it may be used; `undefined` when there is none. */
export const loadRole = async (
  { db, roles }: Pick<PkiDeps, 'db' | 'roles'>,
  mount: Mount,
  name: string,
): Promise<Role | undefined> => {
  const key = [mount.uuid, name]
  return (
    roles.peek(key) ??
    roles.get(key, async () => {
      const document = await findRole(db, mount.uuid, name)
      return document && roleOf(document)
    })
  )
}

interface Written {
  role: Role
  warnings: string[]
}

const unresolvedIssuer = (reference: string): string =>
  reference === 'default'
    ? 'Issuing Certificate was set to default, but no default issuing certificate (configurable at /config/issuers) is currently set'
    : `Issuing Certificate was set to ${reference} but no issuing certificate currently has that name`

const leaseWarnings = (role: Role, asked: boolean | undefined): string[] => {
  if (role.no_store && asked) {
    return [
      'mutually exclusive values no_store=true and generate_lease=true were both specified; no_store=true takes priority',
    ]
  }
  if (!role.generate_lease) return []
  return [
    "it is encouraged to disable generate_lease and rely on PKI's native capabilities when possible; this option can cause instance-wide issues with large numbers of issued certificates",
  ]
}

interface Asked {
  mount: Mount
  name: string
  role: Role
  /** Of `generate_lease`, before the rest of the role had its say. */
  lease: boolean | undefined
}

const store = async (tx: Tx, changed: Changed, { mount, name, role, lease }: Asked, now: Date): Promise<Written> => {
  await writeRole(tx, { mount: mount.uuid, namespace: mount.namespace, name, document: { ...role } }, now)
  changed('role', mount.uuid, name)
  const issuer = await findIssuerByReference(tx, mount, role.issuer_ref)
  return {
    role,
    warnings: [...leaseWarnings(role, lease), ...(issuer ? [] : [unresolvedIssuer(role.issuer_ref)])],
  }
}

/** Puts a role of this request and the defaults where `name` is. @throws ChanceryError for a role that could not issue */
export const replaceRole = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  name: string,
  request: RoleRequest,
): Promise<Written> => {
  const role = completeRole(roleDefaults, request)
  const asked = { mount, name, role, lease: request.generate_lease }
  return changes.transaction((tx, changed) => store(tx, changed, asked, changes.now()))
}

/** Changes what the request names. @throws ChanceryError for a role that is not there, or could not issue then */
export const mergeRole = async (
  { changes }: Pick<PkiDeps, 'changes'>,
  mount: Mount,
  name: string,
  request: RoleRequest,
): Promise<Written> =>
  changes.transaction(async (tx, changed) => {
    const document = await lockRole(tx, mount.uuid, name)
    if (!document) throw invalidRequest('Unable to fetch role entry to patch')
    const before = roleOf(document)
    const role = completeRole(before, request)
    const lease = request.generate_lease ?? before.generate_lease
    return store(tx, changed, { mount, name, role, lease }, changes.now())
  })

export const removeRole = async ({ changes }: Pick<PkiDeps, 'changes'>, mount: Mount, name: string): Promise<void> =>
  changes.transaction(async (tx, changed) => {
    await deleteRole(tx, mount.uuid, name)
    changed('role', mount.uuid, name)
  })
