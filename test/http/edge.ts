/** The real server on a port of its own, and a client that writes bytes as they are given. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Log } from '../../src/http/error-reply.ts'
import type { EdgeReply, EdgeRequest, Handle } from '../../src/http/request.ts'
import { createHttpServer, type HttpServer, type Limits } from '../../src/http/server.ts'
import type { TlsFiles } from '../../src/http/tls.ts'

export interface Edge {
  server: HttpServer
  port: number
  /** `METHOD path` of every request that was executed, in order. */
  executed: string[]
  /** Every line logged, as JSON. */
  logged: string[]
}

export const jsonReply = (value: unknown, status = 200): EdgeReply => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value)}\n`,
})

/** Answers with what arrived. */
export const echo = (request: EdgeRequest): EdgeReply =>
  jsonReply({
    method: request.method,
    verb: request.verb,
    path: request.path,
    token: request.token ?? null,
    remote: request.remoteAddress,
    data: request.data(),
  })

export const startEdge = async (
  t: Test,
  handle: (request: EdgeRequest) => EdgeReply | Promise<EdgeReply> = echo,
  options: { tls?: TlsFiles; maxRequestSeconds?: number; maxBodiesBytes?: number; limits?: Partial<Limits> } = {},
): Promise<Edge> => {
  const executed: string[] = []
  const logged: string[] = []
  const line = (fields: object, text: string): void => {
    const plain = Object.entries(fields).map(([name, value]: [string, unknown]) =>
      value instanceof Error ? { [name]: value.stack } : { [name]: value },
    )
    logged.push(JSON.stringify([text, ...plain]))
  }
  const log: Log = { error: line, warn: line, info: line }
  const counting: Handle = async (request) => {
    executed.push(`${request.method} ${request.path}`)
    return handle(request)
  }
  const server = createHttpServer({ handle: counting, tls: undefined, log, ...options })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  return { server, port, executed, logged }
}

/** Lets the server, which runs in this process too, read what has been written so far. */
const letServerRead = async (): Promise<void> => {
  await setImmediate()
  await setImmediate()
}

/** Writes the pieces one after the other, so that each arrives by itself, and returns all that came until the end. */
export const exchange = async (socket: Socket, pieces: readonly (string | Buffer)[]): Promise<string> => {
  socket.setNoDelay(true)
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  // A server that has said its last word resets who goes on.
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  for (const piece of pieces) {
    if (socket.destroyed || !socket.writable) break
    await new Promise((resolve) => socket.write(piece, resolve))
    await letServerRead()
  }
  await closed
  return Buffer.concat(received).toString()
}

export const talk = async (port: number, ...pieces: (string | Buffer)[]): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return exchange(socket, pieces)
}

export const bytewise = (text: string): string[] => Array.from(text)

/** The statuses of all replies on a connection, in order. */
export const statuses = (received: string): number[] =>
  Array.from(received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm), (match) => Number(match[1]))

export const url = (edge: Edge, path: string): string => `http://127.0.0.1:${edge.port}${path}`

/** The request as text; `Connection: close`, unless the headers say otherwise. */
export const message = (verb: string, path: string, { headers = ['Connection: close'], body = '' } = {}): string =>
  [`${verb} ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', body].join('\r\n')
