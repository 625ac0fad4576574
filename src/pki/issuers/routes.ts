/** `root/generate/:exported`, `issuers`, `issuer/:issuer_ref`: new roots, and the issuers that are there. */
import { route, type Call, type Route } from '../../route.ts'
import { encodePem } from '../../x509/pem.ts'
import { serialText } from '../../x509/serial.ts'
import { notModified } from '../conditional.ts'
import type { PkiDeps } from '../deps.ts'
import { privateKeyData } from '../issuance/reply.ts'
import { generateRoot, type GeneratedRoot } from './generate-root.ts'
import { hasAia } from './aia.ts'
import { importIssuers } from './import-issuers.ts'
import { loadIssuer } from './load-issuer.ts'
import {
  listAllIssuers,
  mergeIssuer,
  readIssuer,
  removeIssuer,
  replaceIssuer,
  type IssuerView,
} from './manage-issuer.ts'
import {
  generateRootFields,
  generateRootReply,
  importFields,
  importReply,
  issuerFields,
  issuerJsonReply,
  issuerRefField,
  issuerReply,
  issuersReply,
} from './schema.ts'

const rootData = (root: GeneratedRoot, privateKeyFormat: string | undefined): Record<string, unknown> => {
  const { format, privateKey } = root
  const certificate = format === 'der' ? root.der.toString('base64') : encodePem('CERTIFICATE', root.der)
  const bundled = format === 'pem_bundle' && privateKey
  return {
    certificate: bundled ? `${privateKey.pem('traditional')}\n${certificate}` : certificate,
    expiration: root.notAfter.getTime() / 1000,
    issuer_id: root.issuerId,
    issuer_name: root.issuerName,
    issuing_ca: certificate,
    key_id: root.keyId,
    key_name: root.keyName,
    ...(privateKey && privateKeyData(privateKey, format, privateKeyFormat)),
    serial_number: serialText(root.serial),
  }
}

const pem = (der: Uint8Array): string => `${encodePem('CERTIFICATE', der)}\n`

const issuerData = ({ issuer, document, chain }: IssuerView): Record<string, unknown> => ({
  ca_chain: chain.map(pem),
  certificate: pem(issuer.certificate),
  crl_distribution_points: document.crl_distribution_points,
  delta_crl_distribution_points: document.delta_crl_distribution_points,
  ...(hasAia(document) && { enable_aia_url_templating: document.enable_aia_url_templating }),
  issuer_id: issuer.id,
  issuer_name: issuer.name,
  issuing_certificates: document.issuing_certificates,
  key_id: issuer.key_id ?? '',
  leaf_not_after_behavior: document.leaf_not_after_behavior,
  manual_chain: document.manual_chain.length > 0 ? document.manual_chain : null,
  ocsp_servers: document.ocsp_servers,
  revocation_signature_algorithm: document.revocation_signature_algorithm,
  revoked: false,
  usage: document.usage.join(','),
})

const generateRoutes = (deps: PkiDeps): Route[] =>
  // Two names of one thing: the older one, and the one from when mounts came to have several issuers.
  ['root/generate/:exported', 'issuers/generate/root/:exported'].map((path) =>
    route({
      verb: 'write',
      path,
      help: 'Generate a root: a key, and a certificate that signs itself.',
      fields: generateRootFields,
      reply: generateRootReply,
      run: async (call) => {
        const root = await generateRoot(deps, call, call.input)
        for (const warning of root.warnings) call.warn(warning)
        return { data: rootData(root, call.input.private_key_format) }
      },
    }),
  )

/** Vault has no empty lists here. */
const idsOrNull = (ids: readonly string[]): readonly string[] | null => (ids.length > 0 ? ids : null)

const importRoutes = (deps: PkiDeps): Route[] =>
  [
    { path: 'config/ca', keysAllowed: true },
    { path: 'issuers/import/bundle', keysAllowed: true },
    { path: 'issuers/import/cert', keysAllowed: false },
  ].map(({ path, keysAllowed }) =>
    route({
      verb: 'write',
      path,
      help: keysAllowed ? 'Import certificates of CAs and their keys.' : 'Import certificates of CAs.',
      fields: importFields,
      reply: importReply,
      run: async (call) => {
        const imported = await importIssuers(deps, call.mount, call.input, { keysAllowed })
        for (const warning of imported.warnings) call.warn(warning)
        return {
          data: {
            existing_issuers: idsOrNull(imported.existingIssuers),
            existing_keys: idsOrNull(imported.existingKeys),
            imported_issuers: idsOrNull(imported.importedIssuers),
            imported_keys: idsOrNull(imported.importedKeys),
            mapping: Object.fromEntries(imported.mapping),
          },
        }
      },
    }),
  )

