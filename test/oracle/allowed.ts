/** Differences that have a reason wherever they show. Those of one call stand beside it, in its scene. */
import type { Allowed } from './call.ts'

export const allowedEverywhere: readonly Allowed[] = [
  { about: /^status 400, peer 500$/, reason: 'what the client did wrong is no error of the server' },
  { about: /^we have (data\.)?options: null$/, reason: 'Vault shows it, OpenBao leaves it away' },
  {
    about: /^the peer has data\.allow_globs_in_identity_templates: boolean$/,
    reason: 'OpenBao’s own: globs out of identity templates are never patterns here',
  },
  {
    about: /^we have data\.(no_store_metadata: boolean|serial_number_source: string)$/,
    reason: 'role fields that Vault has and OpenBao has not',
  },
  {
    about: /^the peer has (data\.)?(cas_required|modified|version|allow_(slashes|wildcards)_in_identity_templates): /,
    reason: 'OpenBao versions its policies, and has options for templates in them',
  },
  {
    about: /^errors .*invalid token/,
    reason: 'Vault 1.17 and later say that the token is the trouble; its agent looks for it',
  },
  {
    about: /^warnings \[(?!"Endpoint).*ignored or altered during issuance/,
    reason: 'what a request asks for and does not get is said, also where OpenBao says nothing',
  },
]
