/** A call that is put to both servers, a scene of them, and short ways to write both. */
import csrTexts from './csrs.json' with { type: 'json' }
import type { Feature } from './pending.ts'

/** `about` is held against one difference, as `differences.ts` words it. */
export interface Allowed {
  about: RegExp
  reason: string
}

export interface OracleCall {
  method: string
  /** `{name}` stands for what an earlier call of the scene has remembered. */
  path: string
  body?: object | string
  /** Default: the root token. null: none. */
  token?: string | null
  headers?: Record<string, string>
  title?: string
  /** Name → path in the answer's JSON. */
  remember?: Record<string, string>
  /** Paths at and below which values must be equal, too. */
  same?: string[]
  /** The certificate ends at a given time: that is compared, and not how long it lives. */
  fixedEnd?: true
  /** What must be built before our answer can be the peer's. `pending.ts` says what is not there yet. */
  needs?: Feature
  allowed?: Allowed[]
}

export interface Scene {
  /** Also the file of its recorded answers. */
  name: string
  calls: OracleCall[]
}

/** Everything about a call but the call itself. */
export type More = Omit<OracleCall, 'method' | 'path' | 'body'>

export const csr = (name: keyof typeof csrTexts): string => csrTexts[name]

export const csrNames = Object.keys(csrTexts) as (keyof typeof csrTexts)[]

/** Calls below one mount. */
export interface Below {
  mount: string
  write(path: string, body?: object | string, more?: More): OracleCall
  read(path: string, more?: More): OracleCall
  list(path: string, more?: More): OracleCall
  patch(path: string, body: object, more?: More): OracleCall
  remove(path: string, more?: More): OracleCall
  /** Reads without a token. */
  fetch(path: string, more?: More): OracleCall
}

export const below = (mount: string): Below => {
  const at = (path: string): string => `${mount}/${path}`
  const mergePatch = { 'Content-Type': 'application/merge-patch+json' }
  return {
    mount,
    write: (path, body = {}, more = {}) => ({ method: 'POST', path: at(path), body, ...more }),
    read: (path, more = {}) => ({ method: 'GET', path: at(path), ...more }),
    list: (path, more = {}) => ({ method: 'GET', path: at(`${path}?list=true`), ...more }),
    patch: (path, body, more = {}) => ({ method: 'PATCH', path: at(path), body, headers: mergePatch, ...more }),
    remove: (path, more = {}) => ({ method: 'DELETE', path: at(path), ...more }),
    fetch: (path, more = {}) => ({ method: 'GET', path: at(path), token: null, ...more }),
  }
}

export const makeMount = (mount: string): OracleCall => ({
  method: 'POST',
  path: `sys/mounts/${mount}`,
  body: { type: 'pki', config: { max_lease_ttl: '87600h' } },
})

/** A mount of its own for the calls, made first and removed last. */
export const scene = (name: string, build: (pki: Below) => OracleCall[]): Scene => {
  const mount = `oracle-${name}`
  return {
    name,
    calls: [makeMount(mount), ...build(below(mount)), { method: 'DELETE', path: `sys/mounts/${mount}` }],
  }
}

/** The same with a root of ten years. */
export const sceneWithRoot = (name: string, build: (pki: Below) => OracleCall[]): Scene =>
  scene(name, (pki) => [
    pki.write('root/generate/internal', {
      common_name: 'Root',
      key_type: 'ec',
      ttl: '87600h',
      issuer_name: 'root-one',
    }),
    ...build(pki),
  ])

/** What most roles of the scenes begin with. */
export const webRole = { allowed_domains: 'example.com', allow_subdomains: true, key_type: 'ec', ttl: '1h' }

export const pluginVersion: Allowed = {
  about: /running_plugin_version/,
  reason: 'plugins have versions, our engines are no plugins',
}

export const subjectOrder: Allowed = {
  about: /^certificate\.(subject|subjectDer|issuer) /,
  reason: 'ours is the order of Vault (C, O, OU, L, ST, street, postal code, CN); OpenBao has moved O and OU',
}

export const profile: Allowed = {
  about: /^(status 400, peer 200|errors |warnings )/,
  reason: 'RFC 5280 forbids such a certificate; OpenBao issues it, or leaves out what was asked for',
}

/** All of them wait for one feature. */
export const needing = (feature: Feature, calls: OracleCall[]): OracleCall[] =>
  calls.map((call) => ({ ...call, needs: feature }))
