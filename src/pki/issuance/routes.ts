/** `issue/:role`, `sign/:role`: certificates under a role. */
import { route, type Route } from '../../route.ts'
import type { PkiDeps } from '../deps.ts'
import { issue } from './issue.ts'
import { issuedData } from './reply.ts'
import { issueFields, issueReply, signFields, signReply } from './schema.ts'
import { sign } from './sign.ts'

export const issuanceRoutes = (deps: PkiDeps): Route[] => [
  route({
    verb: 'write',
    path: 'issue/:role',
    help: 'Issue a certificate with a new private key, which is returned and not kept.',
    fields: issueFields,
    reply: issueReply,
    run: async (call) => {
      const issued = await issue(deps, call, call.input.role, call.input)
      for (const warning of issued.warnings) call.warn(warning)
      return { data: issuedData(issued, call.input) }
    },
  }),
  route({
    verb: 'write',
    path: 'sign/:role',
    help: 'Sign a certificate for the key of a certificate signing request.',
    fields: signFields,
    reply: signReply,
    run: async (call) => {
      const issued = await sign(deps, call, call.input.role, call.input)
      for (const warning of issued.warnings) call.warn(warning)
      return { data: issuedData(issued, call.input) }
    },
  }),
]
