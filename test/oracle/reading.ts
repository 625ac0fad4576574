/** What of an answer is compared and recorded: nothing that is secret, and nothing that differs by nature. */
import { decodePem } from '../../src/x509/pem.ts'
import type { Answer } from '../support/server.ts'
import type { OracleCall } from './call.ts'
import { type CertificateReading, readCertificate } from './certificate.ts'

export interface Reading {
  status: number
  contentType: string
  errors: string[]
  warnings: string[]
  /** Names and types, to the leaves: `data.serial_number: string`. */
  shape: string[]
  /** Of what a call lists under `same`, leaf by leaf. */
  values: Record<string, unknown>
  /** Of a body that is not JSON. */
  body?: string
  lastModified?: true
  certificate?: CertificateReading
}

/** Ids, serials and times differ by nature. */
const plain = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\b(?:[0-9a-f]{2}[:-]){14,19}[0-9a-f]{2}\b/g, '<serial>')
    .replace(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g, '<$1>')
    .replace(/\b(?!0001-01-01|9999-12-31)\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')

/** Vault wraps what a handler throws, and not what it returns. */
const unwrapped = (text: string): string => text.replace(/^1 error occurred:\n\t\* ([\s\S]*?)\n\n$/, '$1')

type Json = Record<string, unknown>

export const lookInto = (json: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (at as Json | undefined | null)?.[name], json)

const pemText = (text: string): string | undefined => {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label)
  if (labels.length === 0) return undefined
  return `PEM ${labels.join(', ')}${text.endsWith('\n') ? ' and a newline' : ''}`
}

const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    const kinds = [...new Set(value.map(kindOf))]
    return kinds.length === 0 ? 'empty array' : `array of ${kinds.join(' and ')}`
  }
  if (typeof value !== 'string') return typeof value
  return pemText(value) ?? (value === '' ? 'empty string' : 'string')
}

const leaves = (value: unknown, at: string): [path: string, value: unknown][] => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[at, value]]
  return Object.entries(value).flatMap(([name, item]) => leaves(item, at ? `${at}.${plain(name)}` : plain(name)))
}

/** What Vault puts around `data` when there is no lease, no wrapping and no login. */
const envelope = [
  'request_id: string',
  'lease_id: empty string',
  'renewable: boolean',
  'lease_duration: number',
  'wrap_info: null',
  'auth: null',
]

const shapeOf = (json: Json): string[] => {
  const lines = leaves(json, '')
    .filter(([path]) => path !== 'errors' && path !== 'warnings')
    .map(([path, value]) => `${path}: ${kindOf(value)}`)
  const isUsual = envelope.every((line) => lines.includes(line))
  return isUsual ? ['envelope', ...lines.filter((line) => !envelope.includes(line))] : lines
}

const plainValue = (value: unknown): unknown => JSON.parse(plain(JSON.stringify(value)))

const bodyKind = (answer: Answer): string | undefined => {
  if (String(answer.headers['content-type'] ?? '').startsWith('application/json')) return undefined
  if (answer.text === '') return 'empty'
  return pemText(answer.text) ?? 'binary'
}

/** The leaf: the first certificate of `data.certificate`, or of the body. */
const certificateIn = (answer: Answer): Buffer | undefined => {
  const found = answer.data['certificate']
  const text = typeof found === 'string' ? found : answer.text
  const block = decodePem(text).find(({ label }) => label === 'CERTIFICATE')
  if (block) return Buffer.from(block.der)
  return typeof found === 'string' && /^MI[A-Za-z0-9+/=]+$/.test(found) ? Buffer.from(found, 'base64') : undefined
}

export const readAnswer = (call: OracleCall, answer: Answer): Reading => {
  const der = certificateIn(answer)
  const body = bodyKind(answer)
  const texts = (found: string[] | null): string[] => (found ?? []).map((text) => plain(unwrapped(text)))
  return {
    status: answer.status,
    contentType: String(answer.headers['content-type'] ?? ''),
    errors: texts(answer.errors),
    warnings: texts(answer.warnings),
    shape: shapeOf(answer.json),
    values: Object.fromEntries(
      (call.same ?? [])
        .flatMap((path) => leaves(lookInto(answer.json, path), path))
        .filter(([, value]) => value !== undefined)
        .map(([path, value]) => [path, plainValue(value)]),
    ),
    ...(body !== undefined && { body }),
    ...(answer.headers['last-modified'] !== undefined && { lastModified: true }),
    ...(der && { certificate: readCertificate(der, call.fixedEnd ?? false) }),
  }
}
