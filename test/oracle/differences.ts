/** What differs between two readings of one call, a line each, and whether the difference has a reason. */
import type { OracleCall } from './call.ts'
import { allowedEverywhere } from './allowed.ts'
import type { CertificateReading } from './certificate.ts'
import { missingEverywhere } from './pending.ts'
import type { Reading } from './reading.ts'

/** Vault takes the two ends of a validity from two looks at the clock, and makes an RSA key between them. */
const slackSeconds = 10

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))

const unequal = (name: string, ours: unknown, theirs: unknown): string[] =>
  show(ours) === show(theirs) ? [] : [`${name} ${show(ours)}, peer ${show(theirs)}`]

const certificateDifferences = (ours: CertificateReading, theirs: CertificateReading): string[] => {
  const names = Object.keys({ ...ours, ...theirs }) as (keyof CertificateReading)[]
  return names.flatMap((name) => {
    if (name === 'lifetime' && Math.abs(ours.lifetime - theirs.lifetime) <= slackSeconds) return []
    return unequal(`certificate.${name}`, ours[name], theirs[name])
  })
}

const shapeDifferences = (ours: readonly string[], theirs: readonly string[]): string[] => [
  ...theirs.filter((line) => !ours.includes(line)).map((line) => `the peer has ${line}`),
  ...ours.filter((line) => !theirs.includes(line)).map((line) => `we have ${line}`),
]

const succeeded = ({ status }: Reading): boolean => status < 400

const allDifferences = (ours: Reading, theirs: Reading): string[] => {
  const words = [
    ...unequal('status', ours.status, theirs.status),
    ...unequal('errors', ours.errors, theirs.errors),
    ...unequal('warnings', ours.warnings, theirs.warnings),
  ]
  // A refusal has nothing that an answer has: to list it all would say the same again.
  if (succeeded(ours) !== succeeded(theirs)) return words
  // A leaf that only one side has is a difference of shape already.
  const paths = Object.keys(ours.values).filter((path) => path in theirs.values)
  return [
    ...words,
    ...unequal('type', ours.contentType, theirs.contentType),
    ...unequal('body', ours.body, theirs.body),
    ...unequal('Last-Modified', ours.lastModified, theirs.lastModified),
    ...shapeDifferences(ours.shape, theirs.shape),
    ...paths.flatMap((path) => unequal(`${path} is`, ours.values[path], theirs.values[path])),
    ...(ours.certificate && theirs.certificate
      ? certificateDifferences(ours.certificate, theirs.certificate)
      : unequal('certificate', ours.certificate && 'one', theirs.certificate && 'one')),
  ]
}

/** Those without a reason. A feature that is waited for is one. */
export const differences = (call: OracleCall, ours: Reading, theirs: Reading): string[] => {
  const reasons = [...allowedEverywhere, ...(call.allowed ?? []), ...missingEverywhere]
  return allDifferences(ours, theirs).filter((line) => !reasons.some(({ about }) => about.test(line)))
}
