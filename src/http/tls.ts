/**
 * HTTPS: certificate, key and client CAs from files, read again when asked to. Connections that are open keep what
 * they began with.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls'
import { ConfigError } from '../config.ts'
import type { Log } from './error-reply.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
}

const read = (setting: string, path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ConfigError(`${setting}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
  }
}

/** OpenSSL takes a file without any certificate, and would then trust none. */
const readCa = (path: string): Buffer => {
  const ca = read('CHANCERY_TLS_CLIENT_CA', path)
  try {
    new X509Certificate(ca)
  } catch {
    throw new ConfigError(`CHANCERY_TLS_CLIENT_CA: ${path}: not a certificate`)
  }
  return ca
}

/**
 * Reads the files and lets OpenSSL check that they are what they should be and belong together.
 * @throws ConfigError one line, with no part of a key
 */
export const readTls = (files: TlsFiles): SecureContextOptions => {
  const context: SecureContextOptions = {
    cert: read('CHANCERY_TLS_CERT', files.cert),
    key: read('CHANCERY_TLS_KEY', files.key),
    minVersion: 'TLSv1.2',
  }
  if (files.clientCa) context.ca = readCa(files.clientCa)
  try {
    createSecureContext(context)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'not usable'
    throw new ConfigError(`CHANCERY_TLS_CERT, CHANCERY_TLS_KEY: ${files.cert} with ${files.key}: ${reason}`)
  }
  return context
}

/**
 * Reads the files again, for new connections. If they cannot be used the old ones stay, with a line in the log.
 * @returns whether the new ones are in use
 */
export const reloadTls = (server: Server, files: TlsFiles, log: Log): boolean => {
  try {
    server.setSecureContext(readTls(files))
  } catch (error) {
    log.error({ reason: error instanceof Error ? error.message : String(error) }, 'TLS files not reloaded')
    return false
  }
  log.info({ cert: files.cert }, 'TLS files reloaded')
  return true
}
