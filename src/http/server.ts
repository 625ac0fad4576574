/**
 * The edge: bytes in, bytes out. One door, `/v1/*`, through which every request goes to the checklist; what Vault says
 * to each lies elsewhere (`request.ts`, `error-reply.ts`, `envelope.ts`). Fastify routes and closes; bodies, paths and
 * replies are read and written here, because its defaults are other than Vault's: content types that it refuses,
 * `charset`, no Content-Type on a 204.
 */
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import { unavailable } from '../errors.ts'
import { refuseConnection } from './connection-error.ts'
import { errorBody, errorReply, type Log } from './error-reply.ts'
import { ListConnection, takeListVerb } from './list-verb.ts'
import { edgeRequest, readBody, readTarget, type EdgeReply, type Handle, type HoldBytes } from './request.ts'
import { readTls, reloadTls, type TlsFiles } from './tls.ts'

export interface HttpServerOptions {
  handle: Handle
  /** `undefined`: plain HTTP. */
  tls: TlsFiles | undefined
  log: Log
  /** Vault's max_request_duration. */
  maxRequestSeconds?: number
  /** What all large bodies together may take: a body is read before anybody asks who sends it. */
  maxBodiesBytes?: number
  limits?: Partial<Limits>
}

export interface HttpServer {
  /** The address in use, for a port of 0. */
  listen(address: { host: string; port: number }): Promise<AddressInfo>
  /** Reads the TLS files again, for new connections; false when they cannot be used. Nothing to do on plain HTTP. */
  reloadTls(): boolean
  /** Takes no new connection, and resolves when the requests in progress have been answered. */
  close(): Promise<void>
}

/** Node's own options; milliseconds and bytes. */
export interface Limits {
  maxHeaderSize: number
  headersTimeout: number
  requestTimeout: number
  connectionsCheckingInterval: number
  keepAliveTimeout: number
}

const defaultLimits: Limits = {
  /** Go allows 1 MiB; the longest header that a client of ours sends is a token or a certificate chain. */
  maxHeaderSize: 64 * 1024,
  headersTimeout: 20_000,
  /** 32 MiB in two minutes is slow, but not an attack. */
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  /** Longer than the 60 s of common load balancers: who closes first must not be us, or a request gets lost. */
  keepAliveTimeout: 75_000,
}

/** A connection on which nothing moves in either direction; more than a request may last. */
const idleTimeout = 120_000

/** Sent on every reply under TLS. */
const strictTransportSecurity = 'max-age=31536000; includeSubDomains'

const bodyVerbs = new Set(['POST', 'PUT', 'PATCH'])

const makeServer = (tls: TlsFiles | undefined, limits: Limits, listener: RequestListener): Server => {
  // A client may do without a certificate, or show one that no CA of ours knows; whoever uses it must check it.
  const server = tls
    ? createTlsServer(
        { ...limits, ...readTls(tls), requestCert: tls.clientCa !== undefined, rejectUnauthorized: false },
        listener,
      )
    : createServer(limits, listener)
  server.timeout = idleTimeout
  return server
}

/** Whoever points a browser here. Everything else outside /v1/ is Vault's empty 404. */
const elsewhere = (raw: IncomingMessage): EdgeReply =>
  raw.url === '/'
    ? { status: 200, contentType: 'text/plain; charset=utf-8', body: "This is Chancery. Vault's API is below /v1/.\n" }
    : { status: 404, contentType: 'application/json', body: errorBody([]) }

const beforeDeadline = (work: Promise<EdgeReply>, seconds: number): Promise<EdgeReply> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unavailable(`request took longer than ${seconds} s`)), seconds * 1000)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })

const headersOf = (raw: IncomingMessage, { contentType, body, headers, status }: EdgeReply, tls: boolean): string[] => {
  const out = ['Content-Type', contentType]
  let ownCaching = false
  for (const [name, value] of Object.entries(headers ?? {})) {
    out.push(name, value)
    ownCaching ||= name.toLowerCase() === 'cache-control'
  }
  if (!ownCaching) out.push('Cache-Control', 'no-store')
  if (status !== 204 && status !== 304) {
    out.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0)))
  }
  const namespace = raw.headers['x-vault-namespace']
  if (typeof namespace === 'string' && namespace !== '') out.push('X-Vault-Namespace', namespace)
  if (tls) out.push('Strict-Transport-Security', strictTransportSecurity)
  if (raw.socket instanceof ListConnection) out.push('Connection', 'close')
  return out
}

