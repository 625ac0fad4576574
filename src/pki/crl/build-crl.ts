/** A signed CRL of one issuer. Nothing can be revoked yet, so it is an empty list. */
import type { Signer } from '../../keys/signer.ts'
import type { CrlRecord } from '../../store/pki-crls.ts'
import { signatureAlgorithmNamed } from '../../x509/algorithms.ts'
import { assemble, toBeSigned } from '../../x509/crl.ts'
import { crlNumber } from '../../x509/extensions.ts'

/** Vault's default `expiry`: 72 h. */
const expirySeconds = 72 * 3600

/** What signs it: an issuer, or one that is being made. */
export interface CrlIssuer {
  readonly id: string
  readonly namespace: string
  /** Name, DER. */
  readonly subject: Buffer
  /** The whole extension. */
  readonly authorityKeyIdentifier: Buffer
  readonly revocationSignatureAlgorithm: string
  readonly signer: Signer
}

/** @param number RFC 5280 §5.2.3: higher than that of every CRL the issuer has signed before */
export const buildCrl = async (mount: string, issuer: CrlIssuer, number: number, now: Date): Promise<CrlRecord> => {
  const { signer } = issuer
  const algorithm = signatureAlgorithmNamed(issuer.revocationSignatureAlgorithm) ?? signer.defaultAlgorithm
  const thisUpdate = new Date(Math.floor(now.getTime() / 1000) * 1000)
  const nextUpdate = new Date(thisUpdate.getTime() + expirySeconds * 1000)
  const bytes = toBeSigned({
    signature: algorithm,
    issuer: issuer.subject,
    thisUpdate,
    nextUpdate,
    entries: [],
    extensions: [issuer.authorityKeyIdentifier, crlNumber(number)],
  })
  return {
    mount,
    namespace: issuer.namespace,
    issuer: issuer.id,
    kind: 'complete',
    number,
    der: assemble(bytes, algorithm, await signer.sign(bytes, algorithm)),
    this_update: thisUpdate,
    next_update: nextUpdate,
  }
}
