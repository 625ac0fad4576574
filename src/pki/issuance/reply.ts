/** A certificate in the forms that `format` and `private_key_format` ask for. */
import type { GeneratedKey, PrivateKeyFormat } from '../../keys/generate.ts'
import { encodePem } from '../../x509/pem.ts'
import { serialText } from '../../x509/serial.ts'
import type { ChainCertificate } from '../issuers/load-issuer.ts'
import type { Format } from './format.ts'
import type { Issued } from './issue.ts'

/** Vault looks for this one word and takes anything else as its default. */
const keyFormat = (format: string | undefined): PrivateKeyFormat => (format === 'pkcs8' ? 'pkcs8' : 'traditional')

/** `private_key` and its type; the bundle has the key in its usual form whatever `private_key_format` says. */
export const privateKeyData = (key: GeneratedKey, format: Format, privateKeyFormat: string | undefined) => {
  const form = keyFormat(privateKeyFormat)
  return {
    private_key: format === 'der' ? key.der(form).toString('base64') : key.pem(form),
    private_key_type: key.type,
  }
}

const unixSeconds = (time: Date): number => time.getTime() / 1000

const certificateText = (issued: Issued): string => {
  const { format, key, issuer, pkcs12 } = issued
  if (pkcs12) return pkcs12.toString('base64')
  if (format === 'der') return issued.der.toString('base64')
  const pem = encodePem('CERTIFICATE', issued.der)
  if (format === 'pem') return pem
  return [...(key ? [key.pem('traditional')] : []), pem, ...issuer.chain.map((link) => link.pem)].join('\n')
}

/** How the caller wants to have it. */
export interface Wanted {
  private_key_format?: string | undefined
  remove_roots_from_chain?: boolean | undefined
}

export const issuedData = (issued: Issued, wanted: Wanted): Record<string, unknown> => {
  const { format } = issued
  const textOf = (link: ChainCertificate): string => (format === 'der' ? link.base64 : link.pem)
  const chain = issued.issuer.chain.filter((link) => !wanted.remove_roots_from_chain || !link.selfSigned)
  return {
    ...(chain.length > 0 && { ca_chain: chain.map(textOf) }),
    certificate: certificateText(issued),
    expiration: unixSeconds(issued.notAfter),
    issuing_ca: textOf(issued.issuer.chain[0]),
    not_before: unixSeconds(issued.notBefore),
    ...(issued.key && privateKeyData(issued.key, format, wanted.private_key_format)),
    serial_number: serialText(issued.serial),
  }
}
