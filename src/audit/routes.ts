/** `sys/audit`, `sys/audit-hash`: which audit devices there are, and what their logs show for a text. */
import { z } from 'zod'
import { invalidRequest } from '../errors.ts'
import { capture, text } from '../fields.ts'
import { route, type Route } from '../route.ts'
import type { AuditDevices } from './devices.ts'
import { devicePath, disableDevice, enableDevice, type ManageDeps } from './manage.ts'
import { deviceReply, enableFields, hashReply } from './schema.ts'

export interface AuditRoutesDeps extends ManageDeps {
  readonly devices: AuditDevices
}

const pathField = capture('Path of the device; a trailing slash makes no difference.')

export const auditRoutes = (deps: AuditRoutesDeps): Route[] => [
  route({
    verb: 'read',
    path: 'audit',
    help: 'List the audit devices that are enabled.',
    sudo: true,
    rootNamespaceOnly: true,
    alsoAtTop: true,
    fields: {},
    reply: z.record(z.string(), deviceReply),
    run: async () => {
      const records = await deps.devices.list()
      const shown = records.map(({ path, type, description, options, local }) => [
        path,
        { path, type, description, options, local },
      ])
      return { data: Object.fromEntries(shown) as Record<string, unknown> }
    },
  }),
  route({
    verb: 'write',
    path: 'audit/:path*',
    help: 'Enable an audit device. One that does not take a first entry is refused.',
    sudo: true,
    rootNamespaceOnly: true,
    fields: { path: pathField, ...enableFields },
    run: async (call) => {
      const { path, type, description, options, local } = call.input
      await enableDevice(deps, {
        path,
        type: type ?? '',
        description: description ?? '',
        options: options ?? {},
        local: local ?? false,
      })
      return undefined
    },
  }),
  route({
    verb: 'delete',
    path: 'audit/:path*',
    help: 'Disable an audit device. What it has written stays.',
    sudo: true,
    rootNamespaceOnly: true,
    fields: { path: pathField },
    run: async (call) => {
      await disableDevice(deps, call.input.path)
      return undefined
    },
  }),
  route({
    verb: 'write',
    path: 'audit-hash/:path*',
    help: "Read what a device's log shows in the place of a text.",
    rootNamespaceOnly: true,
    alsoAtTop: true,
    fields: { path: pathField, input: text('The text.') },
    reply: hashReply,
    run: async (call) => {
      if (!call.input.input) throw invalidRequest('the "input" parameter is empty')
      const path = devicePath(call.input.path)
      const hash = await deps.devices.hash(path, call.input.input)
      if (hash === undefined) throw invalidRequest(`unknown audit backend ${JSON.stringify(path)}`)
      return { data: { hash } }
    },
  }),
]
