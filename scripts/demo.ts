/**
 * `npm run demo`: a server on scratch data walks the operating pattern as far as it is built, over HTTP, with nothing
 * but what a user has: requests, openssl and eyes. Exits non-zero if a step fails.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'chancery-demo-'))
const colour = process.stdout.isTTY
const paint = (code: number, text: string): string => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
const say = (text = ''): void => console.log(text)

let step = 0
const heading = (text: string): void => {
  say()
  say(paint(1, `${++step}. ${text}`))
}

const isToken = (name: string): boolean => name === 'client_token' || name === 'token'

/** One line for a long value, so that an answer fits a screen. */
const short = (value: unknown): unknown => {
  if (typeof value === 'string' && value.includes('-----BEGIN')) {
    const label = /-----BEGIN ([^-]+)-----/.exec(value)?.[1] ?? ''
    return `<${label}, ${value.length} characters>`
  }
  if (Array.isArray(value)) return value.map(short)
  if (typeof value === 'object' && value !== null) {
    const shown = Object.entries(value).map(([name, item]) => [name, isToken(name) ? '<token>' : short(item)])
    return Object.fromEntries(shown)
  }
  return value
}

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

interface Answer {
  status: number
  data: Record<string, unknown>
  text: string
}

const walk = async (url: string, rootToken: string): Promise<void> => {
  const call = async (
    method: string,
    path: string,
    { body, token = rootToken, expect = 200 }: { body?: object; token?: string; expect?: number } = {},
  ): Promise<Answer> => {
    say(paint(36, `   ${method} /v1/${path}`) + (body ? ` ${JSON.stringify(short(body))}` : ''))
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': token },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = response.headers.get('content-type') === 'application/json' && text ? JSON.parse(text) : undefined
    const shown = json?.errors ?? json?.auth ?? json?.data
    say(
      `   ${paint(response.status < 400 ? 32 : 33, String(response.status))}${shown ? ` ${JSON.stringify(short(shown))}` : ''}`,
    )
    if (response.status !== expect) throw new Error(`${method} ${path}: expected ${expect}, got ${response.status}`)
    return { status: response.status, data: json?.auth ?? json?.data ?? {}, text }
  }

  heading('Turn on the audit log: from here on nothing is answered that is not on record')
  await call('PUT', 'sys/audit/file', {
    body: { type: 'file', options: { file_path: join(folder, 'audit', 'audit.log') } },
    expect: 204,
  })

  heading('Mount the PKI engine and make a root CA')
  await call('POST', 'sys/mounts/pki', { body: { type: 'pki', config: { max_lease_ttl: '87600h' } }, expect: 204 })
  const root = await call('POST', 'pki/root/generate/internal', {
    body: { common_name: 'Demo Root CA', key_type: 'ec', ttl: '87600h' },
  })

  heading('A role: what certificates of the web team may say')
  await call('POST', 'pki/roles/web', {
    body: { allowed_domains: 'example.com', allow_subdomains: true, key_type: 'ec', max_ttl: '72h' },
  })

  heading('A policy, and a token that may do just this one thing')
  await call('PUT', 'sys/policies/acl/web', {
    body: { policy: 'path "pki/issue/web" { capabilities = ["update"] }' },
    expect: 204,
  })
  const token = await call('POST', 'auth/token/create', { body: { policies: ['web'], ttl: '1h' } })
  const webToken = String(token.data['client_token'])

  heading('The workload fetches its certificate')
  const leaf = await call('POST', 'pki/issue/web', {
    body: { common_name: 'www.example.com', alt_names: 'api.example.com', ttl: '24h' },
    token: webToken,
  })

  heading('What the role forbids is refused, and what the policy forbids too')
  await call('POST', 'pki/issue/web', { body: { common_name: 'www.example.org' }, token: webToken, expect: 400 })
  await call('GET', 'pki/roles/web', { token: webToken, expect: 403 })

  heading('openssl agrees')
  writeFileSync(join(folder, 'root.pem'), `${String(root.data['certificate'])}\n`)
  writeFileSync(join(folder, 'leaf.pem'), `${String(leaf.data['certificate'])}\n`)
  const verified = openssl('verify', '-x509_strict', '-CAfile', 'root.pem', 'leaf.pem').trim()
  say(paint(36, '   openssl verify -x509_strict -CAfile root.pem leaf.pem'))
  say(`   ${verified}`)
  say(
    openssl('x509', '-in', 'leaf.pem', '-noout', '-subject', '-dates', '-ext', 'subjectAltName')
      .replace(/^/gm, '   ')
      .trimEnd(),
  )

  heading('The inventory has it, and the CRL is signed')
  await call('GET', 'pki/certs?list=true')
  const crl = await call('GET', 'pki/crl/pem')
  writeFileSync(join(folder, 'crl.pem'), `${crl.text}\n`)
  say(paint(36, '   openssl crl -in crl.pem -noout -CAfile root.pem -crlnumber'))
  say(openssl('crl', '-in', 'crl.pem', '-noout', '-CAfile', 'root.pem', '-crlnumber').replace(/^/gm, '   ').trimEnd())

  heading('Revoke the token: it stops working at once')
  await call('POST', 'auth/token/revoke', { body: { token: webToken }, expect: 204 })
  await call('POST', 'pki/issue/web', { body: { common_name: 'www.example.com' }, token: webToken, expect: 403 })
}

const rootToken = `demo-${crypto.randomUUID()}`
const config = readConfig([], {
  CHANCERY_DATA: folder,
  CHANCERY_LISTEN: '127.0.0.1:0',
  CHANCERY_ROOT_TOKEN: rootToken,
  CHANCERY_LOG_LEVEL: 'error',
})
say('A Chancery on scratch data; every line below is a real request.')
const app = await startApp(config)
try {
  await walk(app.url, rootToken)
  say()
  say(paint(32, 'The demo went through.'))
} catch (error) {
  say()
  say(paint(31, `The demo failed: ${error instanceof Error ? error.message : String(error)}`))
  process.exitCode = 1
} finally {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
}
