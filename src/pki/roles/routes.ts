/** `roles`, `roles/:name`: what may be issued, and to whose names. */
import { route, type Route } from '../../route.ts'
import { listRoleNames } from '../../store/pki-roles.ts'
import type { PkiDeps } from '../deps.ts'
import { loadRole, mergeRole, removeRole, replaceRole } from './manage-role.ts'
import { namesReply, roleCaptures, roleFields, roleReply } from './schema.ts'

export const roleRoutes = (deps: PkiDeps): Route[] => [
  route({
    verb: 'list',
    path: 'roles',
    help: 'List the names of the roles.',
    fields: {},
    reply: namesReply,
    run: async (call) => ({ data: { keys: await listRoleNames(deps.db, call.mount.uuid) } }),
  }),
  route({
    verb: 'read',
    path: 'roles/:name',
    help: 'Read a role, every field of it.',
    fields: roleCaptures,
    reply: roleReply,
    run: async (call) => {
      const role = await loadRole(deps, call.mount, call.input.name)
      return role && { data: { ...role } }
    },
  }),
  route({
    verb: 'write',
    path: 'roles/:name',
    help: 'Create a role, or replace it: a field that is not sent gets its default.',
    fields: { ...roleCaptures, ...roleFields },
    reply: roleReply,
    run: async (call) => {
      const { role, warnings } = await replaceRole(deps, call.mount, call.input.name, call.input)
      for (const warning of warnings) call.warn(warning)
      return { data: { ...role } }
    },
  }),
  route({
    verb: 'patch',
    path: 'roles/:name',
    help: 'Change the fields of a role that are sent.',
    fields: { ...roleCaptures, ...roleFields },
    reply: roleReply,
    run: async (call) => {
      const { role, warnings } = await mergeRole(deps, call.mount, call.input.name, call.input)
      for (const warning of warnings) call.warn(warning)
      return { data: { ...role } }
    },
  }),
  route({
    verb: 'delete',
    path: 'roles/:name',
    help: 'Delete a role. What it issued stays.',
    fields: roleCaptures,
    run: async (call) => {
      await removeRole(deps, call.mount, call.input.name)
      return undefined
    },
  }),
]
