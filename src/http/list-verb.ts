/**
 * The verb LIST, which Node's parser does not know: hvac and `curl -X LIST` send it.
 *
 * Nothing is done to connections that do not use it. Where the parser fails on `LIS`, this takes over the connection
 * (as Node does for an upgrade), writes LINK over LIST, a verb of the same length that Node knows, and gives the bytes
 * to the same server as a connection of their own, on which LINK means LIST. LINK from the net stays unknown.
 *
 * So that nothing is smuggled: such a connection has one request. It closes after that reply, and what came behind it
 * is never executed. The replies to what came before go out first.
 *
 * The parser fails at the S. If a packet ended before it, the `L` or `LI` is gone; from the position in the packet it
 * is known how much is missing, and LIST is assumed. So a client that sends `GEST` cut after the E is taken to have
 * said LIST: wrong, but no more than it could have said itself.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type ConnectionError, earlierReplies, hangUp, refuseConnection, timedOut } from './connection-error.ts'

const list = Buffer.from('LIST')
const link = Buffer.from('LINK')

/** What is held while we wait, before the client is made to wait too. */
const heldBytes = 64 * 1024

/** A connection whose one request is a LIST. Stands before the real socket and shows its address. */
export class ListConnection extends Duplex {
  readonly #socket: Socket
  #claimed = false

  /** @param start the bytes read so far, LIST written as LINK */
  constructor(socket: Socket, start: Buffer) {
    super({ decodeStrings: false })
    this.#socket = socket
    this.push(start)
    socket.on('data', (piece: Buffer) => {
      if (!this.readableEnded && !this.destroyed && !this.push(piece)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('close', () => this.destroy())
  }

  /** True the first time: for the LIST. What else asks came behind it and is not to be answered. */
  claim(): boolean {
    if (this.#claimed) return false
    this.#claimed = true
    return true
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  /** Node calls it after the last reply. */
  destroySoon(): void {
    this.end(() => this.destroy())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error) this.#socket.destroy()
    else hangUp(this.#socket)
    done(error)
  }
}

/** The bytes from the verb on, if it may be a LIST. */
const verbOnwards = ({ code, rawPacket, bytesParsed = 0 }: ConnectionError): Buffer | undefined => {
  if (code !== 'HPE_INVALID_METHOD' || !rawPacket || rawPacket[bytesParsed] !== list[2]) return undefined
  const from = Math.max(bytesParsed - 2, 0)
  const missing = from + 2 - bytesParsed
  const bytes = Buffer.concat([list.subarray(0, missing), rawPacket.subarray(from)])
  // The parser takes UNLI as well, on its way to UNLINK.
  const isUnlist = rawPacket.subarray(0, from).subarray(-2).toString('latin1') === 'UN'
  return bytes.subarray(0, 3).equals(list.subarray(0, 3)) && !isUnlist ? bytes : undefined
}

const takenOver = new WeakSet<Duplex>()
/** Those of which the T has not come yet. */
const undecided = new WeakSet<Duplex>()

const serveList = async (server: Server, socket: Socket, error: ConnectionError, start: Buffer): Promise<void> => {
  const held = [start]
  let heldLength = start.length
  let wake: (() => void) | undefined
  const hold = (piece: Buffer): void => {
    held.push(piece)
    heldLength += piece.length
    if (heldLength > heldBytes) socket.pause()
    wake?.()
  }
  // Takes the socket from the parser: Node does that for whoever listens to `data`.
  socket.removeAllListeners('data')
  socket.on('data', hold)
  socket.once('close', () => wake?.())
  // Until now the time between requests counted; from now on the socket's, as for a request that goes on.
  socket.setTimeout(server.timeout)

  undecided.add(socket)
  while (heldLength < list.length && !socket.destroyed && !socket.readableEnded) {
    await new Promise<void>((resolve) => (wake = resolve))
  }
  undecided.delete(socket)
  await earlierReplies(socket)
  socket.off('data', hold)
  const bytes = Buffer.concat(held)
  if (!bytes.subarray(0, list.length).equals(list)) {
    await refuseConnection(error, socket)
    return
  }
  if (!socket.writable) return
  socket.setTimeout(server.timeout)
  link.copy(bytes)
  // A TLS server's `connection` is the one before the handshake.
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', new ListConnection(socket, bytes))
}

/**
 * For `clientError`.
 * @returns whether the connection is ours: it begins a LIST, or has begun one before
 */
export const takeListVerb = (server: Server, error: ConnectionError, socket: Duplex): boolean => {
  if (takenOver.has(socket)) {
    // The failed parser still watches the end of input, and its clock: who does not finish the verb is out of time.
    return error.code?.startsWith('HPE_') === true || (error.code === timedOut && !undecided.has(socket))
  }
  if (socket instanceof ListConnection) return false
  const start = verbOnwards(error)
  if (!start) return false
  takenOver.add(socket)
  void serveList(server, socket as Socket, error, start)
  return true
}
