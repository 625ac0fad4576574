import type { AiaConfig, AiaUrls } from './aia.ts'
import type { LeafNotAfterBehavior } from '../issuance/validity.ts'

/** What an issuer's row says beyond its certificate, in the words of the API. */
export interface IssuerDocument extends AiaUrls {
  usage: readonly string[]
  leaf_not_after_behavior: LeafNotAfterBehavior
  /** By Vault's name, `''` leaves it to the key; what its CRLs are signed with. */
  revocation_signature_algorithm: string
  /** Ids, the issuer itself first; empty where the chain is computed. */
  manual_chain: readonly string[]
  enable_aia_url_templating: boolean
}

/** In the order in which they are read back. */
export const issuerUsages: readonly string[] = ['crl-signing', 'issuing-certificates', 'ocsp-signing', 'read-only']

export const issuerDefaults: IssuerDocument = {
  usage: issuerUsages,
  leaf_not_after_behavior: 'err',
  revocation_signature_algorithm: '',
  manual_chain: [],
  issuing_certificates: [],
  crl_distribution_points: [],
  delta_crl_distribution_points: [],
  ocsp_servers: [],
  enable_aia_url_templating: false,
}

/** A stored document; what an older version did not know is at its default. */
export const issuerDocumentOf = (stored: Readonly<Record<string, unknown>>): IssuerDocument => ({
  ...issuerDefaults,
  ...stored,
})

export const aiaConfigOf = ({ enable_aia_url_templating, ...urls }: IssuerDocument): AiaConfig => ({
  ...urls,
  enable_templating: enable_aia_url_templating,
})
