/** Enable and disable devices: load, decide, try, record. */
import { randomBytes, randomUUID } from 'node:crypto'
import { ChanceryError, invalidRequest } from '../errors.ts'
import { rootNamespace } from '../route.ts'
import type { Barrier } from '../seal/barrier.ts'
import { deleteAuditDevice, insertAuditDevice, listAuditDevices, lockAuditDevices } from '../store/audit-devices.ts'
import type { Changes } from '../store/changes.ts'
import { hmacKeyPlace } from './devices.ts'
import { FileDevice, type FileSurroundings } from './file-device.ts'
import { fileOptions, type FileOptions } from './file-options.ts'
import { newHmacKey } from './hmac.ts'

export interface ManageDeps extends FileSurroundings {
  readonly changes: Changes
  readonly barrier: Barrier
}

export interface EnableDeviceRequest {
  readonly path: string
  readonly type: string
  readonly description: string
  readonly options: Readonly<Record<string, string>>
  readonly local: boolean
}

/** With one trailing slash, and no leading one. @throws invalid request: nothing left, or what no path can hold */
export const devicePath = (path: string): string => {
  const trimmed = path.replace(/^\/+|\/+$/g, '')
  if (trimmed === '') throw invalidRequest('audit device path must be specified')
  if (trimmed.length > 200 || /[^\x21-\x7e]/.test(trimmed)) {
    throw invalidRequest('audit device path must have at most 200 printable characters')
  }
  return `${trimmed}/`
}

/**
 * Writes one entry, as Vault does. A device that cannot take it would, as the only one, refuse every call from its
 * first moment, the one that disables it too.
 */
const tryDevice = async (options: FileOptions, key: Uint8Array, deps: ManageDeps): Promise<void> => {
  const device = new FileDevice(options, key, deps)
  try {
    await device.logRequest({
      time: deps.changes.now(),
      id: randomUUID(),
      operation: 'update',
      namespace: rootNamespace,
      mount: undefined,
      path: 'sys/audit/test',
      data: undefined,
      clientToken: undefined,
      caller: undefined,
      policyResults: undefined,
      remoteAddress: '',
      remotePort: undefined,
    })
  } catch (error) {
    if (error instanceof ChanceryError) throw error
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw invalidRequest(`audit backend failed test message: cannot write to ${JSON.stringify(options.path)}: ${code}`)
  } finally {
    device.close()
  }
}

/** @throws invalid request: unknown type, wrong options, a path in use, or a device that does not take an entry */
export const enableDevice = async (deps: ManageDeps, request: EnableDeviceRequest): Promise<void> => {
  const path = devicePath(request.path)
  if (request.type !== 'file') throw invalidRequest(`unknown backend type: ${JSON.stringify(request.type)}`)
  const options = fileOptions(request.options)
  const key = newHmacKey()
  await deps.changes.transaction(async (tx, changed) => {
    await lockAuditDevices(tx)
    const others = await listAuditDevices(tx, rootNamespace.id)
    if (others.some((other) => other.path.startsWith(path) || path.startsWith(other.path))) {
      throw invalidRequest('path already in use')
    }
    await tryDevice(options, key, deps)
    const home = { namespace: rootNamespace.id, path }
    const device = {
      ...home,
      type: request.type,
      description: request.description,
      options: request.options,
      local: request.local,
      accessor: `audit_${request.type}_${randomBytes(4).toString('hex')}`,
      hmac_key: deps.barrier.encrypt(hmacKeyPlace(home), key),
    }
    await insertAuditDevice(tx, device, deps.changes.now())
    changed('audit', rootNamespace.id)
  })
}

/** Its file stays. A device that is not there is no error. */
export const disableDevice = async (deps: ManageDeps, path: string): Promise<void> => {
  const home = devicePath(path)
  await deps.changes.transaction(async (tx, changed) => {
    await deleteAuditDevice(tx, rootNamespace.id, home)
    changed('audit', rootNamespace.id)
  })
}
