/** Reading what was stored, by serial number. */
import { invalidRequest } from '../../errors.ts'
import type { Mount } from '../../route.ts'
import { findCertificate, listSerials } from '../../store/certificates.ts'
import { parseSerial, serialText } from '../../x509/serial.ts'
import type { PkiDeps } from '../deps.ts'

/** DER; `undefined` for a serial that is not stored, or is none. */
export const fetchCertificate = async (
  { db }: Pick<PkiDeps, 'db'>,
  mount: Mount,
  text: string,
): Promise<Uint8Array | undefined> => {
  const serial = parseSerial(text)
  return serial && (await findCertificate(db, mount.uuid, serial))?.der
}

/** Texts of serials in ascending order. @throws ChanceryError for an `after` that is no serial */
export const listCertificates = async (
  { db }: Pick<PkiDeps, 'db'>,
  mount: Mount,
  page: { after?: string | undefined; limit?: number | undefined },
): Promise<string[]> => {
  const after = page.after ? parseSerial(page.after) : undefined
  if (page.after && !after) throw invalidRequest(`after: ${JSON.stringify(page.after)} is not a serial number`)
  const limit = page.limit !== undefined && page.limit > 0 ? page.limit : undefined
  return (await listSerials(db, mount.uuid, { after, limit })).map(serialText)
}
