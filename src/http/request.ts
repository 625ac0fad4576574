/**
 * What arrives: raw HTTP → one request as the checklist (`handle.ts`) wants it. Path, verb and parameters are made
 * canonical here, once, so that policy and routing never disagree about them.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { ChanceryError, invalidRequest } from '../errors.ts'
import { parseBool } from '../fields.ts'
import type { Verb } from '../route.ts'
import { mediaType, parseBody, parseJsonBody, parseParameters } from './json-body.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'LIST'

export interface EdgeRequest {
  /** A UUID: `request_id` in the answer, `request.id` in the audit log. */
  readonly id: string
  /** As sent; `GET ?list=true` stays GET and its verb is `list`. */
  readonly method: Method
  readonly verb: Verb
  /** Below /v1/, percent-decoded once, no leading slash, no empty or dot segments; a list's path ends in `/`. */
  readonly path: string
  /** No prototype. A repeated key is an array. `list` and `help` are still in here. */
  readonly query: Readonly<Record<string, string | string[]>>
  /** The body as it came; `undefined` for the verbs that have none. */
  readonly rawBody: Buffer | undefined
  readonly token: string | undefined
  /** X-Vault-Namespace as sent, which may be the empty string. */
  readonly namespaceHeader: string | undefined
  /** X-Vault-Wrap-TTL as sent. */
  readonly wrapTtl: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string
  readonly remotePort: number
  /**
   * The parameters: the body of POST, PUT and PATCH, otherwise the query without `list` and `help`. Parsed when first
   * asked for, because the checklist refuses some requests before that, and then kept.
   * @throws `invalid request` for a body that is no JSON object (or form), or too complex
   */
  data(): Record<string, unknown>
}

export interface EdgeReply {
  status: number
  /** Sent with an empty body too: hvac wants `application/json` on a 204. */
  contentType: string
  /** `undefined` sends none. */
  body: string | Uint8Array | undefined
  headers?: Record<string, string>
}

/** May throw: a `ChanceryError` is answered by its kind, anything else is a 500 whose detail only the log has. */
export type Handle = (request: EdgeRequest) => Promise<EdgeReply>

/** Vault's max_request_size. */
export const maxBodyBytes = 32 * 1024 * 1024

type Query = Record<string, string | string[]>

/** The part of a request that is known before its body. */
export interface Target {
  readonly method: Method
  readonly verb: Verb
  readonly path: string
  readonly query: Query
}

const verbs: Readonly<Record<string, Verb>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'write',
  PUT: 'write',
  PATCH: 'patch',
  DELETE: 'delete',
  LIST: 'list',
}

/** Go's unicode.IsPrint: what Vault allows in a path. */
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u
const dotSegment = /\/\.{1,2}(?:\/|$)/

/** Node gives the bytes of a request line as latin1; those beyond ASCII are UTF-8 that nobody escaped. */
const escapeBytes = (text: string): string =>
  text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)

const decodePath = (path: string): string => {
  let decoded: string
  try {
    decoded = decodeURIComponent(escapeBytes(path))
  } catch {
    throw invalidRequest('invalid URL escape')
  }
  if (unprintable.test(decoded)) throw invalidRequest('the path contains a non-printable character')
  return decoded
}

/**
 * The path of a request line without its query: decoded once, `//` as `/`. An escaped slash is a slash, and an escaped
 * dot a dot, before anything looks at the path, so that there is one path for policy, routing and audit.
 * @throws invalid request for dot segments, malformed escapes and what is not printable
 */
const canonicalPath = (raw: string): string => {
  // RFC 9112 §3.2.2: a proxy may send the absolute form.
  let path = raw.startsWith('/') ? raw : raw.replace(/^https?:\/\/[^/]*/i, '')
  if (!/^[\x20-\x24\x26-\x7e]*$/.test(path)) path = decodePath(path)
  if (path.includes('//')) path = path.replace(/\/{2,}/g, '/')
  if (dotSegment.test(path)) throw invalidRequest('relative paths not supported')
  return path
}

