/** Certificates as GnuTLS reads them. */
import { spawn } from 'node:child_process'
import { type Fields, find, isoTime, keyUsageNames, lines, outline, shortIp, sortedRdns, upnOid } from './fields.ts'

/** Runs certtool and returns its standard output. @throws Error with its standard error */
export const certtool = (args: readonly string[], input: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('certtool', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.once('error', reject)
    child.once('close', (status) => {
      if (status === 0) resolve(Buffer.concat(out).toString())
      else reject(new Error(`certtool ${args.join(' ')}: ${Buffer.concat([...out, ...err]).toString()}`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })

const purposes: Readonly<Record<string, string>> = {
  'Any purpose.': '2.5.29.37.0',
  'TLS WWW Server.': '1.3.6.1.5.5.7.3.1',
  'TLS WWW Client.': '1.3.6.1.5.5.7.3.2',
  'Code signing.': '1.3.6.1.5.5.7.3.3',
  'Email protection.': '1.3.6.1.5.5.7.3.4',
  'Time stamping.': '1.3.6.1.5.5.7.3.8',
  'OCSP signing.': '1.3.6.1.5.5.7.3.9',
  'Ipsec IKE.': '1.3.6.1.5.5.7.3.17',
}

const sanPrefixes: readonly (readonly [label: string, prefix: string])[] = [
  ['User Principal Name: ', `other:${upnOid}:`],
  ['DNSname: ', 'DNS:'],
  ['RFC822Name: ', 'email:'],
  ['URI: ', 'URI:'],
]

/** The other names with an OID come as three lines; the DER is that of a UTF8String of less than 128 octets. */
const generalNames = (found: readonly string[]): string[] => {
  let oid = ''
  return found.flatMap((line) => {
    if (line.startsWith('otherName OID: ')) oid = line.slice('otherName OID: '.length)
    if (line.startsWith('otherName DER: ')) {
      return [`other:${oid}:${Buffer.from(line.slice('otherName DER: '.length), 'hex').subarray(2).toString()}`]
    }
    if (line.startsWith('IPAddress: ')) return [`IP:${shortIp(line.slice('IPAddress: '.length))}`]
    // An internationalised name comes with its Unicode form behind it.
    const plain = line.replace(/^(DNSname: \S+) \(.*\)$/, '$1')
    return sanPrefixes.flatMap(([label, prefix]) =>
      plain.startsWith(label) ? [`${prefix}${plain.slice(label.length)}`] : [],
    )
  })
}

const keyOf = (algorithm: string, level: string, curve: string): string => {
  if (algorithm.includes('Ed25519')) return 'ed25519'
  // The level of a curve is in whole octets, which P-521 is not.
  if (algorithm.startsWith('EC')) return `ec ${/\d+/.exec(curve)?.[0]}`
  return `rsa ${/\((\d+) bits\)/.exec(level)?.[1]}`
}

const signatureOf = (name: string): string => (name === 'EdDSA-Ed25519' ? 'Ed25519' : name.replace(/-(SHA\d+)$/, ' $1'))

const access = (found: readonly string[]): string[] => {
  let kind = ''
  return found.flatMap((line) => {
    if (line.startsWith('Access Method:')) kind = line.includes('ocsp') ? 'OCSP' : 'CA'
    return line.startsWith('Access Location URI: ') ? [`${kind} ${line.slice('Access Location URI: '.length)}`] : []
  })
}

const fieldsIn = (text: string): Fields => {
  const all = outline(text.slice(0, text.indexOf('Other Information:')))
  const value = (start: string): string => find(all, start)?.rest ?? ''
  const extension = (name: string): string[] => lines(find(all, `${name} (`)?.node.below ?? [])
  const named: [field: string, name: string][] = [
    ['keyUsage', 'Key Usage'],
    ['extKeyUsage', 'Key Purpose'],
    ['ca', 'Basic Constraints'],
    ['sans', 'Subject Alternative Name'],
    ['policies', 'Certificate Policies'],
  ]
  const constraints = extension('Basic Constraints')[0]
  return {
    serial: value('Serial Number (hex):'),
    issuer: sortedRdns(value('Issuer:')),
    subject: sortedRdns(value('Subject:')),
    notBefore: isoTime(value('Not Before:')),
    notAfter: isoTime(value('Not After:')),
    key: keyOf(value('Subject Public Key Algorithm:'), value('Algorithm Security Level:'), value('Curve:')),
    signature: signatureOf(value('Signature Algorithm:')),
    keyUsage: extension('Key Usage').map((line) => keyUsageNames[line.slice(0, -1).toLowerCase()] ?? line),
    extKeyUsage: extension('Key Purpose').map((line) => purposes[line] ?? line),
    ca: constraints === undefined ? 'absent' : constraints.endsWith('TRUE') ? 'yes' : 'no',
    subjectKeyId: extension('Subject Key Identifier').join(''),
    authorityKeyId: extension('Authority Key Identifier').join(''),
    sans: generalNames(extension('Subject Alternative Name')),
    policies: extension('Certificate Policies').map((line) =>
      line.replace(/^URI: /, 'CPS ').replace(/^Note: /, 'notice '),
    ),
    access: access(extension('Authority Information Access')),
    crls: extension('CRL Distribution points').map((line) => line.replace(/^URI: /, '')),
    critical: named.filter(([, name]) => value(`${name} (`) === 'critical):').map(([field]) => field),
  }
}

export const certtoolFields = async (pems: readonly string[]): Promise<Fields[]> => {
  const text = await certtool(['--certificate-info'], pems.join('\n'))
  return text.split('X.509 Certificate Information:').slice(1).map(fieldsIn)
}
