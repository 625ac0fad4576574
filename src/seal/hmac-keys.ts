/** Keys for HMACs of what must be found again without being stored, such as token ids. They never change. */
import type { Db } from '../store/database.ts'
import { listHmacKeys } from '../store/seal.ts'
import type { Barrier } from './barrier.ts'

export const hmacKeyPlace = (name: string): string[] => ['hmac_keys', 'value', name]

/** Every HMAC key, decrypted. @throws ChanceryError as `Barrier.decrypt` */
export const loadHmacKeys = async (db: Db, barrier: Barrier): Promise<Map<string, Buffer>> =>
  new Map((await listHmacKeys(db)).map(({ name, value }) => [name, barrier.decrypt(hmacKeyPlace(name), value)]))
