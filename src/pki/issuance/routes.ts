/**
 * `issue`, `sign`, `sign-verbatim`: certificates under a role, or as their CSR has them. Each also below
 * `issuer/:issuer_ref`, where the path and not the role names the issuer.
 */
import { route, type Call, type Reply, type Route } from '../../route.ts'
import type { PkiDeps } from '../deps.ts'
import { issue, type Issued } from './issue.ts'
import { issuedData, type Wanted } from './reply.ts'
import {
  issueFields,
  issueReply,
  issuerCapture,
  issuerField,
  roleCapture,
  signFields,
  signReply,
  signVerbatimFields,
} from './schema.ts'
import { sign } from './sign.ts'
import { signVerbatim } from './sign-verbatim.ts'

const answer = (call: Pick<Call, 'warn'>, issued: Issued, wanted: Wanted, now: Date): Reply => {
  for (const warning of issued.warnings) call.warn(warning)
  const { leaseId: id } = issued
  const data = issuedData(issued, wanted)
  const seconds = Math.floor((issued.notAfter.getTime() - now.getTime()) / 1000)
  return id === undefined ? { data } : { data, lease: { id, renewable: false, seconds } }
}

export const issuanceRoutes = (deps: PkiDeps): Route[] => {
  const now = () => deps.changes.now()
  return [
    route({
      verb: 'write',
      path: 'issue/:role',
      help: 'Issue a certificate with a new private key, which is returned and not kept.',
      fields: { ...issueFields, ...issuerField, ...roleCapture },
      reply: issueReply,
      run: async (call) => {
        const { role } = call.input
        return answer(call, await issue(deps, call, { role }, call.input), call.input, now())
      },
    }),
    route({
      verb: 'write',
      path: 'issuer/:issuer_ref/issue/:role',
      help: 'The same, from this issuer.',
      fields: { ...issueFields, ...issuerCapture, ...roleCapture },
      reply: issueReply,
      run: async (call) => {
        const { role, issuer_ref: issuerRef } = call.input
        return answer(call, await issue(deps, call, { role, issuerRef }, call.input), call.input, now())
      },
    }),
    route({
      verb: 'write',
      path: 'sign/:role',
      help: 'Sign a certificate for the key of a certificate signing request.',
      fields: { ...signFields, ...issuerField, ...roleCapture },
      reply: signReply,
      run: async (call) => {
        const { role } = call.input
        return answer(call, await sign(deps, call, { role }, call.input), call.input, now())
      },
    }),
    route({
      verb: 'write',
      path: 'issuer/:issuer_ref/sign/:role',
      help: 'The same, from this issuer.',
      fields: { ...signFields, ...issuerCapture, ...roleCapture },
      reply: signReply,
      run: async (call) => {
        const { role, issuer_ref: issuerRef } = call.input
        return answer(call, await sign(deps, call, { role, issuerRef }, call.input), call.input, now())
      },
    }),
    route({
      verb: 'write',
      path: 'sign-verbatim',
      help: 'Sign what a certificate signing request says, its subject and extensions as they are. No role restrains it.',
      fields: { ...signVerbatimFields, ...issuerField },
      reply: signReply,
      run: async (call) => answer(call, await signVerbatim(deps, call, {}, call.input), call.input, now()),
    }),
    route({
      verb: 'write',
      path: 'sign-verbatim/:role*',
      help: 'The same, as long as this role says and from its issuer.',
      fields: { ...signVerbatimFields, ...issuerField, ...roleCapture },
      reply: signReply,
      run: async (call) => {
        const { role } = call.input
        return answer(call, await signVerbatim(deps, call, { role }, call.input), call.input, now())
      },
    }),
    route({
      verb: 'write',
      path: 'issuer/:issuer_ref/sign-verbatim',
      help: 'The same, from this issuer.',
      fields: { ...signVerbatimFields, ...issuerCapture },
      reply: signReply,
      run: async (call) => {
        const issuerRef = call.input.issuer_ref
        return answer(call, await signVerbatim(deps, call, { issuerRef }, call.input), call.input, now())
      },
    }),
    route({
      verb: 'write',
      path: 'issuer/:issuer_ref/sign-verbatim/:role*',
      help: 'The same, as long as this role says and from this issuer.',
      fields: { ...signVerbatimFields, ...issuerCapture, ...roleCapture },
      reply: signReply,
      run: async (call) => {
        const { role, issuer_ref: issuerRef } = call.input
        return answer(call, await signVerbatim(deps, call, { role, issuerRef }, call.input), call.input, now())
      },
    }),
  ]
}
