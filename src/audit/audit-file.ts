/**
 * One audit file, open for appending. Not open is a normal state: it is opened by the first write, and again by the
 * first write after a failure or a rotation.
 */
import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { invalidRequest } from '../errors.ts'
import { allowedAuditPath } from './allowed-path.ts'
import type { Output } from './output.ts'

export interface AuditFilePlace {
  readonly path: string
  /** Permission bits; `undefined` leaves those of a file that is there, and makes a new one 0600. */
  readonly mode: number | undefined
  /** CHANCERY_AUDIT_DIRS, absolute. */
  readonly folders: readonly string[]
}

const newline = 0x0a

// O_NONBLOCK: opening a pipe must not wait for its reader. It is refused right after.
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

const endsMidLine = (descriptor: number, size: number): boolean => {
  if (size === 0) return false
  const last = Buffer.alloc(1)
  readSync(descriptor, last, 0, 1, size - 1)
  return last[0] !== newline
}

export class AuditFile implements Output {
  readonly #place: AuditFilePlace
  #descriptor: number | undefined
  /** The last writer was stopped in the middle of a line: the next write ends it first. */
  #midLine = false

  constructor(place: AuditFilePlace) {
    this.#place = place
  }

  /**
   * Appends whole lines, and returns when the kernel has all of them.
   *
   * Synchronous on purpose: a write into the page cache takes microseconds, while an asynchronous one would wait in
   * libuv's thread pool behind every RSA key that is being generated there. A disk that hangs would hold up every
   * audited call in either case.
   * @throws when the kernel took less. What it took may stay in the file.
   */
  write(lines: string): void {
    const descriptor = (this.#descriptor ??= this.#open())
    const bytes = Buffer.from(this.#midLine ? `\n${lines}` : lines)
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
      this.#midLine = false
    } catch (error) {
      // The next write opens it anew: the file may have been moved, or its disk mounted again.
      this.close()
      throw error
    }
  }

  /** For log rotation: from now on under the file's name again, whatever has become of the old file. */
  reopen(): void {
    this.close()
    this.#descriptor = this.#open()
  }

  close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor === undefined) return
    try {
      closeSync(descriptor)
    } catch {
      // The descriptor is gone whatever close says (close(2)), and what was answered has been written.
    }
  }

  #open(): number {
    const { path, mode, folders } = this.#place
    const descriptor = openSync(allowedAuditPath(path, folders), flags, mode ?? 0o600)
    try {
      const status = fstatSync(descriptor)
      if (!status.isFile()) throw invalidRequest(`file_path ${JSON.stringify(path)} is not a regular file`)
      if (mode !== undefined) fchmodSync(descriptor, mode)
      this.#midLine = endsMidLine(descriptor, status.size)
      return descriptor
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }
}
