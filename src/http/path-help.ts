/** Path help, as `vault path-help` prints it: made from the rows of a path. */
import type { Route } from '../route.ts'

const indented = (text: string, by: number): string => text.replace(/^/gm, ' '.repeat(by))

const verbs = (rows: readonly Route[]): string =>
  rows.map((row) => `${row.verb.padEnd(8)}${row.help}${row.sudo ? ' Needs sudo.' : ''}`).join('\n')

const parameters = (rows: readonly Route[]): string => {
  const fields = new Map(rows.flatMap((row) => Object.entries(row.fields)))
  return [...fields]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => {
      const { description = '' } = field as { description?: string }
      return `${name}\n${indented(description, 4)}`
    })
    .join('\n\n')
}

/** @param path below the mount @param rows at least one, all of one pattern @returns the JSON body */
export const pathHelp = (path: string, rows: readonly Route[]): string => {
  const shown = parameters(rows)
  const text = [
    `Request:        ${path}`,
    `Matching Route: ${rows[0]?.path ?? ''}`,
    '',
    verbs(rows),
    ...(shown ? ['', '## PARAMETERS', '', indented(shown, 4)] : []),
    '',
  ].join('\n')
  return `${JSON.stringify({ help: text, see_also: '', openapi: null })}\n`
}
