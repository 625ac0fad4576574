/** What the `options` of a file device may say. Pure. */
import { invalidRequest } from '../errors.ts'
import { parseBool } from '../fields.ts'

export interface FileOptions {
  /** A path, `stdout` or `discard`. */
  readonly path: string
  /** Permission bits; `undefined` leaves the file's own. */
  readonly mode: number | undefined
  readonly hmacAccessor: boolean
  readonly elideListResponses: boolean
}

const known = ['file_path', 'path', 'mode', 'format', 'hmac_accessor', 'elide_list_responses', 'log_raw', 'prefix']

const flag = (options: Readonly<Record<string, string>>, name: string, fallback: boolean): boolean => {
  const value = options[name]
  if (value === undefined) return fallback
  const parsed = value === '' ? undefined : parseBool(value)
  if (parsed === undefined) {
    throw invalidRequest(`${name}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`)
  }
  return parsed
}

/** Octal text. An execute bit is dropped, as Vault does: a log that could be run was half of CVE-2025-6000. */
const fileMode = (text: string | undefined): number | undefined => {
  if (text === undefined) return 0o600
  const mode = /^(0o)?[0-7]{1,5}$/.test(text) ? Number.parseInt(text.replace('0o', ''), 8) : -1
  if (mode === 0) return undefined
  if (mode < 0 || mode > 0o777) throw invalidRequest(`mode: ${JSON.stringify(text)} is no file mode, such as 0600`)
  if ((mode & 0o600) !== 0o600) throw invalidRequest('mode: the owner must be able to read and write the file')
  return mode & 0o666
}

/** @throws invalid request: an option that is missing, wrong, unknown, or that would write secrets in the clear */
export const fileOptions = (options: Readonly<Record<string, string>>): FileOptions => {
  const path = options['file_path'] ?? options['path']
  if (!path) throw invalidRequest('file_path is required')
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw invalidRequest(`unknown option ${JSON.stringify(name)}: a file audit device has ${known.join(', ')}`)
    }
  }
  if ((options['format'] ?? 'json') !== 'json') {
    throw invalidRequest(`unknown format type ${JSON.stringify(options['format'])}: only json is supported`)
  }
  if (flag(options, 'log_raw', false))
    throw invalidRequest('log_raw is not supported: it would log secrets in the clear')
  if (options['prefix']) throw invalidRequest('audit log prefixing is not allowed')
  const special = ['stdout', 'discard'].find((name) => name === path.toLowerCase())
  return {
    path: special ?? path,
    mode: fileMode(options['mode']),
    hmacAccessor: flag(options, 'hmac_accessor', true),
    elideListResponses: flag(options, 'elide_list_responses', false),
  }
}