/** What everybody may fetch of an issuer. */
const publicRoutes = (deps: PkiDeps): Route[] => {
  const load = (call: Call<{ issuer_ref: string }>) => loadIssuer(deps, call.mount, call.input.issuer_ref)
  return [
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref/json',
      help: "Fetch an issuer's certificate and chain, PEM in JSON.",
      public: true,
      fields: issuerRefField,
      reply: issuerJsonReply,
      run: async (call) => {
        const { id, name, chain, modifiedAt } = await load(call)
        const certificates = chain.map((link) => `${link.pem}\n`)
        return (
          notModified(call, modifiedAt) ?? {
            data: { ca_chain: certificates, certificate: certificates[0], issuer_id: id, issuer_name: name },
          }
        )
      },
    }),
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref/der',
      help: "Fetch an issuer's certificate, DER.",
      public: true,
      fields: issuerRefField,
      run: async (call) => {
        const { chain, modifiedAt } = await load(call)
        return notModified(call, modifiedAt) ?? { raw: { contentType: 'application/pkix-cert', body: chain[0].der } }
      },
    }),
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref/pem',
      help: "Fetch an issuer's certificate, PEM.",
      public: true,
      fields: issuerRefField,
      run: async (call) => {
        const { chain, modifiedAt } = await load(call)
        const body = `${chain[0].pem}\n`
        return notModified(call, modifiedAt) ?? { raw: { contentType: 'application/pem-certificate-chain', body } }
      },
    }),
  ]
}

const manageRoutes = (deps: PkiDeps): Route[] => {
  const show = (call: Call<{ issuer_ref: string }>, view: IssuerView, warnings: readonly string[] = []) => {
    for (const warning of warnings) call.warn(warning)
    return { data: issuerData(view) }
  }
  return [
    route({
      verb: 'list',
      path: 'issuers',
      help: 'List the issuers.',
      public: true,
      fields: {},
      reply: issuersReply,
      run: async (call) => {
        const { issuers, defaultId } = await listAllIssuers(deps, call.mount)
        if (issuers.length === 0) return undefined
        const info = (issuer: (typeof issuers)[number]) => ({
          is_default: issuer.id === defaultId,
          issuer_name: issuer.name,
          key_id: issuer.key_id ?? '',
          serial_number: serialText(issuer.serial),
        })
        return {
          data: {
            key_info: Object.fromEntries(issuers.map((issuer) => [issuer.id, info(issuer)])),
            keys: issuers.map(({ id }) => id).sort(),
          },
        }
      },
    }),
    route({
      verb: 'read',
      path: 'issuer/:issuer_ref',
      help: 'Read an issuer.',
      fields: issuerRefField,
      reply: issuerReply,
      run: async (call) => show(call, await readIssuer(deps.db, call.mount, call.input.issuer_ref)),
    }),
    route({
      verb: 'write',
      path: 'issuer/:issuer_ref',
      help: 'Replace the settings of an issuer; what is not named is at its default again.',
      fields: issuerFields,
      reply: issuerReply,
      run: async (call) => {
        const { view, warnings } = await replaceIssuer(deps, call.mount, call.input)
        return show(call, view, warnings)
      },
    }),
    route({
      verb: 'patch',
      path: 'issuer/:issuer_ref',
      help: 'Change settings of an issuer; what is not named stays.',
      fields: issuerFields,
      reply: issuerReply,
      run: async (call) => {
        const { view, warnings } = await mergeIssuer(deps, call.mount, call.input)
        return show(call, view, warnings)
      },
    }),
    route({
      verb: 'delete',
      path: 'issuer/:issuer_ref',
      help: 'Delete an issuer. Its key, and what it has issued, stay.',
      fields: issuerRefField,
      run: async (call) => {
        for (const warning of await removeIssuer(deps, call.mount, call.input.issuer_ref)) call.warn(warning)
        return { data: null }
      },
    }),
  ]
}

export const issuerRoutes = (deps: PkiDeps): Route[] => [
  ...generateRoutes(deps),
  ...importRoutes(deps),
  ...publicRoutes(deps),
  ...manageRoutes(deps),
]
