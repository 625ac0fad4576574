/** CAs that openssl made: what operators bring along. */
import { join } from 'node:path'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { openssl, withFiles } from './openssl.ts'

export interface BroughtCa {
  /** PEM, both. */
  readonly certificate: string
  readonly key: string
}

const inFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-ca-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const caExtensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']

/** `key` in OpenSSL's words: `rsa:2048`, `ed25519`, or a curve by name. */
export const makeKey = (key: string): Promise<string> =>
  inFolder(async (folder) => {
    const out = join(folder, 'key')
    const [type, bits] = key.split(':')
    const options =
      type === 'rsa'
        ? ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits ?? '2048'}`]
        : type === 'ed25519'
          ? ['-algorithm', 'ED25519']
          : ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${key}`]
    await openssl(['genpkey', ...options, '-out', out])
    return readFileSync(out, 'utf8')
  })

/** Signs itself, unless a `parent` does. */
export const makeCa = async (
  commonName: string,
  options: { key?: string; parent?: BroughtCa; extensions?: readonly string[] } = {},
): Promise<BroughtCa> => {
  const key = options.key ?? (await makeKey('P-256'))
  const extensions = (options.extensions ?? caExtensions).flatMap((extension) => ['-addext', extension])
  const common = ['req', '-x509', '-subj', `/CN=${commonName}`, '-days', '90', ...extensions]
  const { parent } = options
  return withFiles(
    { key, ...(parent && { parentKey: parent.key, parent: parent.certificate }) },
    async ({ key: keyFile, ...files }: Record<string, string>) => {
      const signer = parent ? ['-CA', files['parent'] ?? '', '-CAkey', files['parentKey'] ?? ''] : []
      const certificate = await openssl([...common, '-key', keyFile ?? '', ...signer])
      return { certificate: certificate.toString(), key }
    },
  )
}
