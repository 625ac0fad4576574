/**
 * What an alternative name must look like so that others can read it (RFC 5280 4.2.1.6). Which of such names somebody
 * may have is another question.
 */

/** RFC 1034 3.5 with the underscore that is in use; a wildcard anywhere in the first label; the root's dot at the end. */
const dnsLabel = /^(?:[A-Za-z0-9_]|[A-Za-z0-9_][A-Za-z0-9_-]{0,61}[A-Za-z0-9_])$/
const firstLabel = /^[A-Za-z0-9_*](?:[A-Za-z0-9_*-]{0,61}[A-Za-z0-9_*])?$/

export const isDnsName = (name: string): boolean => {
  const labels = name.split('.')
  if (labels.length > 1 && labels.at(-1) === '') labels.pop()
  return name.length <= 254 && labels.every((label, at) => (at === 0 ? firstLabel : dnsLabel).test(label))
}

/** RFC 5321 4.1.2, without quoted local parts and address literals. */
export const isMailbox = (address: string): boolean => {
  const [local = '', host = '', ...more] = address.split('@')
  return more.length === 0 && /^[\x21-\x7e]{1,64}$/.test(local) && !/["(),:;<>[\\\]]/.test(local) && isDnsName(host)
}

/** RFC 3986 section 3: a scheme, and something after it. */
export const isAbsoluteUri = (uri: string): boolean => /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(uri)
