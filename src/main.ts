/** The process: arguments and signals in, a server and exit codes out. */
import { readFileSync } from 'node:fs'
import { startApp, type App } from './app.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { ChanceryError } from './errors.ts'

/** For whoever starts it by hand; the log goes to standard error and is for machines. */
const welcome = (app: App, config: Config): string => {
  const lines = [`Chancery listens on ${app.url}`]
  if (app.sealed) {
    lines.push('It is sealed: initialise it with sys/init, then give the key shares to sys/unseal.')
  }
  if (app.rootTokenFile) {
    lines.push(`The root token lies in ${app.rootTokenFile}`)
    // To a person's eyes only: what is not a terminal may be a log.
    if (process.stdout.isTTY) lines.push(`Root token: ${readFileSync(app.rootTokenFile, 'utf8').trim()}`)
    lines.push('', 'Paste this for a first certificate:', '', ...firstSteps(app, config))
  }
  return `${lines.join('\n')}\n`
}

const firstSteps = (app: App, config: Config): string[] => {
  const call = `curl -s${config.tls ? ' --cacert CA.pem' : ''} -H "X-Vault-Token: $(cat ${app.rootTokenFile ?? ''})"`
  const url = `${app.url}/v1`
  return [
    `${call} ${url}/sys/mounts/pki -d '{"type":"pki","config":{"max_lease_ttl":"87600h"}}'`,
    `${call} ${url}/pki/root/generate/internal -d '{"common_name":"Example Root CA","key_type":"ec","ttl":"87600h"}'`,
    `${call} ${url}/pki/roles/web -d '{"allowed_domains":"example.com","allow_subdomains":true,"key_type":"ec","max_ttl":"72h"}'`,
    `${call} ${url}/pki/issue/web -d '{"common_name":"www.example.com"}'`,
    `curl -s${config.tls ? ' --cacert CA.pem' : ''} ${url}/pki/ca/pem`,
  ]
}

const fail = (error: unknown): never => {
  const known = error instanceof ConfigError || error instanceof ChanceryError
  console.error(
    `chancery: ${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  process.exit(1)
}

const main = async (): Promise<void> => {
  const config = readConfig(process.argv.slice(2), process.env)
  const app = await startApp(config)
  process.on('SIGHUP', () => app.reload())
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second one means now.
      if (stopping) process.exit(1)
      stopping = true
      app.close().then(() => process.exit(0), fail)
    })
  }
  process.stdout.write(welcome(app, config))
}

main().catch(fail)
