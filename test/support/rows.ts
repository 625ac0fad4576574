/** Every row of every engine, as the server itself describes them: its OpenAPI document has all of them. */
import type { TestServer } from './server.ts'

interface Parameter {
  name: string
  in: 'path' | 'query'
}

interface Described {
  parameters: Parameter[]
  requestBody?: { content: Record<string, { schema: { properties: Record<string, unknown> } }> }
  'x-vault-unauthenticated'?: true
  'x-vault-sudo'?: true
}

export interface DescribedRow {
  method: 'GET' | 'LIST' | 'POST' | 'PATCH' | 'DELETE'
  /** Below /v1/, with `{name}` for what is captured. */
  path: string
  public: boolean
  sudo: boolean
  captures: string[]
  /** What it accepts besides the captures. */
  fields: string[]
  /** Are the fields in the query? */
  inQuery: boolean
  bodyType: string
}

const methodOf = (method: string, { parameters }: Described): DescribedRow['method'] =>
  parameters.some(({ in: where, name }) => where === 'query' && name === 'list')
    ? 'LIST'
    : (method.toUpperCase() as DescribedRow['method'])

const rowOf = (path: string, method: string, described: Described): DescribedRow => {
  const [bodyType = 'application/json', body] = Object.entries(described.requestBody?.content ?? {})[0] ?? []
  const named = (where: Parameter['in']): string[] =>
    described.parameters.filter((parameter) => parameter.in === where).map(({ name }) => name)
  return {
    method: methodOf(method, described),
    path: path.slice(1),
    public: described['x-vault-unauthenticated'] === true,
    sudo: described['x-vault-sudo'] === true,
    captures: named('path'),
    fields: body ? Object.keys(body.schema.properties) : named('query').filter((name) => name !== 'list'),
    inQuery: body === undefined,
    bodyType,
  }
}

export const describedRows = async ({ call }: TestServer): Promise<DescribedRow[]> => {
  const { json } = await call('GET', 'sys/internal/specs/openapi')
  return Object.entries(json['paths'] as Record<string, Record<string, Described>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => rowOf(path, method, described)),
  )
}
