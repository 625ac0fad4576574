/** `root/generate/:exported`: new roots. */
import { route, type Route } from '../../route.ts'
import { encodePem } from '../../x509/pem.ts'
import { serialText } from '../../x509/serial.ts'
import type { PkiDeps } from '../deps.ts'
import { privateKeyData } from '../issuance/reply.ts'
import { generateRoot, type GeneratedRoot } from './generate-root.ts'
import { generateRootFields, generateRootReply } from './schema.ts'

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

export const issuerRoutes = (deps: PkiDeps): Route[] =>
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
