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
