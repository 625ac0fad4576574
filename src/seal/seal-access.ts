/** What rekey and generate-root may ask of the seal. Everything but `turns` is called inside a turn. */
import type { Log } from '../store/log.ts'
import type { Turns } from './turns.ts'

export interface SealAccess {
  readonly turns: Turns
  readonly type: 'file' | 'shamir'
  readonly log: Log
  /** Shares that the seal's key takes. @throws ChanceryError `sealed` */
  threshold(): number
  /** Does this key open the root key, and is that the one in use? */
  isSealKey(key: Uint8Array): Promise<boolean>
  /** Puts the root key (a new one) under `key`, on every replica or on none. */
  replaceSealKey(key: Uint8Array, shares: number, threshold: number): Promise<void>
  /** Makes a root token and gives its id to `use`; when that throws there is no such token. */
  createRootToken<T>(use: (token: string) => T): Promise<T>
}
