/**
 * The wiring: settings → store → seal → gate → engines → http. Read this file second. It decides nothing; it says who
 * gets what, in which order things start, and in which order they end.
 */
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pino, type DestinationStream, type Logger } from 'pino'
import { makeAuthorize } from './access/authorize.ts'
import { reaches } from './access/policies/evaluate.ts'
import { insertBuiltInPolicies } from './access/policies/builtin.ts'
import { makeLoadAcl } from './access/policies/load.ts'
import { Authenticator } from './access/tokens/authenticate.ts'
import { createRootToken } from './access/tokens/create.ts'
import { makeTokenEngine } from './access/tokens/engine.ts'
import { makeTokenHasher } from './access/tokens/hash.ts'
import { AuditDevices } from './audit/devices.ts'
import type { Config } from './config.ts'
import { makeHandle } from './http/handle.ts'
import { createHttpServer } from './http/server.ts'
import { Jobs } from './jobs.ts'
import { makeMatcher } from './mounts/match.ts'
import { builtInMounts } from './mounts/mount.ts'
import { MountTable } from './mounts/table.ts'
import { certificateQueue } from './store/certificates.ts'
import { deletePkiData, makePki } from './pki/engine.ts'
import { rootNamespace, type Engine } from './route.ts'
import { Seal } from './seal/seal.ts'
import { vaultVersion } from './seal/version.ts'
import { migrate } from './store/migrate.ts'
import { insertMount } from './store/mounts.ts'
import { openStore, type Store } from './store/open.ts'
import { findPolicy } from './store/policies.ts'
import { makeSys } from './sys/engine.ts'
import { openApiDocument } from './sys/openapi/document.ts'

export interface App {
  /** Where it listens. */
  readonly url: string
  /** Where the first root token lies, when this start made one. */
  readonly rootTokenFile: string | undefined
  readonly sealed: boolean
  /** SIGHUP: TLS files and audit files are opened again. */
  reload(): void
  /** Lets the requests in progress end, then forgets the keys and closes the store. */
  close(): Promise<void>
}

/** The whole file or nothing of it, readable by its owner only. */
const writeSecretFile = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(`${text}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  // The name, too, must outlast a power loss: the token is nowhere else.
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * Starts a server and returns when it answers.
 * @throws ConfigError when a setting is wrong or does not fit the database: one line for the operator
 */
export const startApp = async (config: Config, { logTo }: { logTo?: DestinationStream } = {}): Promise<App> => {
  const log = pino({ level: config.logLevel }, logTo ?? pino.destination({ dest: 2, sync: true }))
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    databaseDirectUrl: config.databaseDirectUrl,
    dataFolder: config.data,
    log,
  })
  try {
    return await startOn(store, config, log)
  } catch (error) {
    await store.close()
    throw error
  }
}

const startOn = async (store: Store, config: Config, log: Logger): Promise<App> => {
  const { db, changes } = store
  await migrate(store)

  const rootTokenFile = join(config.data, 'root-token')
  let rootTokenKept = false
  const seal = new Seal({
    db,
    changes,
    log,
    config,
    createRootToken: async (tx, barrier, now, id) => {
      const hasher = makeTokenHasher(() => barrier.hmacKey('token'))
      return createRootToken(tx, { hasher, now, id })
    },
    populate: async (tx, now) => {
      for (const mount of builtInMounts(rootNamespace.id)) await insertMount(tx, mount, now)
      await insertBuiltInPolicies(tx, rootNamespace.id, now)
    },
    keepRootToken: async (token) => {
      // Who chose the token has it already.
      if (config.rootToken !== undefined) return
      await writeSecretFile(rootTokenFile, token)
      rootTokenKept = true
    },
  })
  const { barrier } = seal

  // The gate: who is calling, what may they do, where does it lead, and who writes it down.
  const hasher = makeTokenHasher(() => barrier.hmacKey('token'))
  const authenticator = new Authenticator({ db, changes, hasher })
  const loadAcl = makeLoadAcl({ db, changes })
  const mounts = new MountTable({ db, changes })
  const surroundings = { folders: config.auditDirs, stdout: process.stdout }
  const audit = new AuditDevices({ db, changes, barrier, log, ...surroundings })
  seal.onSealed(() => audit.close())

  // The engines.
  const pki = makePki({ db, changes, barrier, certificates: certificateQueue(store) })
  seal.onSealed(() => pki.forgetKeys())
  const token = makeTokenEngine({
    db,
    changes,
    hasher,
    authenticator,
    policyExists: async (namespace, name) => (await findPolicy(db, namespace, name)) !== undefined,
  })
  const sys = makeSys({
    seal: {
      seal,
      now: () => changes.now(),
      storage: store.kind,
      apiAddr: config.apiAddr,
      unauthenticatedKeyOperations: config.unauthenticatedKeyOperations,
    },
    mounts: {
      db,
      changes,
      table: mounts,
      types: new Map([
        ['pki', { class: 'secret', mountable: true, deleteData: deletePkiData }],
        ['system', { class: 'secret', mountable: false }],
        ['token', { class: 'auth', mountable: false }],
      ]),
      canReach: async (call, path) =>
        call.caller !== undefined && reaches(await loadAcl(call.caller.policies, call.namespace), path),
    },
    policies: { db, changes },
    audit: { devices: audit, changes, barrier, ...surroundings },
    capabilities: { authenticator, loadAcl },
    document: () => openApiDocument(engines, vaultVersion),
  })
  const engines: readonly Engine[] = [sys, token, pki]

  // The edge.
  const http = createHttpServer({
    tls: config.tls,
    log,
    handle: makeHandle({
      sealed: () => seal.sealed,
      mounts,
      matchers: new Map(engines.map((engine) => [engine.type, makeMatcher(engine.routes)])),
      authenticator,
      authorize: makeAuthorize(loadAcl),
      audit,
      now: () => changes.now(),
    }),
  })
  const jobs = new Jobs({ locks: store.locks, log, sealed: () => seal.sealed })

  await seal.start()
  const address = await http.listen(config.listen)
  jobs.start(engines.flatMap((engine) => engine.jobs))

  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `${config.tls ? 'https' : 'http'}://${host}:${address.port}`,
    get sealed() {
      return seal.sealed
    },
    rootTokenFile: rootTokenKept ? rootTokenFile : undefined,
    reload: () => {
      http.reloadTls()
      audit.reopen()
    },
    close: async () => {
      await http.close()
      await jobs.close()
      await seal.close()
      audit.close()
      await store.close()
    },
  }
}
