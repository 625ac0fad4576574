/** Conditional GETs: "not since then", for mounts that are tuned to let the header in (Vault's rule). */
import type { Call, RawReply } from '../route.ts'

/**
 * 304, or `undefined` when the thing has to be sent. Strict, as in Vault: the header has whole seconds, and a change
 * within its second must not be missed.
 */
export const notModified = (
  { ifModifiedSince }: Pick<Call, 'ifModifiedSince'>,
  modifiedAt: Date,
): RawReply | undefined => {
  // A date that is none counts as not sent (RFC 9110 §13.1.3).
  if (ifModifiedSince === undefined || !(modifiedAt.getTime() < Date.parse(ifModifiedSince))) return undefined
  return { raw: { contentType: '', body: '', status: 304, headers: { 'Last-Modified': modifiedAt.toUTCString() } } }
}
