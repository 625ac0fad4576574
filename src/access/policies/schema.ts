/** What `sys/policies/acl` and `sys/policy` accept and return. */
import { z } from 'zod'
import { capture, text } from '../../fields.ts'

export const nameField = { name: capture('Name of the policy; upper case and outer blanks are taken away.') }

export const policyFields = {
  ...nameField,
  policy: text('The policy in HCL or JSON, as it is or in base64.'),
}

export const legacyPolicyFields = {
  ...policyFields,
  rules: text('The older name of `policy`.'),
}

export const policyReply = z.object({ name: z.string(), policy: z.string() })

export const legacyPolicyReply = z.object({ name: z.string(), rules: z.string() })

export const policyListReply = z.object({ keys: z.array(z.string()) })

export const legacyPolicyListReply = policyListReply.extend({ policies: z.array(z.string()) })
