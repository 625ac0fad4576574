import { invalidRequest } from '../../errors.ts'

export type Format = 'pem' | 'der' | 'pem_bundle'

/** @throws ChanceryError in Vault's words; absent is `pem` */
export const parseFormat = (format: string | undefined): Format => {
  if (format === undefined) return 'pem'
  if (format === 'pem' || format === 'der' || format === 'pem_bundle') return format
  throw invalidRequest('the "format" path parameter must be "pem", "der", or "pem_bundle"')
}
