/** What fetching and listing certificates accepts and returns. */
import { z } from 'zod'
import { capture, int, text } from '../../fields.ts'

export const serialFields = { serial: capture('Serial number, octets in hex with colons or hyphens between them.') }

/** Vault's own: wider than what a serial is, so that `cert/ca` fits as well. */
export const serialCaptures = { serial: /^[0-9A-Fa-f:-]+$/ }

export const listFields = {
  after: text('Only serial numbers after this one.'),
  limit: int('At most so many; without it, or with 0 or less, all.'),
}

export const certificateReply = z.object({
  certificate: z.string(),
  revocation_time: z.int(),
  revocation_time_rfc3339: z.string(),
})

export const caChainReply = certificateReply.extend({ ca_chain: z.string() })

export const serialsReply = z.object({ keys: z.array(z.string()) })
