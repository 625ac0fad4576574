/**
 * Where an audit file may lie. Whoever may enable a device must not thereby be able to write wherever the server can:
 * that was the way to code execution in CVE-2025-6000.
 */
import { mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { invalidRequest } from '../errors.ts'

const realOrNone = (path: string): string | undefined => {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

/**
 * The path to open for `path`, its folder free of links; the last part is the caller's to open without following one.
 * `folders` are CHANCERY_AUDIT_DIRS, absolute. One of them that is not there yet is made, for the owner alone;
 * no folder below them is.
 * @throws invalid request: outside of the folders, with the setting's name
 */
export const allowedAuditPath = (path: string, folders: readonly string[]): string => {
  if (/[\x00-\x1f\x7f]/.test(path)) throw invalidRequest('file_path contains control characters')
  const absolute = resolve(path)
  const folder = dirname(absolute)
  if (folders.includes(folder)) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw invalidRequest(
        `cannot make the audit folder ${folder}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`,
      )
    }
  }
  const real = realOrNone(folder)
  const allowed = folders.map(realOrNone).some((own) => own !== undefined && real !== undefined && contains(own, real))
  if (!allowed || real === undefined) {
    throw invalidRequest(
      `file_path ${JSON.stringify(path)} is not in an existing folder of CHANCERY_AUDIT_DIRS (${folders.join(':')})`,
    )
  }
  return join(real, basename(absolute))
}
