/** `crl`, `cert/crl`, `issuer/:issuer_ref/crl`: the CRL of the default issuer, or of any. */
import { z } from 'zod'
import { route, type Call, type RawReply, type Route } from '../../route.ts'
import { encodePem } from '../../x509/pem.ts'
import { notModified } from '../conditional.ts'
import type { PkiDeps } from '../deps.ts'
import { findLoadedIssuer, loadIssuer, loadKeyedIssuer, type LoadedIssuer } from '../issuers/load-issuer.ts'
import { issuerRefField } from '../issuers/schema.ts'
import { fetchCrl } from './fetch-crl.ts'

const derType = 'application/pkix-crl'
const pemType = 'application/x-pem-file'

const pem = (der: Uint8Array): string => encodePem('X509 CRL', der)

interface Fetched {
  readonly der: Uint8Array | undefined
  /** 304, where the caller has it already. */
  readonly unchanged: RawReply | undefined
}

export const crlRoutes = (deps: PkiDeps): Route[] => {
  const fetchFrom = async (call: Call, issuer: LoadedIssuer): Promise<Fetched> => {
    const crl = await fetchCrl(deps, call.mount, issuer)
    // An issuer that becomes the default is modified by that, so `crl` knows of the change.
    const modifiedAt = crl && (crl.this_update > issuer.modifiedAt ? crl.this_update : issuer.modifiedAt)
    return { der: crl?.der, unchanged: modifiedAt && notModified(call, modifiedAt) }
  }
  /** Raw answers are empty, and so 204, where there is nothing. */
  const ofDefaultIssuer = async (call: Call): Promise<Fetched> => {
    const issuer = await findLoadedIssuer(deps, call.mount, 'default')
    return issuer ? fetchFrom(call, issuer) : { der: undefined, unchanged: undefined }
  }
  const ofIssuer = async (call: Call<{ issuer_ref: string }>): Promise<Fetched> =>
    fetchFrom(call, await loadIssuer(deps, call.mount, call.input.issuer_ref))
  return [
    route({
      verb: 'read',
      path: 'crl',
      help: 'Fetch the CRL of the default issuer, DER.',
      public: true,
      fields: {},
      run: async (call) => {
        const { der, unchanged } = await ofDefaultIssuer(call)
        return unchanged ?? { raw: { contentType: derType, body: der ?? '' } }
      },
    }),
    route({
      verb: 'read',
      path: 'crl/pem',
      help: 'Fetch the CRL of the default issuer, PEM.',
      public: true,
      fields: {},
      run: async (call) => {
        const { der, unchanged } = await ofDefaultIssuer(call)
        return unchanged ?? { raw: { contentType: pemType, body: der ? pem(der) : '' } }
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
        const issuer = await loadKeyedIssuer(deps, call.mount, 'default')
        const { der, unchanged } = await fetchFrom(call, issuer)
        if (unchanged) return unchanged
        return der && { data: { certificate: pem(der), revocation_time: 0, revocation_time_rfc3339: '' } }
      },
    }),
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref/crl',
      help: 'Fetch the CRL of an issuer, PEM in JSON.',
      public: true,
      fields: issuerRefField,
      reply: z.object({ crl: z.string() }),
      run: async (call) => {
        const { der, unchanged } = await ofIssuer(call)
        return unchanged ?? { data: { crl: der ? `${pem(der)}\n` : '' } }
      },
    }),
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref/crl/der',
      help: 'Fetch the CRL of an issuer, DER.',
      public: true,
      fields: issuerRefField,
      run: async (call) => {
        const { der, unchanged } = await ofIssuer(call)
        return unchanged ?? { raw: { contentType: derType, body: der ?? '' } }
      },
    }),
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref/crl/pem',
      help: 'Fetch the CRL of an issuer, PEM.',
      public: true,
      fields: issuerRefField,
      run: async (call) => {
        const { der, unchanged } = await ofIssuer(call)
        return unchanged ?? { raw: { contentType: pemType, body: der ? `${pem(der)}\n` : '' } }
      },
    }),
  ]
}
