/**
 * `policy_identifiers` of a role: object identifiers, or JSON objects that add qualifiers to one. They are stored and
 * read back as they came.
 */
import { invalidRequest } from '../../errors.ts'
import { ia5, isOid } from '../../x509/der.ts'
import type { Policy } from '../../x509/extensions.ts'

/** Why Go takes the text for no OID, in its words. */
const oidFault = (text: string): string => {
  const arc = text.split('.').find((part) => !/^[+-]?\d+$/.test(part))
  return arc === undefined
    ? 'asn1: structure error: invalid object identifier'
    : `strconv.Atoi: parsing ${JSON.stringify(arc)}: invalid syntax`
}

/** Why Go takes the text for no JSON, in its words as far as they can be had. */
const jsonFault = (text: string): string => {
  const afterNumber = /^-?\d+(?:\.\d+)?(.)/.exec(text)?.[1]
  if (afterNumber !== undefined) return `invalid character '${afterNumber}' after top-level value`
  if (text.startsWith('[')) {
    return 'json: cannot unmarshal array into Go value of type certutil.PolicyIdentifierWithQualifierEntry'
  }
  if (text.startsWith('{')) return 'unexpected end of JSON input'
  return `invalid character '${text.charAt(0)}' looking for beginning of value`
}

const objectIn = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const parse = (text: string): Policy => {
  if (isOid(text)) return { oid: text }
  const neither = (fault: string) =>
    invalidRequest(
      `policy identifier ${JSON.stringify(text)} is neither a valid OID: ${oidFault(text)}, Nor JSON Policy Identifier: ${fault}`,
    )
  if (/^\d+(?:\.\d+)*$/.test(text)) throw invalidRequest(oidFault(text))
  const entry = objectIn(text)
  if (!entry) throw neither(jsonFault(text))
  const { oid = '', cps = '', notice = '' } = entry
  for (const [field, value] of Object.entries({ oid, cps, notice })) {
    if (typeof value === 'string') continue
    const kind = Array.isArray(value) ? 'array' : typeof value
    throw neither(
      `json: cannot unmarshal ${kind === 'boolean' ? 'bool' : kind} into Go struct field PolicyIdentifierWithQualifierEntry.${field} of type string`,
    )
  }
  if (!isOid(String(oid))) throw invalidRequest(oidFault(String(oid)))
  // An IA5String (RFC 5280 4.2.1.4).
  ia5(String(cps))
  return { oid: String(oid), ...(cps ? { cps: String(cps) } : {}), ...(notice ? { notice: String(notice) } : {}) }
}

/** @throws ChanceryError in Vault's words for an entry that is neither an OID nor such an object, or is there twice */
export const parsePolicyIdentifiers = (identifiers: readonly string[]): Policy[] => {
  const policies = identifiers.filter((text) => text !== '').map(parse)
  // RFC 5280 4.2.1.4: a policy must not stand there more than once.
  const twice = policies.find(({ oid }, at) => policies.findIndex((other) => other.oid === oid) !== at)
  if (twice) throw invalidRequest(`policy identifier ${JSON.stringify(twice.oid)} specified multiple times`)
  return policies
}
