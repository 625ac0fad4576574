/** `ca`, `ca_chain`, `cert/…`, `certs`: certificates that are there, for everybody but the list. */
import { route, type Call, type Route } from '../../route.ts'
import { encodePem } from '../../x509/pem.ts'
import { notModified } from '../conditional.ts'
import type { PkiDeps } from '../deps.ts'
import {
  hasKey,
  findLoadedIssuer,
  loadKeyedIssuer,
  type ChainCertificate,
  type KeyedIssuer,
} from '../issuers/load-issuer.ts'
import { fetchCertificate, listCertificates } from './fetch-certificate.ts'
import { caChainReply, certificateReply, listFields, serialCaptures, serialFields, serialsReply } from './schema.ts'

const derType = 'application/pkix-cert'
const pemType = 'application/pem-certificate-chain'

const pem = (der: Uint8Array): string => encodePem('CERTIFICATE', der)

/** Nothing can be revoked yet. */
const data = (certificate: string) => ({ certificate, revocation_time: 0, revocation_time_rfc3339: '' })

const chainText = (chain: readonly ChainCertificate[]): string => chain.map((link) => link.pem).join('\n')

export const certificateRoutes = (deps: PkiDeps): Route[] => {
  /** The default issuer, `undefined` where Vault's raw paths have nothing to show: no default, or one without a key. */
  const defaultIssuer = async (call: Call): Promise<KeyedIssuer | undefined> => {
    const issuer = await findLoadedIssuer(deps, call.mount, 'default')
    return issuer && hasKey(issuer) ? issuer : undefined
  }
  const caDer = (path: string): Route =>
    route({
      verb: 'read',
      path,
      help: 'Fetch the certificate of the default issuer, DER.',
      public: true,
      fields: {},
      run: async (call) => {
        const issuer = await defaultIssuer(call)
        const unchanged = issuer && notModified(call, issuer.modifiedAt)
        return unchanged ?? { raw: { contentType: derType, body: issuer?.chain[0].der ?? '' } }
      },
    })
  const caPem = (path: string): Route =>
    route({
      verb: 'read',
      path,
      help: 'Fetch the certificate of the default issuer, PEM.',
      public: true,
      fields: {},
      run: async (call) => {
        const issuer = await defaultIssuer(call)
        const unchanged = issuer && notModified(call, issuer.modifiedAt)
        return unchanged ?? { raw: { contentType: pemType, body: issuer?.chain[0].pem ?? '' } }
      },
    })
  return [
    caDer('ca'),
    caPem('ca/pem'),
    route({
      verb: 'read',
      path: 'ca_chain',
      help: 'Fetch the default issuer and its ancestors, PEM.',
      public: true,
      fields: {},
      // Vault says DER of what is PEM, and clients have come to terms with it.
      run: async (call) => ({
        raw: { contentType: derType, body: chainText((await defaultIssuer(call))?.chain ?? []) },
      }),
    }),
    route({
      verb: 'read',
      path: 'cert/ca',
      help: 'Fetch the certificate of the default issuer, PEM in JSON.',
      public: true,
      fields: {},
      reply: certificateReply,
      run: async (call) => {
        const { chain, modifiedAt } = await loadKeyedIssuer(deps, call.mount, 'default')
        return notModified(call, modifiedAt) ?? { data: data(chain[0].pem) }
      },
    }),
    caDer('cert/ca/raw'),
    caPem('cert/ca/raw/pem'),
    route({
      verb: 'read',
      path: 'cert/ca_chain',
      help: 'Fetch the default issuer and its ancestors, PEM in JSON.',
      public: true,
      fields: {},
      reply: caChainReply,
      run: async (call) => {
        const text = chainText((await loadKeyedIssuer(deps, call.mount, 'default')).chain)
        return { data: { ...data(text), ca_chain: text } }
      },
    }),
    route({
      verb: 'read',
      path: 'cert/:serial',
      captures: serialCaptures,
      help: 'Fetch a stored certificate, PEM in JSON.',
      public: true,
      fields: serialFields,
      reply: certificateReply,
      run: async (call) => {
        const der = await fetchCertificate(deps, call.mount, call.input.serial)
        return der && { data: data(pem(der)) }
      },
    }),
    route({
      verb: 'read',
      path: 'cert/:serial/raw',
      captures: serialCaptures,
      help: 'Fetch a stored certificate, DER.',
      public: true,
      fields: serialFields,
      run: async (call) => ({
        raw: { contentType: derType, body: (await fetchCertificate(deps, call.mount, call.input.serial)) ?? '' },
      }),
    }),
    route({
      verb: 'read',
      path: 'cert/:serial/raw/pem',
      captures: serialCaptures,
      help: 'Fetch a stored certificate, PEM.',
      public: true,
      fields: serialFields,
      run: async (call) => {
        const der = await fetchCertificate(deps, call.mount, call.input.serial)
        return { raw: { contentType: pemType, body: der ? pem(der) : '' } }
      },
    }),
    route({
      verb: 'list',
      path: 'certs',
      help: 'List the serial numbers of the stored certificates.',
      fields: listFields,
      reply: serialsReply,
      run: async (call) => ({ data: { keys: await listCertificates(deps, call.mount, call.input) } }),
    }),
  ]
}
