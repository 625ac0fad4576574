/**
 * The PKI engine on a store, without the edge: a call is matched, decoded and run as `handle.ts` does it, and the reply
 * comes back as it is.
 */
import { randomUUID } from 'node:crypto'
import { makeMatcher } from '../../src/mounts/match.ts'
import { makePki, type PkiEngine } from '../../src/pki/engine.ts'
import { rootNamespace, type Call, type Caller, type Mount, type Verb } from '../../src/route.ts'
import { Barrier } from '../../src/seal/barrier.ts'
import { newKeyring } from '../../src/seal/keyring.ts'
import { certificateQueue } from '../../src/store/certificates.ts'
import type { Store } from '../../src/store/open.ts'
import { storeKinds } from './stores.ts'

type Teardown = Parameters<(typeof storeKinds)['postgres']>[0]

export interface Answer {
  data: Record<string, unknown>
  warnings: string[]
  lease: { id: string; renewable: boolean; seconds: number } | undefined
  raw: { contentType: string; body: string | Uint8Array } | undefined
  /** Had the row nothing to say? */
  nothing: boolean
}

export interface TestEngine {
  readonly store: Store
  readonly barrier: Barrier
  readonly engine: PkiEngine
  readonly mount: Mount
  /** @throws what the row throws; Error when no row fits */
  call(verb: Verb, path: string, parameters?: Record<string, unknown>, mount?: Mount): Promise<Answer>
  write(path: string, parameters?: Record<string, unknown>): Promise<Answer>
  read(path: string): Promise<Answer>
  list(path: string, parameters?: Record<string, unknown>): Promise<string[]>
}

const caller: Caller = {
  tokenHash: Buffer.alloc(32),
  accessor: 'accessor-of-the-test',
  displayName: 'test',
  policies: ['default'],
  tokenPolicies: ['default'],
  tokenType: 'service',
  entityId: 'entity-of-the-test',
  meta: null,
  isRoot: false,
  tokenTtl: 3600,
  issuedAt: new Date(0),
}

export const newMount = (changes: Partial<Mount> = {}): Mount => ({
  uuid: randomUUID(),
  namespace: rootNamespace.id,
  path: 'pki/',
  class: 'secret',
  type: 'pki',
  accessor: 'pki_test',
  defaultLeaseTtl: 768 * 3600,
  maxLeaseTtl: 10 * 365 * 24 * 3600,
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
  ...changes,
})

/** One replica's engine. Two on one store, or on two stores of one database, with one barrier are two replicas. */
export const engineOn = (store: Store, mount: Mount = newMount(), barrier: Barrier = openBarrier()): TestEngine => {
  const { db, changes } = store
  const engine = makePki({ db, changes, barrier, certificates: certificateQueue(store) })
  const matcher = makeMatcher(engine.routes)
  const call: TestEngine['call'] = async (verb, path, parameters = {}, at = mount) => {
    const found = matcher(verb, path)
    if (typeof found === 'string') throw new Error(`${found}: ${verb} ${path}`)
    const warnings: string[] = []
    const context: Call = {
      id: randomUUID(),
      operation: verb === 'write' ? 'update' : verb,
      namespace: rootNamespace,
      mount: at,
      path,
      input: found.decode({ ...parameters, ...found.captures }),
      caller: found.row.public ? undefined : caller,
      tokenId: undefined,
      sudo: false,
      remoteAddress: '127.0.0.1',
      ifModifiedSince: undefined,
      rawBody: undefined,
      warn: (text) => void warnings.push(text),
    }
    const reply = await found.row.run(context as Call<never>)
    return {
      data: (reply && 'data' in reply && reply.data) || {},
      warnings,
      lease: reply && 'lease' in reply ? reply.lease : undefined,
      raw: reply && 'raw' in reply ? reply.raw : undefined,
      nothing: reply === undefined,
    }
  }
  return {
    store,
    barrier,
    engine,
    mount,
    call,
    write: (path, parameters) => call('write', path, parameters),
    read: (path) => call('read', path),
    list: async (path, parameters) => (await call('list', path, parameters)).data['keys'] as string[],
  }
}

export const openBarrier = (): Barrier => {
  const barrier = new Barrier()
  barrier.install({ keyring: newKeyring(), hmacKeys: new Map() })
  return barrier
}

/** A fresh store of that kind and an engine on it, with an empty mount. */
export const freshEngine = async (t: Teardown, kind: Store['kind'] = 'postgres'): Promise<TestEngine> =>
  engineOn(await storeKinds[kind](t))
