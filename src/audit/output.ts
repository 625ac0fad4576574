/** Where a device's lines go. */
import type { Writable } from 'node:stream'

export interface Output {
  /** Takes whole lines. Returns, or resolves, when the kernel has them. */
  write(lines: string): void | Promise<void>
  /** After a log rotation. */
  reopen(): void
  close(): void
}

/** Vault's `discard`: accepts everything and keeps nothing. */
export const discardOutput = (): Output => ({ write: () => {}, reopen: () => {}, close: () => {} })

/** Vault's `stdout`. The stream stays open: it is not ours. */
export const streamOutput = (stream: Writable): Output => {
  // A reader that went away (EPIPE) is reported to the write that met it; without a listener it would end the process.
  const alreadyReported = (): void => {}
  stream.on('error', alreadyReported)
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(lines, (error) => (error ? reject(error) : resolve()))
      }),
    reopen: () => {},
    close: () => void stream.off('error', alreadyReported),
  }
}
