/**
 * What a connection hears when its bytes are no HTTP, too many or too late: Node's statuses, with our JSON body. The
 * replies to what came before go out first, and the connection closes.
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { errorBody } from './error-reply.ts'

/** What Node's `clientError` event carries. */
export interface ConnectionError extends Error {
  code?: string
  /** The piece of input in which the parser failed, and where in it. */
  rawPacket?: Buffer
  bytesParsed?: number
}

/** The code of Node's error for a request that arrives too slowly. */
export const timedOut = 'ERR_HTTP_REQUEST_TIMEOUT'

/** Node's reply in progress. Not documented, but there since Node 0.x, and Node's own default handler reads it. */
const replyInProgress = (socket: Duplex): ServerResponse | null | undefined =>
  (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage

/**
 * Waits for the replies to the complete requests that came before on this connection. Not for the reply to a request
 * that is still arriving: it never will have arrived.
 */
export const earlierReplies = async (socket: Duplex): Promise<void> => {
  for (;;) {
    const reply = replyInProgress(socket)
    if (!reply?.req.complete || socket.destroyed) return
    await new Promise((resolve) => reply.once('close', resolve))
  }
}

/**
 * Ends a connection without losing what was written last: closed with input unread, TCP would reset it, and the
 * client's kernel drop our reply.
 */
export const hangUp = (socket: Duplex): void => {
  if (socket.destroyed) return
  const timer = setTimeout(() => socket.destroy(), 1000).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
  socket.resume()
}

const reasons: Readonly<Record<string, { status: string; text: string }>> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', text: 'request header fields too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: '413 Payload Too Large', text: 'http: request body too large' },
  [timedOut]: { status: '408 Request Timeout', text: 'request timeout' },
}

/** Is it a request, but for its verb? */
const isUnknownVerb = ({ code, rawPacket, bytesParsed = 0 }: ConnectionError): boolean =>
  code === 'HPE_INVALID_METHOD' &&
  /^[A-Z]+ \S+ HTTP\/1\.[01]\r/.test(
    rawPacket?.toString('latin1', rawPacket.lastIndexOf('\n', bytesParsed) + 1, bytesParsed + 20_000) ?? '',
  )

const answerTo = (error: ConnectionError): string => {
  const { status, text } = isUnknownVerb(error)
    ? { status: '405 Method Not Allowed', text: '1 error occurred:\n\t* unsupported operation\n\n' }
    : (reasons[error.code ?? ''] ?? { status: '400 Bad Request', text: 'malformed HTTP request' })
  const body = errorBody([text])
  return (
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}

const answered = new WeakSet<Duplex>()

/** For `clientError`. Answers once; what more arrives on the connection is dropped. */
export const refuseConnection = async (error: ConnectionError, socket: Duplex): Promise<void> => {
  if (answered.has(socket)) return
  // A reset, a failed TLS handshake: nobody to talk to.
  const isHttp = error.code?.startsWith('HPE_') || error.code === timedOut
  if (!isHttp) {
    socket.destroy()
    return
  }
  answered.add(socket)
  await earlierReplies(socket)
  if (socket.writable && !replyInProgress(socket)?.headersSent) socket.write(answerTo(error))
  hangUp(socket)
}
