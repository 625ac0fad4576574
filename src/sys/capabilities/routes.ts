/** `sys/capabilities*`: what a token may do at a path. */
import { z } from 'zod'
import type { Authenticator } from '../../access/tokens/authenticate.ts'
import { capabilities } from '../../access/policies/evaluate.ts'
import type { LoadAcl } from '../../access/policies/load.ts'
import { invalidRequest } from '../../errors.ts'
import { list, text } from '../../fields.ts'
import { route, type Call, type DataReply, type Route } from '../../route.ts'

export interface CapabilityRoutesDeps {
  authenticator: Authenticator
  loadAcl: LoadAcl
}

const pathFields = { paths: list('The paths to look at.'), path: list('The same; an older name.') }

const reply = z.record(z.string(), z.array(z.string()))

export const capabilityRoutes = ({ authenticator, loadAcl }: CapabilityRoutesDeps): Route[] => {
  const answer = async (
    call: Call,
    policies: readonly string[],
    input: { paths?: string[] | undefined; path?: string[] | undefined },
  ): Promise<DataReply> => {
    const paths = [...(input.paths ?? []), ...(input.path ?? [])]
    if (paths.length === 0) throw invalidRequest('paths must be supplied')
    const acl = await loadAcl(policies, call.namespace)
    const byPath = Object.fromEntries(paths.map((path) => [path, capabilities(acl, call.namespace.path + path)]))
    const [only] = paths
    return { data: paths.length === 1 && only !== undefined ? { capabilities: byPath[only], ...byPath } : byPath }
  }

  return [
    route({
      verb: 'write',
      path: 'capabilities-self',
      help: 'Tell what the calling token may do at some paths.',
      alsoAtTop: true,
      fields: pathFields,
      reply,
      run: (call) => answer(call, call.caller?.policies ?? [], call.input),
    }),
    route({
      verb: 'write',
      path: 'capabilities',
      help: 'Tell what a token may do at some paths.',
      alsoAtTop: true,
      fields: { token: text('The token.'), ...pathFields },
      reply,
      run: async (call) => {
        const found = call.input.token ? await authenticator.find(call.input.token) : undefined
        if (!found) throw invalidRequest('invalid token')
        return answer(call, found.caller.policies, call.input)
      },
    }),
  ]
}
