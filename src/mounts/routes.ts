/** `sys/mounts`, `sys/auth`, `sys/remount`: what is mounted, and changing it. */
import { z } from 'zod'
import { ChanceryError, invalidRequest } from '../errors.ts'
import { capture, text } from '../fields.ts'
import { route, type Call, type Reply, type Route } from '../route.ts'
import type { Db } from '../store/database.ts'
import { findMountMove, type MountRecord } from '../store/mounts.ts'
import { effectiveMount, fullPath, withoutOuterSlashes } from './mount.ts'
import { disableMount, enableMount, remount, tuneMount, type MountDeps } from './manage.ts'
import { enableFields, mountConfigInput, mountReply, tuneFields, tuneReply } from './schema.ts'
import type { MountTable } from './table.ts'

export interface MountRoutesDeps extends MountDeps {
  db: Db
  table: MountTable
  /** May this caller do anything at all below the path? For the listings that hide what a caller cannot use. */
  canReach: (call: Call, path: string) => Promise<boolean>
}

/** The mount as Vault shows it. */
const describe = (record: MountRecord) => ({
  accessor: record.accessor,
  config: record.config,
  deprecation_status: 'supported',
  description: record.description,
  external_entropy_access: record.external_entropy_access,
  local: record.local,
  options: record.options,
  plugin_version: '',
  running_plugin_version: '',
  running_sha256: '',
  seal_wrap: record.seal_wrap,
  type: record.type,
  uuid: record.uuid,
})

/** To a caller without a token, where the mount is open to see at all: no accessor, no settings (Vault). */
const describeToAnyone = ({ description, options, type }: MountRecord) => ({ description, options, type })

const mapped = (
  records: readonly MountRecord[],
  kind: 'secret' | 'auth',
  shown: (record: MountRecord) => Record<string, unknown> = describe,
) =>
  Object.fromEntries(
    records.filter((record) => record.class === kind).map((record) => [record.path, shown(record)] as const),
  )

const mountPathHelp = 'Path of the mount, without the trailing slash.'

