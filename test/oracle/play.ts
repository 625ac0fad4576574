/** Puts the calls of a scene to a server, in their order. */
import { type Answer, send } from '../support/server.ts'
import type { OracleCall } from './call.ts'
import { moments } from './moments.ts'
import { lookInto, type Reading, readAnswer } from './reading.ts'

export interface Server {
  url: string
  rootToken: string
}

export interface Player {
  play(call: OracleCall): Promise<Reading>
}

/** Remembers, from call to call, what later calls want to know. */
export const makePlayer = (server: Server): Player => {
  const remembered = new Map<string, string>(Object.entries(moments))
  const fill = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value), (_, item: unknown) =>
      typeof item === 'string'
        ? item.replace(/\{(\w+)\}/g, (whole, name: string) => remembered.get(name) ?? whole)
        : item,
    ) as T
  const ask = (call: OracleCall): Promise<Answer> => {
    const token = call.token === undefined ? server.rootToken : call.token === null ? undefined : fill(call.token)
    const body = typeof call.body === 'object' ? JSON.stringify(fill(call.body)) : call.body
    return send(`${server.url}/v1/${fill(call.path)}`, call.method, body, {
      ...(token !== undefined && { 'X-Vault-Token': token }),
      ...(call.headers ?? {}),
    })
  }
  return {
    play: async (call) => {
      const answer = await ask(call)
      for (const [name, path] of Object.entries(call.remember ?? {})) {
        const value = lookInto(answer.json, path)
        if (typeof value === 'string') remembered.set(name, value)
      }
      return readAnswer(call, answer)
    },
  }
}
