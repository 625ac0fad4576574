/** Certificates as openssl reads them. */
import { opensslText, withFiles } from '../support/openssl.ts'
import { type Fields, find, isoTime, keyUsageNames, lines, outline, shortIp, sortedRdns, upnOid } from './fields.ts'

const purposes: Readonly<Record<string, string>> = {
  'Any Extended Key Usage': '2.5.29.37.0',
  'TLS Web Server Authentication': '1.3.6.1.5.5.7.3.1',
  'TLS Web Client Authentication': '1.3.6.1.5.5.7.3.2',
  'Code Signing': '1.3.6.1.5.5.7.3.3',
  'E-mail Protection': '1.3.6.1.5.5.7.3.4',
  'IPSec End System': '1.3.6.1.5.5.7.3.5',
  'IPSec Tunnel': '1.3.6.1.5.5.7.3.6',
  'IPSec User': '1.3.6.1.5.5.7.3.7',
  'Time Stamping': '1.3.6.1.5.5.7.3.8',
  'OCSP Signing': '1.3.6.1.5.5.7.3.9',
  'Microsoft Server Gated Crypto': '1.3.6.1.4.1.311.10.3.3',
  'Netscape Server Gated Crypto': '2.16.840.1.113730.4.1',
}

const generalName = (text: string): string => {
  const other = /^othername: (.*?)::(.*)$/.exec(text)
  if (other) return `other:${other[1] === 'UPN' ? upnOid : other[1]}:${other[2]}`
  return text.startsWith('IP Address:') ? `IP:${shortIp(text.slice('IP Address:'.length))}` : text
}

const keyOf = (algorithm: string, bits: string): string => {
  if (algorithm === 'ED25519') return 'ed25519'
  return `${algorithm === 'rsaEncryption' ? 'rsa' : 'ec'} ${/\((\d+) bit\)/.exec(bits)?.[1]}`
}

const signatureOf = (name: string, hash: string): string => {
  if (name === 'ED25519') return 'Ed25519'
  if (name === 'rsassaPss') return `RSA-PSS ${hash.toUpperCase()}`
  const digest = /sha\d+/i.exec(name)?.[0].toUpperCase()
  return `${name.startsWith('ecdsa') ? 'ECDSA' : 'RSA'} ${digest}`
}

/** `C=GB, O=B\xC3\xBCcher, CN=a/UID=b` as RFC 4514 has it. No value that we ask for has a slash or a comma. */
const rfc4514 = (text: string): string => {
  const octets = text.replace(/\\x([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  const name = Buffer.from(octets, 'latin1').toString()
  return sortedRdns(name.split(/, |\//).reverse().join(','))
}

const fieldsIn = (text: string): Fields => {
  const all = outline(text)
  const value = (start: string): string => find(all, start)?.rest ?? ''
  const extension = (name: string): string[] => lines(find(all, `${name}:`)?.node.below ?? [])
  const listed = (name: string): string[] => extension(name).flatMap((line) => line.split(', '))
  const isCritical = (name: string): boolean => value(`${name}:`) === 'critical'
  const constraints = extension('X509v3 Basic Constraints')[0]
  const named: [field: string, name: string][] = [
    ['keyUsage', 'X509v3 Key Usage'],
    ['extKeyUsage', 'X509v3 Extended Key Usage'],
    ['ca', 'X509v3 Basic Constraints'],
    ['sans', 'X509v3 Subject Alternative Name'],
    ['policies', 'X509v3 Certificate Policies'],
  ]
  const serial = find(all, 'Serial Number:')
  return {
    serial: lines(serial?.node.below ?? [])
      .join('')
      .replaceAll(':', ''),
    issuer: rfc4514(value('Issuer:')),
    subject: rfc4514(value('Subject:')),
    notBefore: isoTime(value('Not Before:')),
    notAfter: isoTime(value('Not After :')),
    key: keyOf(value('Public Key Algorithm:'), value('Public-Key:')),
    signature: signatureOf(value('Signature Algorithm:'), value('Hash Algorithm:')),
    keyUsage: listed('X509v3 Key Usage').map((name) => keyUsageNames[name.toLowerCase()] ?? name),
    extKeyUsage: listed('X509v3 Extended Key Usage').map((name) => purposes[name] ?? name),
    ca: constraints === undefined ? 'absent' : constraints.startsWith('CA:TRUE') ? 'yes' : 'no',
    subjectKeyId: extension('X509v3 Subject Key Identifier').join('').replaceAll(':', '').toLowerCase(),
    authorityKeyId: extension('X509v3 Authority Key Identifier').join('').replaceAll(':', '').toLowerCase(),
    sans: listed('X509v3 Subject Alternative Name').map(generalName),
    policies: extension('X509v3 Certificate Policies').flatMap((line) => {
      const [, kind, rest] = /^(Policy|CPS|Explicit Text): (.*)$/.exec(line) ?? []
      return kind === undefined
        ? []
        : [kind === 'Policy' ? `${rest}` : kind === 'CPS' ? `CPS ${rest}` : `notice ${rest}`]
    }),
    access: extension('Authority Information Access').map((line) =>
      line.replace('OCSP - URI:', 'OCSP ').replace('CA Issuers - URI:', 'CA '),
    ),
    crls: extension('X509v3 CRL Distribution Points').flatMap((line) =>
      line.startsWith('URI:') ? [line.slice('URI:'.length)] : [],
    ),
    critical: named.filter(([, name]) => isCritical(name)).map(([field]) => field),
  }
}

/** All of them in one run: to start openssl takes longer than to read a certificate. */
export const opensslFields = async (pems: readonly string[]): Promise<Fields[]> =>
  withFiles({ all: pems.join('\n') }, async ({ all }) => {
    const text = await opensslText(['storeutl', '-noout', '-text', '-certs', all])
    return text
      .split(/^\d+: Certificate\n/m)
      .slice(1)
      .map(fieldsIn)
  })
