/**
 * Every setting, in one table: README's is generated from it, the command line flags follow from it, and nothing else
 * in the tree reads `process.env`.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'

/** A setting that stops the start. One line, names the setting, never shows a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

interface Setting {
  readonly help: string
  readonly type: z.ZodType
  /** What an empty environment gives. README prints it. */
  readonly fallback?: string
  /** Has no flag (other users read a process's arguments); may come as a file by NAME_FILE. */
  readonly secret?: true
}

const text = z.string().min(1)
const toggle = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1')

/** `host:port`, `[::1]:8200`, `:8200` (every address). */
const address = z.string().transform((value, context) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'expected host:port' })
    return z.NEVER
  }
  return { host: match[1] ?? (match[2] || '::'), port }
})

const databaseUrl = z.string().regex(/^postgres(ql)?:\/\//, 'expected a URL that begins with postgres://')

export const settings = {
  CHANCERY_LISTEN: {
    help: 'Address and port to listen on. Beyond loopback it takes TLS, or CHANCERY_TLS_DISABLE.',
    type: address,
    fallback: '127.0.0.1:8200',
  },
  CHANCERY_DATA: {
    help: 'Folder of the embedded store, the seal key, the first root token and the audit files.',
    type: text,
    fallback: './data',
  },
  CHANCERY_DATABASE_URL: {
    help: 'Postgres to use instead of the embedded store. Needed for more than one replica.',
    type: databaseUrl,
    secret: true,
  },
  CHANCERY_DATABASE_DIRECT_URL: {
    help: 'The same Postgres past its transaction pooler, for LISTEN and locks. Default: CHANCERY_DATABASE_URL.',
    type: databaseUrl,
    secret: true,
  },
  CHANCERY_SEAL: {
    help: '`file` unseals by itself from the key file; `shamir` waits for sys/init and sys/unseal.',
    type: z.enum(['file', 'shamir']),
    fallback: 'file',
  },
  CHANCERY_SEAL_KEY_FILE: {
    help: 'The key file of the `file` seal, mode 0600; the same file for every replica.',
    type: text,
    fallback: '$CHANCERY_DATA/seal.key',
  },
  CHANCERY_ROOT_TOKEN: {
    help: 'The root token that the first initialisation makes, instead of a random one. Ignored afterwards.',
    type: z
      .string()
      .regex(/^[\x21-\x7e]{12,256}$/, 'expected 12 to 256 printable characters')
      .refine((value) => !/^(hvs\.|hvb\.|s\.|b\.)/.test(value) && !value.includes('.'), 'must hold no dot'),
    secret: true,
  },
  CHANCERY_AUDIT_DIRS: {
    help: 'Folders, separated by colons, where audit files may be written; compared after links are resolved.',
    type: z.string().transform((value) => value.split(':').filter((part) => part !== '')),
    fallback: '$CHANCERY_DATA/audit',
  },
  CHANCERY_TLS_CERT: { help: 'Certificate chain (PEM file) to serve HTTPS with; read again on SIGHUP.', type: text },
  CHANCERY_TLS_KEY: { help: 'Its private key (PEM file); read again on SIGHUP.', type: text },
  CHANCERY_TLS_CLIENT_CA: {
    help: 'CA certificates (PEM file) that client certificates are checked against; a client may do without one.',
    type: text,
  },
  CHANCERY_TLS_DISABLE: {
    help: 'Serve plain HTTP beyond loopback: only behind a proxy that ends TLS.',
    type: toggle,
    fallback: 'false',
  },
  CHANCERY_API_ADDR: { help: 'The URL under which clients reach this server, for sys/leader.', type: z.url() },
  CHANCERY_UNAUTHENTICATED_KEY_OPERATIONS: {
    help: 'Open sys/generate-root and sys/rekey to calls without a token, as Vault does; the key shares still decide.',
    type: toggle,
    fallback: 'false',
  },
  CHANCERY_LOG_LEVEL: {
    help: 'How much to log, on standard error: fatal, error, warn, info, debug, trace or silent.',
    type: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    fallback: 'info',
  },
} as const satisfies Record<string, Setting>

type Name = keyof typeof settings

/** The name of a setting's flag (`--tls-cert`), or `undefined` for a secret. */
export const flagOf = (name: Name): string | undefined => {
  const setting: Setting = settings[name]
  return setting.secret ? undefined : `--${name.slice('CHANCERY_'.length).toLowerCase().replaceAll('_', '-')}`
}

export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  /** Absolute. */
  readonly data: string
  readonly databaseUrl: string | undefined
  readonly databaseDirectUrl: string | undefined
  readonly seal: 'file' | 'shamir'
  readonly sealKeyFile: string
  readonly rootToken: string | undefined
  readonly auditDirs: readonly string[]
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | undefined } | undefined
  readonly apiAddr: string | undefined
  readonly unauthenticatedKeyOperations: boolean
  readonly logLevel: string
}

