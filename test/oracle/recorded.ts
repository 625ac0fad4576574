/** The peer's answers as they were seen, a file a scene. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import type { OracleCall, Scene } from './call.ts'
import type { Reading } from './reading.ts'

/** `call` is how the call reads, so that a list of calls that has changed is noticed. */
export interface Recorded {
  call: string
  reading: Reading
}

const fileOf = ({ name }: Scene): string => join(import.meta.dirname, 'recorded', `${name}.json`)

export const callText = ({ method, path, title }: OracleCall): string =>
  `${method} ${path}${title === undefined ? '' : ` (${title})`}`

const nothing = { contentType: '', errors: [], warnings: [], shape: [], values: {} }

export const readRecorded = (scene: Scene): Recorded[] =>
  (JSON.parse(readFileSync(fileOf(scene), 'utf8')) as Recorded[]).map(({ call, reading }) => ({
    call,
    reading: { ...nothing, ...reading },
  }))

const isEmpty = (value: unknown): boolean =>
  value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** What is empty is left away: most answers have no errors or no data. */
const brief = (reading: Reading): object =>
  Object.fromEntries(Object.entries(reading).filter(([name, value]) => !(name in nothing && isEmpty(value))))

/** Nothing of that may lie in a repository. */
const secret = /PRIVATE KEY-----\\n|\b(?:hvs|hvb|s|b)\.[A-Za-z0-9_-]{20,}/

/** @throws Error when an answer holds a secret: then the call compares a value that it must not */
export const writeRecorded = async (scene: Scene, recorded: readonly Recorded[]): Promise<void> => {
  const text = JSON.stringify(recorded.map(({ call, reading }) => ({ call, reading: brief(reading) })))
  if (secret.test(text)) throw new Error(`${scene.name}: an answer holds a secret; nothing is written`)
  const file = fileOf(scene)
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }))
}
