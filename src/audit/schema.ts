/** What `sys/audit` accepts and returns. */
import { z } from 'zod'
import { bool, stringMap, text } from '../fields.ts'

export const enableFields = {
  type: text('Type of the device: file.'),
  description: text('A line for people.'),
  options: stringMap(
    'file_path (below CHANCERY_AUDIT_DIRS, or stdout, or discard), mode (octal), hmac_accessor, elide_list_responses.',
  ),
  local: bool('Stored and read back: one Postgres is local to all replicas.'),
}

export const deviceReply = z.object({
  path: z.string(),
  type: z.string(),
  description: z.string(),
  options: z.record(z.string(), z.string()),
  local: z.boolean(),
})

export const hashReply = z.object({ hash: z.string() })
