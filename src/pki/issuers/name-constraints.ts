/** Which names may certificates below a CA have? The lists of a request as one extension (RFC 5280 §4.2.1.10). */
import { invalidRequest } from '../../errors.ts'
import { nameConstraints, type ConstrainedName } from '../../x509/extensions.ts'
import { parseCidr } from '../../x509/ip-address.ts'

export interface NameConstraintsRequest {
  permitted_dns_domains?: string[] | undefined
  excluded_dns_domains?: string[] | undefined
  permitted_ip_ranges?: string[] | undefined
  excluded_ip_ranges?: string[] | undefined
  permitted_email_addresses?: string[] | undefined
  excluded_email_addresses?: string[] | undefined
  permitted_uri_domains?: string[] | undefined
  excluded_uri_domains?: string[] | undefined
}

const ranges = (field: string, values: readonly string[] = []): ConstrainedName[] =>
  values.map((value) => {
    if (!parseCidr(value))
      throw invalidRequest(`invalid ${field} value ${JSON.stringify(value)}: invalid CIDR address: ${value}`)
    return { kind: 'ipRange', value }
  })

const names = (kind: 'dns' | 'email' | 'uri', values: readonly string[] = []): ConstrainedName[] =>
  values.map((value) => ({ kind, value }))

/** The extension, or `undefined` where nothing is constrained. @throws ChanceryError for a range that is none */
export const nameConstraintsOf = (request: NameConstraintsRequest): Buffer | undefined => {
  const permitted = [
    ...names('dns', request.permitted_dns_domains),
    ...ranges('permitted_ip_ranges', request.permitted_ip_ranges),
    ...names('email', request.permitted_email_addresses),
    ...names('uri', request.permitted_uri_domains),
  ]
  const excluded = [
    ...names('dns', request.excluded_dns_domains),
    ...ranges('excluded_ip_ranges', request.excluded_ip_ranges),
    ...names('email', request.excluded_email_addresses),
    ...names('uri', request.excluded_uri_domains),
  ]
  return permitted.length + excluded.length > 0 ? nameConstraints(permitted, excluded) : undefined
}
