/** What the calls need that is not built yet. The list only shrinks: `replay.test.ts` fails when an entry has come true. */

export type Feature =
  | 'sign-verbatim'
  | 'issuer-ref-issuance'
  | 'role-fields'
  | 'config-urls'
  | 'issuers'
  | 'keys'
  | 'import'
  | 'conditional-get'
  /** A fault of ours that is known. */
  | 'mending'

export const pending: readonly Feature[] = ['config-urls', 'issuers', 'keys', 'import', 'conditional-get', 'mending']

/** Differences that the pending features make in calls which are about something else. */
export const missingEverywhere: readonly { about: RegExp; feature: Feature }[] = []
