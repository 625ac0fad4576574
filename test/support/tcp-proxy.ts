/** A TCP proxy that can go deaf: the connections stay, and nothing passes any more. What a cut cable looks like. */
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'

export interface TcpProxy {
  port: number
  /** Nothing passes, on connections old and new. */
  freeze(): void
  /** New connections pass again; those that were frozen stay so. */
  thaw(): void
}

export const startTcpProxy = async (
  t: { teardown(work: () => Promise<void>): void },
  target: { host: string; port: number },
): Promise<TcpProxy> => {
  const sockets = new Set<Socket>()
  let frozen = false
  const server = createServer({ pauseOnConnect: true }, (near) => {
    sockets.add(near)
    near.on('error', () => undefined)
    if (frozen) return
    const far = connect(target)
    sockets.add(far)
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    near.pipe(far)
    far.pipe(near)
    near.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    freeze: () => {
      frozen = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    thaw: () => {
      frozen = false
    },
  }
}
