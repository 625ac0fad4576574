/** The job that removes what has expired. Expired tokens are refused at once by their date; this frees the rows. */
import type { Job } from '../../route.ts'
import type { Changes } from '../../store/changes.ts'
import type { Db } from '../../store/database.ts'
import { expiredTokens } from '../../store/tokens.ts'
import type { Authenticator } from './authenticate.ts'

const batch = 200

export const expireTokens = (deps: { db: Db; changes: Changes; authenticator: Authenticator }): Job => ({
  name: 'token-expiry',
  everySeconds: 60,
  run: async (signal) => {
    for (;;) {
      const due = await expiredTokens(deps.db, deps.changes.now(), batch)
      for (const hash of due) {
        if (signal.aborted) return
        await deps.authenticator.revoke(hash)
      }
      if (due.length < batch) return
    }
  },
})
