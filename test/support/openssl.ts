/** The real openssl: what it says of what we wrote. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Options {
  /** Goes to its standard input. */
  input?: string | Uint8Array
}

/**
 * Runs openssl and returns its standard output.
 * @throws Error with its standard error when it exits with another status than 0
 */
export const openssl = (args: readonly string[], { input = '' }: Options = {}): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.once('error', reject)
    child.once('close', (status) => {
      if (status === 0) resolve(Buffer.concat(out))
      else reject(new Error(`openssl ${args.join(' ')}: ${Buffer.concat([...out, ...err]).toString()}`))
    })
    // It may end before it has read everything: that is no error of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })

/** The same, as text. */
export const opensslText = async (args: readonly string[], options: Options = {}): Promise<string> =>
  (await openssl(args, options)).toString()

/** Calls `use` with the paths of files that hold the given contents, and removes them afterwards. */
export const withFiles = async <Name extends string, T>(
  contents: Record<Name, string | Uint8Array>,
  use: (paths: Record<Name, string>) => Promise<T>,
): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-openssl-'))
  try {
    const paths = {} as Record<Name, string>
    for (const name of Object.keys(contents) as Name[]) {
      paths[name] = join(folder, name)
      writeFileSync(paths[name], contents[name], { mode: 0o600 })
    }
    return await use(paths)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** `openssl verify -x509_strict` of a chain, PEM: `leaf` last. @throws Error with what it finds wrong */
export const opensslVerify = (root: string, leaf: string, extra: readonly string[] = []): Promise<string> =>
  withFiles({ root, leaf }, (paths) =>
    opensslText(['verify', '-x509_strict', '-check_ss_sig', '-CAfile', paths.root, ...extra, paths.leaf]),
  )
