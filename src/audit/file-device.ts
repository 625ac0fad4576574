/** A device of type `file`: makes the records, and appends them to its file (or to standard output, or to nothing). */
import type { Writable } from 'node:stream'
import { AuditFile } from './audit-file.ts'
import type { AuditRequest, AuditResponse } from './entry.ts'
import type { FileOptions } from './file-options.ts'
import { makeHmac } from './hmac.ts'
import { LineBatch } from './line-batch.ts'
import { discardOutput, streamOutput, type Output } from './output.ts'
import { callMembers, requestLine, responseLine, type RecordFormat } from './record.ts'

export interface FileSurroundings {
  /** CHANCERY_AUDIT_DIRS, absolute. */
  readonly folders: readonly string[]
  /** Where the path `stdout` leads. */
  readonly stdout: Writable
}

const outputOf = ({ path, mode }: FileOptions, { folders, stdout }: FileSurroundings): Output => {
  if (path === 'stdout') return streamOutput(stdout)
  if (path === 'discard') return discardOutput()
  return new AuditFile({ path, mode, folders })
}

/** Opens nothing before the first entry. Failures are the entry's: the next one tries again. */
export class FileDevice {
  readonly #format: RecordFormat
  readonly #output: Output
  readonly #lines: LineBatch
  /** A request is in the record of its reply once more. */
  readonly #members = new WeakMap<AuditRequest, string>()
  #closed = false

  /** `hmacKey` is copied. */
  constructor(options: FileOptions, hmacKey: Uint8Array, surroundings: FileSurroundings) {
    const { hmacAccessor, elideListResponses } = options
    this.#format = { hmac: makeHmac(hmacKey), hmacAccessor, elideListResponses }
    this.#output = outputOf(options, surroundings)
    this.#lines = new LineBatch(this.#output)
  }

  /** Resolves when the kernel has the line; rejects when the device did not take it. */
  async logRequest(request: AuditRequest): Promise<void> {
    return this.#append(requestLine(request, this.#membersOf(request)))
  }

  /** Resolves when the kernel has the line; rejects when the device did not take it. */
  async logResponse(request: AuditRequest, response: AuditResponse): Promise<void> {
    return this.#append(responseLine(request, this.#membersOf(request), response, this.#format))
  }

  /** What the log shows in the place of `text`. */
  hash(text: string): string {
    return this.#format.hmac(text)
  }

  /** After a log rotation. @throws when the file cannot be opened; the next entry tries again */
  reopen(): void {
    this.#lines.flush()
    this.#output.reopen()
  }

  /** Writes what waits. Nothing is accepted afterwards. */
  close(): void {
    this.#lines.flush()
    this.#closed = true
    this.#output.close()
  }

  #append(line: string): Promise<void> {
    if (this.#closed) throw new Error('the audit device is closed')
    return this.#lines.append(line)
  }

  #membersOf(request: AuditRequest): string {
    let members = this.#members.get(request)
    if (members === undefined) this.#members.set(request, (members = callMembers(request, this.#format)))
    return members
  }
}
