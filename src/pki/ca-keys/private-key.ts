/** A private key between the process and its row: it is only ever stored as the barrier encrypts it. */
import type { Barrier } from '../../seal/barrier.ts'

interface KeyRow {
  mount: string
  id: string
}

const place = ({ mount, id }: KeyRow): string[] => ['pki_keys', 'private_key', mount, id]

/** @param pkcs8 DER */
export const encryptPrivateKey = (barrier: Barrier, row: KeyRow, pkcs8: Uint8Array): Buffer =>
  barrier.encrypt(place(row), pkcs8)

/** PKCS#8 DER. */
export const decryptPrivateKey = (barrier: Barrier, row: KeyRow & { private_key: Uint8Array }): Buffer =>
  barrier.decrypt(place(row), row.private_key)
