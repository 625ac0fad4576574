/** What `auth/token/*` accepts and returns. */
import { z } from 'zod'
import { bool, duration, int, list, stringMap, text } from '../../fields.ts'

export const createFields = {
  id: text('Id of the new token, instead of a random one; needs sudo.'),
  policies: list("Policies of the new token; none means the caller's own."),
  meta: stringMap('Metadata, shown by lookups and in the audit log.'),
  no_parent: bool("Make an orphan, which outlives the caller's token; needs sudo."),
  no_default_policy: bool('Leave the default policy away.'),
  renewable: bool('May it be renewed? Default true.'),
  ttl: duration("How long it lives, in seconds; 0 means the mount's default."),
  explicit_max_ttl: duration('An end that no renewal can pass, in seconds; 0 for none.'),
  period: duration('Makes a periodic token: each renewal sets its TTL to this many seconds; needs sudo.'),
  display_name: text('Name for the audit log.'),
  num_uses: int('How many requests it is good for; 0 for any number.'),
  type: text('service (the default).'),
  entity_alias: text('Only in combination with a token role.'),
}

export const authReplySchema = z.object({
  client_token: z.string(),
  accessor: z.string(),
  policies: z.array(z.string()),
  token_policies: z.array(z.string()),
  metadata: z.record(z.string(), z.string()).nullable(),
  lease_duration: z.int(),
  renewable: z.boolean(),
  entity_id: z.string(),
  token_type: z.string(),
  orphan: z.boolean(),
  num_uses: z.int(),
})

export const lookupReply = z.object({
  id: z.string(),
  accessor: z.string(),
  policies: z.array(z.string()),
  path: z.string(),
  meta: z.record(z.string(), z.string()).nullable(),
  display_name: z.string(),
  num_uses: z.int(),
  orphan: z.boolean(),
  creation_time: z.int(),
  creation_ttl: z.int(),
  expire_time: z.string().nullable(),
  ttl: z.int(),
  explicit_max_ttl: z.int(),
  entity_id: z.string(),
  type: z.string(),
  period: z.int().optional(),
  issue_time: z.string().optional(),
  renewable: z.boolean().optional(),
  last_renewal_time: z.int().optional(),
  last_renewal: z.string().optional(),
})