const listAsked = (list: string | string[] | undefined): boolean => {
  const text = Array.isArray(list) ? list[0] : list
  if (!text) return false
  const asked = parseBool(text)
  if (asked === undefined) throw invalidRequest(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
  return asked
}

/** Vault refuses them, as nobody can tell what was meant; with mounts and devices it is clear, their paths end so. */
const refuseWriteToFolder = (path: string): void => {
  if (path.endsWith('/') && !/(?:^|\/)sys\/(?:mounts|auth|audit)\/./.test(path)) {
    throw invalidRequest("cannot write to a path ending in '/'")
  }
}

/**
 * @param method as sent, LIST included
 * @param url the request line's target
 * @returns `undefined` for a path that is not below /v1/
 * @throws invalid request, unsupported operation
 */
export const readTarget = (method: string, url: string): Target | undefined => {
  const mark = url.indexOf('?')
  const path = canonicalPath(mark < 0 ? url : url.slice(0, mark))
  if (!path.startsWith('/v1/')) return undefined
  let verb = Object.hasOwn(verbs, method) ? verbs[method] : undefined
  if (!verb) throw new ChanceryError('unsupported operation', 'unsupported operation')
  const query = parseParameters(mark < 0 ? '' : escapeBytes(url.slice(mark + 1)))
  if (method === 'GET' && listAsked(query['list'])) verb = 'list'
  let below = path.slice('/v1/'.length)
  if (verb === 'list' && below !== '' && !below.endsWith('/')) below += '/'
  if (verb === 'write' || verb === 'patch') refuseWriteToFolder(below)
  return { method: method as Method, verb, path: below, query }
}

const token = (headers: IncomingHttpHeaders): string | undefined => {
  const own = headers['x-vault-token']
  if (typeof own === 'string' && own !== '') return own
  const { authorization } = headers
  return authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length).trim() || undefined : undefined
}

const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

const mergePatch = 'application/merge-patch+json'

const parsePatch = (body: Buffer, contentType: string | undefined): Record<string, unknown> => {
  const type = mediaType(contentType ?? '')
  if (type === '') throw invalidRequest('mime: no media type')
  if (!/^[!#$%&'*+.^_`|~\w-]+(?:\/[!#$%&'*+.^_`|~\w-]+)?$/.test(type)) {
    throw invalidRequest('mime: unexpected content after media type')
  }
  if (type !== mergePatch) {
    throw new ChanceryError('unsupported media type', `PATCH requires Content-Type of ${mergePatch}, provided ${type}`)
  }
  return parseJsonBody(body)
}

const parametersOf = ({ verb, query }: Target): Record<string, unknown> => {
  const parameters: Record<string, unknown> = { ...query }
  delete parameters['help']
  if (verb === 'list') delete parameters['list']
  return parameters
}

/** An IPv4 client of a socket that listens on both families is written as IPv4. */
const plainAddress = (address: string | undefined): string =>
  address?.startsWith('::ffff:') ? address.slice('::ffff:'.length) : (address ?? '')

/** @param rawBody for POST, PUT and PATCH; an absent body is an empty buffer */
export const edgeRequest = (
  id: string,
  target: Target,
  raw: IncomingMessage,
  rawBody: Buffer | undefined,
): EdgeRequest => {
  const { headers, socket } = raw
  let data: Record<string, unknown> | undefined
  return {
    id,
    ...target,
    rawBody,
    token: token(headers),
    namespaceHeader: header(headers, 'x-vault-namespace'),
    wrapTtl: header(headers, 'x-vault-wrap-ttl'),
    headers,
    remoteAddress: plainAddress(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    data: () =>
      (data ??= !rawBody
        ? parametersOf(target)
        : target.verb === 'patch'
          ? parsePatch(rawBody, headers['content-type'])
          : parseBody(rawBody, headers['content-type'])),
  }
}

const noBody = Buffer.alloc(0)

/** Bodies up to here are always read: whoever fills the memory with large ones must not shut out the usual ones. */
const smallBodyBytes = 64 * 1024

/** Counts bytes that a request is about to keep in memory. @throws unavailable when there are too many */
export type HoldBytes = (bytes: number) => void

/**
 * The whole body.
 * @throws too large, or what `hold` throws (the rest is read and dropped, so that the client gets to read the answer);
 *   any other error when the client has gone
 */
export const readBody = (raw: IncomingMessage, hold: HoldBytes): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const { headers } = raw
    if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) {
      resolve(noBody)
      return
    }
    const chunks: Buffer[] = []
    let length = 0
    let refused = false
    const refuse = (error: unknown): void => {
      refused = true
      chunks.length = 0
      reject(error)
    }
    const tooLarge = () => new ChanceryError('too large', 'http: request body too large')
    raw.on('data', (chunk: Buffer) => {
      if (refused) return
      length += chunk.length
      if (length > maxBodyBytes) return refuse(tooLarge())
      try {
        if (length > smallBodyBytes) hold(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        refuse(error)
      }
    })
    raw.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    })
    raw.on('error', reject)
    if (Number(headers['content-length']) > maxBodyBytes) refuse(tooLarge())
  })
