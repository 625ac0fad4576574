import { invalidRequest } from '../../errors.ts'

export type Format = 'pem' | 'der' | 'pem_bundle'

/** @throws ChanceryError in Vault's words; absent is `pem` */
export const parseFormat = (format: string | undefined): Format => {
  if (format === undefined) return 'pem'
  if (format === 'pem' || format === 'der' || format === 'pem_bundle') return format
  throw invalidRequest('the "format" path parameter must be "pem", "der", or "pem_bundle"')
}

/** How `issue` can answer besides: with a PKCS#12 file. */
export interface IssueFormat {
  readonly format: Format
  /** The password of the file that is wanted in place of the certificate. */
  readonly pkcs12Password?: string
}

export interface IssueFormatRequest {
  format?: string | undefined
  pkcs12_password?: string | undefined
}

/** @throws ChanceryError in Vault's words; a PKCS#12 file that everybody can open is not made */
export const parseIssueFormat = ({ format, pkcs12_password: password }: IssueFormatRequest): IssueFormat => {
  if (format !== 'pkcs12' && format !== 'pkcs12_bundle') return { format: parseFormat(format) }
  if (!password) throw invalidRequest(`the format ${format} needs a pkcs12_password`)
  return { format: 'pem', pkcs12Password: password }
}
