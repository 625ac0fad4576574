/** What the calls need that is not built yet. The list only shrinks: `replay.test.ts` fails when an entry has come true. */

export type Feature =
  | 'delete-root'
  /** A fault of ours that is known. */
  | 'mending'

export const pending: readonly Feature[] = ['delete-root']

/** Differences that the pending features make in calls which are about something else. */
export const missingEverywhere: readonly { about: RegExp; feature: Feature }[] = []
