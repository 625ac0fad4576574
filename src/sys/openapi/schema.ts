/** A row's zod shapes as JSON Schema: the part of the OpenAPI document that zod can tell. */
import { z } from 'zod'
import type { Fields } from '../../route.ts'

export type JsonSchema = Record<string, unknown>

const clean = (schema: JsonSchema): JsonSchema => {
  const { $schema: _, additionalProperties: __, ...rest } = schema
  return rest
}

/** What a field is once decoded: `""` and `"1h"` are accepted for a duration, and the document says integer. */
export const fieldSchemas = (fields: Fields): Record<string, JsonSchema> => {
  const schema = z.toJSONSchema(z.object(fields), { io: 'output', unrepresentable: 'any' })
  return (schema.properties ?? {}) as Record<string, JsonSchema>
}

export const replySchema = (type: z.ZodType): JsonSchema =>
  clean(z.toJSONSchema(type, { io: 'output', unrepresentable: 'any' }) as JsonSchema)
