/** IP addresses between text and octets. */
import { isIPv4, isIPv6 } from 'node:net'

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex')

/** The WHATWG URL parser writes IPv6 addresses in RFC 5952's form: lower case, longest run of zeros shortened, no dots. */
const canonicalIpv6 = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1)

/**
 * 4 or 16 octets, or `undefined` for what is no address. An IPv4-mapped IPv6 address has 4, as in Go. A zone
 * (`fe80::1%eth0`) means something on one host only: no certificate can carry it.
 */
export const parseIp = (text: string): Buffer | undefined => {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = canonicalIpv6(text).split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const zeros = Array<string>(8 - front.length - back.length).fill('0')
  const octets = Buffer.from([...front, ...zeros, ...back].map((group) => group.padStart(4, '0')).join(''), 'hex')
  return octets.subarray(0, 12).equals(mappedPrefix) ? octets.subarray(12) : octets
}

/** Text of 4 or 16 octets (RFC 5952), `undefined` for any other number. */
export const formatIp = (octets: Buffer): string | undefined => {
  if (octets.length === 4) return octets.join('.')
  if (octets.length !== 16) return undefined
  if (octets.subarray(0, 12).equals(mappedPrefix)) return octets.subarray(12).join('.')
  return canonicalIpv6(octets.toString('hex').replace(/.{4}(?!$)/g, '$&:'))
}

/** A network: addresses that begin with the first `bits` of `octets`. */
export interface Cidr {
  readonly octets: Buffer
  readonly bits: number
}

const masked = (octets: Buffer, bits: number): Buffer =>
  Buffer.from(octets.map((octet, at) => octet & ~(0xff >> Math.min(Math.max(bits - at * 8, 0), 8))))

/** `10.1.2.3/8` is 10.0.0.0/8; `undefined` for what is no network. One of IPv4-mapped addresses is one of IPv4. */
export const parseCidr = (text: string): Cidr | undefined => {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const octets = parseIp(address)
  if (!octets || digits === '') return undefined
  const mapped = octets.length === 4 && address.includes(':')
  const bits = Number(digits) - (mapped ? 96 : 0)
  if (bits < 0 || bits > octets.length * 8) return undefined
  return { octets: masked(octets, bits), bits }
}

export const cidrText = ({ octets, bits }: Cidr): string => `${formatIp(octets)}/${bits}`

/** @param ip as `parseIp` gives it */
export const isWithin = (ip: Buffer, { octets, bits }: Cidr): boolean =>
  ip.length === octets.length && masked(ip, bits).equals(octets)
