/** What the settings of a mount accept and return. */
import { z } from 'zod'
import { bool, list, text } from '../../fields.ts'

export const urlsFields = {
  issuing_certificates: list("URLs of the issuer's certificate."),
  crl_distribution_points: list('URLs of the CRL.'),
  delta_crl_distribution_points: list('URLs of the delta CRL.'),
  ocsp_servers: list('URLs of OCSP responders.'),
  enable_templating: bool('Replace {{issuer_id}}, {{cluster_path}} and {{cluster_aia_path}} at issuance?'),
}

export const urlsReply = z.object({
  issuing_certificates: z.array(z.string()),
  crl_distribution_points: z.array(z.string()),
  delta_crl_distribution_points: z.array(z.string()),
  ocsp_servers: z.array(z.string()),
  enable_templating: z.boolean(),
})

export const clusterFields = {
  path: text("URL of this mount's API, such as https://pki.example.com/v1/pki."),
  aia_path: text('URL that AIA is fetched under; plain HTTP may do.'),
}

export const clusterReply = z.object({ path: z.string(), aia_path: z.string() })

export const issuersConfigFields = {
  default: text('Name or id of the issuer that is to be the default.'),
  default_follows_latest_issuer: bool('Does a new issuer with a key become the default?'),
}

export const issuersConfigReply = z.object({ default: z.string(), default_follows_latest_issuer: z.boolean() })

export const keysConfigFields = { default: text('Name or id of the key that is to be the default.') }

export const keysConfigReply = z.object({ default: z.string() })
