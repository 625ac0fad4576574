/**
 * The OpenAPI document, made from the rows alone, in Vault's generic style: `/{pki_mount_path}/issue/{role}`,
 * `/sys/mounts/{path}`. What is not a row is not in it, and every row is.
 */
import type { Engine, Route } from '../../route.ts'
import { fieldSchemas, replySchema, type JsonSchema } from './schema.ts'

const methods = { read: 'get', list: 'get', write: 'post', patch: 'patch', delete: 'delete' } as const

const prefixes: Record<string, string> = { system: '/sys', token: '/auth/token' }

const prefixOf = (engine: Engine): string => prefixes[engine.type] ?? `/{${engine.type}_mount_path}`

const documented = (engine: Engine, row: Route): string => {
  const path = `${prefixOf(engine)}/${row.path.replace(/:(\w+)\*?/g, '{$1}')}`
  return row.verb === 'list' ? `${path}/` : path
}

const parameter = (name: string, where: 'path' | 'query', schema: JsonSchema) => {
  const { description, ...type } = schema
  return {
    name,
    in: where,
    required: where === 'path',
    ...(description !== undefined && { description }),
    schema: type,
  }
}

const operationId = (engine: Engine, row: Route): string =>
  `${engine.type}-${row.verb}-${row.path}`.replace(/[^A-Za-z0-9]+/g, '-').replace(/-$/, '')

const operation = (engine: Engine, row: Route) => {
  const fields = fieldSchemas(row.fields)
  const captures = new Set([...row.path.matchAll(/:(\w+)/g)].map((match) => match[1]))
  const rest = Object.entries(fields).filter(([name]) => !captures.has(name))
  const mountParameter = prefixOf(engine).startsWith('/{')
    ? [
        {
          name: `${engine.type}_mount_path`,
          in: 'path',
          required: true,
          description: 'Path that the engine is mounted at.',
          schema: { type: 'string', default: engine.type },
        },
      ]
    : []
  const inQuery = row.verb === 'read' || row.verb === 'list' || row.verb === 'delete'
  const listParameter = row.verb === 'list' ? [parameter('list', 'query', { type: 'string', enum: ['true'] })] : []
  const bodyType = row.verb === 'patch' ? 'application/merge-patch+json' : 'application/json'
  const schema = row.reply && replySchema(row.reply)
  return {
    operationId: operationId(engine, row),
    summary: row.help,
    tags: [engine.type],
    ...(row.public && { 'x-vault-unauthenticated': true }),
    ...(row.sudo && { 'x-vault-sudo': true }),
    parameters: [
      ...mountParameter,
      ...[...captures].map((name) => parameter(name ?? '', 'path', fields[name ?? ''] ?? { type: 'string' })),
      ...(inQuery ? rest.map(([name, field]) => parameter(name, 'query', field)) : []),
      ...listParameter,
    ],
    ...(!inQuery &&
      rest.length > 0 && {
        requestBody: { content: { [bodyType]: { schema: { type: 'object', properties: Object.fromEntries(rest) } } } },
      }),
    responses: {
      [schema || inQuery ? '200' : '204']: {
        description: 'OK',
        ...(schema && { content: { 'application/json': { schema } } }),
      },
    },
  }
}

/** The whole document. Deterministic: the same rows give the same bytes. */
export const openApiDocument = (engines: readonly Engine[], version: string): JsonSchema => {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const engine of engines) {
    for (const row of engine.routes) {
      const path = (paths[documented(engine, row)] ??= {})
      path[methods[row.verb]] = operation(engine, row)
    }
  }
  return {
    openapi: '3.0.2',
    info: {
      title: 'Chancery',
      description: "HTTP API that is compatible with HashiCorp Vault's.",
      version,
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
