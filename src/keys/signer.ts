/**
 * What signs. Who holds one knows a public key and what it can do; where the private key lies, in memory or in an HSM,
 * is the implementation's business, and it never comes out.
 */
import type { PublicKey, SignatureAlgorithm } from '../x509/algorithms.ts'

export interface Signer {
  readonly publicKey: PublicKey
  /** What it can sign with; `defaultAlgorithm` is one of them. */
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly defaultAlgorithm: SignatureAlgorithm
  /**
   * Signs the bytes themselves, not their hash. ECDSA signatures are DER (RFC 3279 2.2.3), as X.509 wants them.
   * Synchronous where signing is quicker than a turn of the event loop; `await` takes both.
   */
  sign(bytes: Uint8Array, algorithm: SignatureAlgorithm): Buffer | Promise<Buffer>
}