export const mountRoutes = (deps: MountRoutesDeps): Route[] => {
  const find = async (call: Call, path: string): Promise<MountRecord | undefined> =>
    (await deps.table.records(call.namespace)).find((record) => fullPath(record) === `${withoutOuterSlashes(path)}/`)

  const readTune = async (call: Call, path: string): Promise<Reply> => {
    const record = await find(call, path)
    if (!record) throw invalidRequest(`cannot fetch sysview for path "${withoutOuterSlashes(path)}/"`)
    const { defaultLeaseTtl, maxLeaseTtl } = effectiveMount(record)
    return {
      data: {
        ...record.config,
        default_lease_ttl: defaultLeaseTtl,
        max_lease_ttl: maxLeaseTtl,
        description: record.description,
        ...(record.options && { options: record.options }),
        ...(record.class === 'auth' && { token_type: 'default-service' }),
      },
    }
  }

  return [
    route({
      verb: 'read',
      path: 'mounts',
      help: 'List the secrets engines that are mounted.',
      alsoAtTop: true,
      fields: {},
      reply: z.record(z.string(), mountReply),
      run: async (call) => ({ data: mapped(await deps.table.records(call.namespace), 'secret') }),
    }),
    route({
      verb: 'read',
      path: 'mounts/:path*/tune',
      help: 'Read the tunable settings of a mount, with the TTLs that are in force (seconds).',
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp) },
      reply: tuneReply,
      run: (call) => readTune(call, call.input.path),
    }),
    route({
      verb: 'write',
      path: 'mounts/:path*/tune',
      help: 'Change the tunable settings of a mount; what is not sent stays.',
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp), ...tuneFields },
      run: async (call) => {
        const { path, ...tune } = call.input
        await tuneMount(deps, call.namespace, withoutOuterSlashes(path), tune)
        return undefined
      },
    }),
    route({
      verb: 'read',
      path: 'mounts/:path*',
      help: 'Read one mount.',
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp) },
      reply: mountReply,
      run: async (call) => {
        const record = await find(call, call.input.path)
        if (!record) throw invalidRequest(`No secret engine mount at ${withoutOuterSlashes(call.input.path)}/`)
        return { data: describe(record) }
      },
    }),
    route({
      verb: 'write',
      path: 'mounts/:path*',
      help: 'Mount a secrets engine.',
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp), ...enableFields },
      run: async (call) => {
        const { path, type, description, options, local, seal_wrap, external_entropy_access } = call.input
        const config = mountConfigInput.safeParse(call.input.config ?? {})
        if (!config.success) {
          const [issue] = config.error.issues
          throw invalidRequest(`config.${String(issue?.path[0])}: ${issue?.message ?? 'invalid'}`)
        }
        await enableMount(deps, call.namespace, {
          path,
          type,
          description,
          config: config.data,
          options: options && Object.keys(options).length > 0 ? options : null,
          local: local ?? false,
          seal_wrap: seal_wrap ?? false,
          external_entropy_access: external_entropy_access ?? false,
        })
        return undefined
      },
    }),
    route({
      verb: 'delete',
      path: 'mounts/:path*',
      help: 'Unmount a secrets engine and delete everything in it.',
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp) },
      run: async (call) => {
        await disableMount(deps, call.namespace, withoutOuterSlashes(call.input.path))
        return undefined
      },
    }),
    route({
      verb: 'read',
      path: 'auth',
      help: 'List the auth methods that are mounted.',
      alsoAtTop: true,
      fields: {},
      reply: z.record(z.string(), mountReply),
      run: async (call) => ({ data: mapped(await deps.table.records(call.namespace), 'auth') }),
    }),
    route({
      verb: 'read',
      path: 'auth/:path*/tune',
      help: 'Read the tunable settings of an auth method, with the TTLs that are in force (seconds).',
      sudo: true,
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp) },
      reply: tuneReply,
      run: (call) => readTune(call, `auth/${call.input.path}`),
    }),
    route({
      verb: 'write',
      path: 'auth/:path*/tune',
      help: 'Change the tunable settings of an auth method; what is not sent stays.',
      sudo: true,
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp), ...tuneFields },
      run: async (call) => {
        const { path, ...tune } = call.input
        await tuneMount(deps, call.namespace, `auth/${withoutOuterSlashes(path)}`, tune)
        return undefined
      },
    }),
    route({
      verb: 'read',
      path: 'auth/:path*',
      help: 'Read one auth method.',
      sudo: true,
      alsoAtTop: true,
      fields: { path: capture(mountPathHelp) },
      reply: mountReply,
      run: async (call) => {
        const record = await find(call, `auth/${call.input.path}`)
        if (!record) throw invalidRequest(`No auth engine at ${withoutOuterSlashes(call.input.path)}/`)
        return { data: describe(record) }
      },
    }),
    route({
      verb: 'write',
      path: 'remount',
      help: 'Move a mount to another path. It is done when this answers.',
      sudo: true,
      alsoAtTop: true,
      fields: { from: text('The path the mount has.'), to: text('The path it gets.') },
      reply: z.object({ migration_id: z.string() }),
      run: async (call) => {
        const { from, to } = call.input
        if (!from || !to) throw invalidRequest('both "from" and "to" path must be specified as a string')
        return { data: { migration_id: await remount(deps, call.namespace, from, to) } }
      },
    }),
    route({
      verb: 'read',
      path: 'remount/status/:migration_id',
      help: 'Read how a move went.',
      fields: { migration_id: capture('What the move answered.') },
      reply: z.object({
        migration_id: z.string(),
        migration_info: z.object({ source_mount: z.string(), target_mount: z.string(), status: z.string() }),
      }),
      run: async (call) => {
        const move = await findMountMove(deps.db, call.namespace.id, call.input.migration_id)
        if (!move) return undefined
        const { id, source_mount, target_mount } = move
        return { data: { migration_id: id, migration_info: { source_mount, target_mount, status: 'success' } } }
      },
    }),
    route({
      verb: 'read',
      path: 'internal/ui/mounts',
      help: 'List the mounts that the caller may use, or that are open to see without a token.',
      public: true,
      fields: {},
      reply: z.object({ secret: z.record(z.string(), mountReply), auth: z.record(z.string(), mountReply) }),
      run: async (call) => {
        const shown: MountRecord[] = []
        for (const record of await deps.table.records(call.namespace)) {
          const open = record.config.listing_visibility === 'unauth'
          if (open || (call.caller && (await deps.canReach(call, fullPath(record))))) shown.push(record)
        }
        const form = call.caller ? describe : describeToAnyone
        return { data: { secret: mapped(shown, 'secret', form), auth: mapped(shown, 'auth', form) } }
      },
    }),
    route({
      verb: 'read',
      path: 'internal/ui/mounts/:path*',
      help: 'Read the mount that a path lies in.',
      public: true,
      fields: { path: capture('A path in the mount.') },
      reply: mountReply.extend({ path: z.string() }),
      run: async (call) => {
        const path = call.input.path.replace(/^\/+/, '')
        const resolved = await deps.table.resolve(call.namespace, path)
        // The same answer for a mount that is not there and for one that the caller may not know of.
        if (!call.caller || !resolved || !(await deps.canReach(call, fullPath(resolved.mount)))) {
          throw new ChanceryError(
            'permission denied',
            `preflight capability check returned 403, please ensure client's policies grant access to path "${withoutOuterSlashes(path)}/"`,
          )
        }
        const record = await find(call, fullPath(resolved.mount))
        return record && { data: { ...describe(record), path: fullPath(record) } }
      },
    }),
  ]
}