/** @throws ConfigError when the TLS files cannot be used */
export const createHttpServer = ({
  handle,
  tls,
  log,
  maxRequestSeconds = 90,
  maxBodiesBytes = 256 * 1024 * 1024,
  limits,
}: HttpServerOptions): HttpServer => {
  const send = (raw: IncomingMessage, response: ServerResponse, reply: EdgeReply): void => {
    response.writeHead(reply.status, headersOf(raw, reply, tls !== undefined)).end(reply.body)
  }

  const replyTo = async (
    raw: IncomingMessage,
    { method, id, hold }: { method: string; id: string; hold: HoldBytes },
  ): Promise<EdgeReply> => {
    const target = readTarget(method, raw.url ?? '')
    if (!target) return elsewhere(raw)
    const body = bodyVerbs.has(method) ? await readBody(raw, hold) : undefined
    return beforeDeadline(handle(edgeRequest(id, target, raw, body)), maxRequestSeconds)
  }

  let inProgress = 0
  let whenIdle: (() => void) | undefined
  let bodiesBytes = 0

  const serve = async (raw: IncomingMessage, response: ServerResponse, method: string): Promise<void> => {
    const id = randomUUID()
    inProgress++
    let held = 0
    const hold: HoldBytes = (bytes) => {
      if (bodiesBytes + bytes > maxBodiesBytes) throw unavailable('too many large requests at a time')
      bodiesBytes += bytes
      held += bytes
    }
    try {
      send(raw, response, await replyTo(raw, { method, id, hold }))
    } catch (error) {
      // The client has gone, and with it the body that we waited for.
      if (error === raw.errored) return
      const reply = errorReply(error, id, log)
      try {
        send(raw, response, reply)
      } catch {
        // Half a reply cannot be taken back: the client sees it cut off.
        response.destroy()
      }
    } finally {
      inProgress--
      if (inProgress === 0) whenIdle?.()
      bodiesBytes -= held
    }
  }

  const enter = ({ raw }: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack()
    const { socket, method = '' } = raw
    if (!(socket instanceof ListConnection)) void serve(raw, reply.raw, method)
    // A second request there came behind a LIST, and is not answered.
    else if (socket.claim()) void serve(raw, reply.raw, 'LIST')
  }

  const fastify = Fastify<Server>({
    serverFactory: (listener) => makeServer(tls, { ...defaultLimits, ...limits }, listener),
    exposeHeadRoutes: false,
    // Who still gets through while we close is answered as ever, and told to close the connection.
    return503OnClosing: false,
    clientErrorHandler: (error: Error, socket) => {
      if (!takeListVerb(fastify.server, error, socket)) void refuseConnection(error, socket)
    },
    // Paths that the router cannot decode: the door says why.
    frameworkErrors: (_error, request, reply) => enter(request, reply),
  })
  // Fastify is not to parse bodies: it would refuse content types before we see them.
  for (const method of [...bodyVerbs, 'DELETE']) {
    fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  }
  fastify.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], url: '/v1/*', handler: enter })
  // The same door: it knows `//v1/` and other verbs, and has the 404.
  fastify.setNotFoundHandler(enter)

  return {
    async listen(address) {
      await fastify.listen(address)
      // Too many open files, for one: without a listener it would end the process.
      fastify.server.on('error', (error) => log.error({ err: error }, 'cannot accept a connection'))
      return fastify.server.address() as AddressInfo
    },
    reloadTls: () => tls === undefined || reloadTls(fastify.server as unknown as TlsServer, tls, log),
    async close() {
      // A connection that has not asked anything yet is not idle to Node: we would wait for its timeout.
      const timer = setInterval(() => {
        if (inProgress === 0) fastify.server.closeAllConnections()
      }, 500)
      await fastify.close()
      clearInterval(timer)
      // A request whose client has hung up goes on all the same: what it works with must not be closed under it.
      if (inProgress > 0) await new Promise<void>((resolve) => (whenIdle = resolve))
    },
  }
}
