import type { LeafNotAfterBehavior } from '../issuance/validity.ts'

/** What an issuer's row says beyond its certificate, in the words of the API. */
export interface IssuerDocument {
  usage: readonly string[]
  leaf_not_after_behavior: LeafNotAfterBehavior
  /** By Vault's name; what its CRLs are signed with. */
  revocation_signature_algorithm: string
}

export const issuerUsages: readonly string[] = ['crl-signing', 'issuing-certificates', 'ocsp-signing', 'read-only']
