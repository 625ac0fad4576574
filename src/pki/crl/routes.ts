/** `crl`, `crl/pem`, `cert/crl`: the CRL of the default issuer. */
import { z } from 'zod'
import { route, type Call, type Route } from '../../route.ts'
import { encodePem } from '../../x509/pem.ts'
import type { PkiDeps } from '../deps.ts'
import { findLoadedIssuer, loadSigningIssuer } from '../issuers/load-issuer.ts'
import { fetchCrl } from './fetch-crl.ts'

const pem = (der: Uint8Array): string => encodePem('X509 CRL', der)

export const crlRoutes = (deps: PkiDeps): Route[] => {
  /** Raw answers are empty, and so 204, where there is nothing. */
  const ofDefaultIssuer = async (call: Call): Promise<Uint8Array | undefined> => {
    const issuer = await findLoadedIssuer(deps, call.mount, 'default')
    return issuer && fetchCrl(deps, call.mount, issuer)
  }
  return [
    route({
      verb: 'read',
      path: 'crl',
      help: 'Fetch the CRL of the default issuer, DER.',
      public: true,
      fields: {},
      run: async (call) => ({
        raw: { contentType: 'application/pkix-crl', body: (await ofDefaultIssuer(call)) ?? '' },
      }),
    }),
    route({
      verb: 'read',
      path: 'crl/pem',
      help: 'Fetch the CRL of the default issuer, PEM.',
      public: true,
      fields: {},
      run: async (call) => {
        const der = await ofDefaultIssuer(call)
        return { raw: { contentType: 'application/x-pem-file', body: der ? pem(der) : '' } }
      },
    }),
    route({
      verb: 'read',
      path: 'cert/crl',
      help: 'Fetch the CRL of the default issuer, PEM in JSON.',
      public: true,
      fields: {},
      reply: z.object({ certificate: z.string(), revocation_time: z.int(), revocation_time_rfc3339: z.string() }),
      run: async (call) => {
        const issuer = await loadSigningIssuer(deps, call.mount, 'default')
        const der = await fetchCrl(deps, call.mount, issuer)
        return der && { data: { certificate: pem(der), revocation_time: 0, revocation_time_rfc3339: '' } }
      },
    }),
  ]
}
