/** Is an answer one that we may give? What a certificate says is read by Node, and never by our own reader. */
import { X509Certificate } from 'node:crypto'
import type { Answer } from '../support/server.ts'
import type { Case } from './cases.ts'
import type { RoleRules } from './roles.ts'

const slackSeconds = 60

/** `DNS:a, othername:<unsupported>, email:"a\\u0000"`: quoted where a name has something to hide. */
const namesIn = (certificate: X509Certificate): [kind: string, value: string][] => {
  const text = certificate.subjectAltName ?? ''
  return [...text.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, kind = '', value = '']) => [
    kind,
    value.startsWith('"') ? (JSON.parse(value) as string) : value,
  ])
}

const broken = (certificate: X509Certificate, rules: RoleRules): string[] => {
  const faults: string[] = []
  for (const [kind, value] of namesIn(certificate)) {
    if (!rules.names[kind]?.test(value)) faults.push(`has the name ${kind}:${value}`)
  }
  const lifetime = (certificate.validToDate.getTime() - Date.now()) / 1000
  if (lifetime > rules.maxTtl + slackSeconds) faults.push(`lives for ${lifetime} s`)
  const purposes = (certificate.keyUsage ?? []).join()
  if (purposes !== '1.3.6.1.5.5.7.3.1,1.3.6.1.5.5.7.3.2') faults.push(`is for ${purposes}`)
  const attributes = certificate.subject?.split('\n').map((line) => line.slice(0, line.indexOf('='))) ?? []
  const strange = attributes.filter((name) => !['', 'CN', 'serialNumber', 'UID'].includes(name))
  if (rules.name !== 'open' && strange.length > 0) faults.push(`has ${strange.join()} in its subject`)
  const commonName = /^CN=(.*)$/m.exec(certificate.subject ?? '')?.[1] ?? ''
  if (!rules.commonName.test(commonName)) faults.push(`has the common name ${commonName}`)
  return faults
}

/** What is wrong with the answer. */
export const faultsOf = (answer: Answer, { path, rules }: Case, issuer: X509Certificate): string[] => {
  if (answer.status >= 500) return [`status ${answer.status}: ${answer.text}`]
  if (answer.status >= 400) {
    const told = answer.errors.length > 0 && answer.errors.every((text) => typeof text === 'string')
    return told || answer.status === 404 ? [] : [`status ${answer.status} without a reason: ${answer.text}`]
  }
  if (path.startsWith('roles/')) return []
  const found = answer.data['certificate']
  if (typeof found !== 'string') return [`status ${answer.status} without a certificate`]
  let certificate: X509Certificate
  try {
    // PEM, a bundle that begins with a key, or base64 of DER.
    const pem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(found)?.[0]
    certificate = new X509Certificate(pem ?? Buffer.from(found, 'base64'))
  } catch (error) {
    return [`a certificate that cannot be read: ${String(error)}`]
  }
  return [
    ...(certificate.ca ? ['the certificate is a CA'] : []),
    ...(certificate.verify(issuer.publicKey) ? [] : ['the issuer has not signed it']),
    ...(certificate.validFromDate < certificate.validToDate ? [] : ['it is never valid']),
    ...(rules ? broken(certificate, rules) : []),
  ].map((fault) => `issued, and it ${fault}\n${certificate.toString()}`)
}
