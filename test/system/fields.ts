/** The fields of a certificate in one notation, whoever has read them. */
import { isIPv6 } from 'node:net'

export interface Fields {
  /** Hex. */
  serial: string
  /** RFC 4514, the members of one RDN in alphabetical order. */
  issuer: string
  subject: string
  /** `2026-03-01T12:00:00Z`. */
  notBefore: string
  notAfter: string
  /** `ec 256`. */
  key: string
  /** `ECDSA SHA256`, `RSA SHA256`, `RSA-PSS SHA256`, `Ed25519`. */
  signature: string
  /** Vault's names. */
  keyUsage: string[]
  /** OIDs. */
  extKeyUsage: string[]
  /** `absent` without basic constraints. */
  ca: 'yes' | 'no' | 'absent'
  subjectKeyId: string
  authorityKeyId: string
  /** `DNS:a.example.com`, `email:…`, `IP:…`, `URI:…`, `other:<oid>:<value>`, in order. */
  sans: string[]
  policies: string[]
  /** `OCSP http://…`, `CA http://…`. */
  access: string[]
  crls: string[]
  /** Those that are critical, by the names of these fields. */
  critical: string[]
}

export const upnOid = '1.3.6.1.4.1.311.20.2.3'

export const keyUsageNames: Readonly<Record<string, string>> = {
  'digital signature': 'DigitalSignature',
  'non repudiation': 'ContentCommitment',
  'key encipherment': 'KeyEncipherment',
  'data encipherment': 'DataEncipherment',
  'key agreement': 'KeyAgreement',
  'certificate sign': 'CertSign',
  'certificate signing': 'CertSign',
  'crl sign': 'CRLSign',
  'crl signing': 'CRLSign',
  'encipher only': 'EncipherOnly',
  'key encipher only': 'EncipherOnly',
  'decipher only': 'DecipherOnly',
  'key decipher only': 'DecipherOnly',
}

/** `2001:DB8:0:0:0:0:0:1` as `2001:db8::1`. */
export const shortIp = (text: string): string =>
  isIPv6(text) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text

export const sortedRdns = (name: string): string =>
  name
    .split(/(?<!\\),/)
    .map((rdn) =>
      rdn
        .split(/(?<!\\)\+/)
        .sort()
        .join('+'),
    )
    .join(',')

export const isoTime = (text: string): string => new Date(text).toISOString().replace('.000', '')

/** A line and the lines that are indented below it. */
export interface Outline {
  text: string
  below: Outline[]
}

/** Reads text whose structure is its indentation. */
export const outline = (text: string): Outline[] => {
  const root: Outline = { text: '', below: [] }
  const open: { depth: number; node: Outline }[] = [{ depth: -1, node: root }]
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const depth = /^\s*/.exec(line)?.[0].length ?? 0
    while ((open.at(-1)?.depth ?? -1) >= depth) open.pop()
    const node = { text: line.trim(), below: [] }
    open.at(-1)?.node.below.push(node)
    open.push({ depth, node })
  }
  return root.below
}

/** All lines below, depth first. */
export const lines = (nodes: readonly Outline[]): string[] =>
  nodes.flatMap(({ text, below }) => [text, ...lines(below)])

/** The first line anywhere that begins with `start`; what follows it, and the node. */
export const find = (nodes: readonly Outline[], start: string): { rest: string; node: Outline } | undefined => {
  for (const node of nodes) {
    if (node.text.startsWith(start)) return { rest: node.text.slice(start.length).trim(), node }
    const found = find(node.below, start)
    if (found) return found
  }
  return undefined
}