const fromFile = (name: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`${name}_FILE: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
  }
}

const flagsFrom = (args: readonly string[]): Map<string, string> => {
  const names = new Map(
    (Object.keys(settings) as Name[]).flatMap((name) => {
      const flag = flagOf(name)
      return flag ? [[flag, name] as const] : []
    }),
  )
  const given = new Map<string, string>()
  for (let at = 0; at < args.length; at++) {
    const [flag = '', inline] = (args[at] ?? '').split(/=(.*)/s, 2)
    const name = names.get(flag)
    if (!name) throw new ConfigError(`${flag}: no such flag; the flags are ${[...names.keys()].join(', ')}`)
    const value = inline ?? args[++at]
    if (value === undefined) throw new ConfigError(`${flag}: a value is missing`)
    given.set(name, value)
  }
  return given
}

/** Does the environment variable name a setting, or the file of a secret one? */
const isSetting = (name: string): boolean => {
  const secret: Setting | undefined = settings[name.replace(/_FILE$/, '') as Name]
  return name in settings || (name.endsWith('_FILE') && secret?.secret === true)
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host)

/**
 * Reads every setting; a flag wins over the environment. Secrets are deleted from `env` once read, so that no child
 * process and no later dump of the environment has them.
 * @throws ConfigError one line that names the setting
 */
export const readConfig = (args: readonly string[], env: NodeJS.ProcessEnv): Config => {
  const flags = flagsFrom(args)
  const raw = (name: Name): string | undefined => {
    const setting: Setting = settings[name]
    const inline = flags.get(name) ?? env[name]
    const file = setting.secret ? env[`${name}_FILE`] : undefined
    if (setting.secret) {
      delete env[name]
      delete env[`${name}_FILE`]
    }
    if (inline && file) throw new ConfigError(`${name}: set it or ${name}_FILE, not both`)
    return (file ? fromFile(name, file) : inline) || setting.fallback
  }
  const read = <N extends Name>(name: N): z.output<(typeof settings)[N]['type']> | undefined => {
    const value = raw(name)
    if (value === undefined) return undefined
    const parsed = settings[name].type.safeParse(value)
    if (parsed.success) return parsed.data as z.output<(typeof settings)[N]['type']>
    const setting: Setting = settings[name]
    const shown = setting.secret ? '' : ` ${JSON.stringify(value)}:`
    throw new ConfigError(`${name}:${shown} ${parsed.error.issues.map((issue) => issue.message).join('; ')}`)
  }

  for (const name of Object.keys(env)) {
    if (name.startsWith('CHANCERY_') && !isSetting(name)) throw new ConfigError(`${name}: no such setting`)
  }

  const data = resolve(read('CHANCERY_DATA') ?? '')
  const inData = (path: string): string => resolve(path.replace(/^\$CHANCERY_DATA(?=\/|$)/, () => join(data)))
  const listen = read('CHANCERY_LISTEN') ?? { host: '127.0.0.1', port: 8200 }
  const cert = read('CHANCERY_TLS_CERT')
  const key = read('CHANCERY_TLS_KEY')
  const clientCa = read('CHANCERY_TLS_CLIENT_CA')
  if (cert && !key) throw new ConfigError('CHANCERY_TLS_KEY: needed beside CHANCERY_TLS_CERT')
  if (key && !cert) throw new ConfigError('CHANCERY_TLS_CERT: needed beside CHANCERY_TLS_KEY')
  if (clientCa && !cert) throw new ConfigError('CHANCERY_TLS_CLIENT_CA: needs CHANCERY_TLS_CERT and CHANCERY_TLS_KEY')
  if (!cert && !read('CHANCERY_TLS_DISABLE') && !isLoopback(listen.host)) {
    throw new ConfigError(
      'CHANCERY_LISTEN: beyond loopback needs CHANCERY_TLS_CERT and CHANCERY_TLS_KEY, or CHANCERY_TLS_DISABLE=true',
    )
  }
  const databaseUrlGiven = read('CHANCERY_DATABASE_URL')
  const databaseDirectUrl = read('CHANCERY_DATABASE_DIRECT_URL')
  if (databaseDirectUrl && !databaseUrlGiven) {
    throw new ConfigError('CHANCERY_DATABASE_DIRECT_URL: needs CHANCERY_DATABASE_URL')
  }
  return {
    listen,
    data,
    databaseUrl: databaseUrlGiven,
    databaseDirectUrl: databaseDirectUrl ?? databaseUrlGiven,
    seal: read('CHANCERY_SEAL') ?? 'file',
    sealKeyFile: inData(read('CHANCERY_SEAL_KEY_FILE') ?? ''),
    rootToken: read('CHANCERY_ROOT_TOKEN'),
    auditDirs: (read('CHANCERY_AUDIT_DIRS') ?? []).map(inData),
    tls: cert && key ? { cert, key, clientCa } : undefined,
    apiAddr: read('CHANCERY_API_ADDR'),
    unauthenticatedKeyOperations: read('CHANCERY_UNAUTHENTICATED_KEY_OPERATIONS') ?? false,
    logLevel: read('CHANCERY_LOG_LEVEL') ?? 'info',
  }
}
