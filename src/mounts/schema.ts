/** What `sys/mounts` accepts and returns. */
import { z } from 'zod'
import { bool, list, object, stringMap, text } from '../fields.ts'

export const configFields = {
  default_lease_ttl: z
    .unknown()
    .optional()
    .describe('Default TTL: a duration, seconds, "" to leave it, or "system" for the server\'s default.'),
  max_lease_ttl: z.unknown().optional().describe('Maximum TTL, in the same forms.'),
  listing_visibility: text('"unauth" shows the mount to callers without a token, "hidden" or "" does not.'),
  audit_non_hmac_request_keys: list('Request fields that the audit log shows in the clear.'),
  audit_non_hmac_response_keys: list('Response fields that the audit log shows in the clear.'),
  passthrough_request_headers: list('Request headers that reach the engine, such as If-Modified-Since.'),
  allowed_response_headers: list('Response headers that the engine may set, such as Last-Modified.'),
}

export const mountConfigInput = z.object({ ...configFields, force_no_cache: bool('Stored and read back.') })

export const enableFields = {
  type: text('Type of the engine: pki.'),
  description: text('A line for people.'),
  config: object('The tunable settings: see the tune path.'),
  options: stringMap('Options of the engine, stored and read back.'),
  local: bool('Stored and read back: one Postgres is local to all replicas.'),
  seal_wrap: bool('Stored and read back.'),
  external_entropy_access: bool('Stored and read back.'),
}

export const tuneFields = {
  ...configFields,
  description: text('A line for people.'),
  options: stringMap('Options of the engine.'),
}

export const mountReply = z.object({
  accessor: z.string(),
  config: z.record(z.string(), z.unknown()),
  deprecation_status: z.string(),
  description: z.string(),
  external_entropy_access: z.boolean(),
  local: z.boolean(),
  options: z.record(z.string(), z.string()).nullable(),
  plugin_version: z.string(),
  running_plugin_version: z.string(),
  running_sha256: z.string(),
  seal_wrap: z.boolean(),
  type: z.string(),
  uuid: z.string(),
})

export const tuneReply = z.object({
  default_lease_ttl: z.int(),
  max_lease_ttl: z.int(),
  description: z.string(),
  force_no_cache: z.boolean(),
  options: z.record(z.string(), z.string()).optional(),
  listing_visibility: z.string().optional(),
  audit_non_hmac_request_keys: z.array(z.string()).optional(),
  audit_non_hmac_response_keys: z.array(z.string()).optional(),
  passthrough_request_headers: z.array(z.string()).optional(),
  allowed_response_headers: z.array(z.string()).optional(),
  token_type: z.string().optional(),
})
