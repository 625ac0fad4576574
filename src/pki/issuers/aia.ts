/**
 * Where a client finds more about a certificate: its issuer's certificate, a CRL, an OCSP responder. An issuer's own
 * URLs count all together or not at all: if it has any, nothing of the mount's is mixed in.
 */
import { invalidRequest } from '../../errors.ts'
import {
  authorityInfoAccess,
  crlDistributionPoints,
  freshestCrl,
  type CertificateExtensions,
} from '../../x509/extensions.ts'

const urlFields = [
  'issuing_certificates',
  'crl_distribution_points',
  'delta_crl_distribution_points',
  'ocsp_servers',
] as const

export type AiaUrls = Readonly<Record<(typeof urlFields)[number], readonly string[]>>

export interface AiaConfig extends AiaUrls {
  /** Are `{{issuer_id}}` and its like to be replaced at issuance? */
  enable_templating: boolean
}

/** What templates are replaced with; `''` is not known. */
export interface AiaFacts {
  readonly issuerId: string
  readonly clusterPath: string
  readonly clusterAiaPath: string
}

export const noAia: AiaConfig = {
  issuing_certificates: [],
  crl_distribution_points: [],
  delta_crl_distribution_points: [],
  ocsp_servers: [],
  enable_templating: false,
}

/** Delta CRLs alone do not count, as in Vault: without a complete CRL they say nothing. */
export const hasAia = (urls: AiaUrls): boolean =>
  urls.issuing_certificates.length + urls.crl_distribution_points.length + urls.ocsp_servers.length > 0

/** What whoever adds an issuer is told. */
export const noAiaWarning =
  "This mount hasn't configured any authority information access (AIA) fields; this may make it harder for systems to find missing certificates in the chain or to validate revocation status of certificates. Consider updating /config/urls or the newly generated issuer with this information."

const templates = [
  {
    text: '{{cluster_path}}',
    fact: 'clusterPath',
    missing: 'unable to template AIA URLs as we lack local cluster address information (path)',
  },
  {
    text: '{{cluster_aia_path}}',
    fact: 'clusterAiaPath',
    missing: 'unable to template AIA URLs as we lack local cluster address information (aia_path)',
  },
  {
    text: '{{issuer_id}}',
    fact: 'issuerId',
    missing: 'unable to template AIA URLs as we lack an issuer_id for this operation',
  },
] as const

/** RFC 5280 §4.2.1.13: absolute, and in ASCII. A template that nobody replaces is no URL. */
export const isAiaUrl = (url: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(url) &&
  /^[\x21-\x7e]+$/.test(url) &&
  URL.canParse(url) &&
  !templates.some(({ text }) => url.includes(text))

/** @throws ChanceryError naming the field and the first URL that is none */
export const checkAiaUrls = (urls: AiaUrls): void => {
  for (const field of urlFields) {
    const wrong = urls[field].find((url) => !isAiaUrl(url))
    if (wrong !== undefined) {
      throw invalidRequest(`invalid URL found in Authority Information Access (AIA) parameter ${field}: ${wrong}`)
    }
  }
}

const fill = (url: string, facts: AiaFacts): string => {
  for (const { text, fact, missing } of templates) {
    if (url.includes(text) && facts[fact] === '') throw invalidRequest(missing)
  }
  return templates.reduce((filled, { text, fact }) => filled.replaceAll(text, facts[fact]), url)
}

/** The URLs as a certificate will have them. @throws ChanceryError in Vault's words for a template that cannot be filled */
export const resolveAia = (config: AiaConfig, facts: AiaFacts): AiaUrls => {
  if (!hasAia(config)) return noAia
  if (!config.enable_templating) return config
  const resolve = (field: (typeof urlFields)[number]): string[] => {
    const urls = config[field].map((url) => fill(url, facts))
    const wrong = urls.find((url) => !isAiaUrl(url))
    if (wrong !== undefined) throw invalidRequest(`error validating templated ${field}; invalid URI: ${wrong}`)
    return urls
  }
  return {
    issuing_certificates: resolve('issuing_certificates'),
    crl_distribution_points: resolve('crl_distribution_points'),
    delta_crl_distribution_points: resolve('delta_crl_distribution_points'),
    ocsp_servers: resolve('ocsp_servers'),
  }
}

export type AiaExtensions = Pick<CertificateExtensions, 'authorityInfoAccess' | 'crlDistributionPoints' | 'freshestCrl'>

export const aiaExtensions = (urls: AiaUrls): AiaExtensions => {
  const { issuing_certificates: caIssuers, ocsp_servers: ocsp } = urls
  const { crl_distribution_points: crls, delta_crl_distribution_points: deltas } = urls
  return {
    authorityInfoAccess: ocsp.length + caIssuers.length > 0 ? authorityInfoAccess(ocsp, caIssuers) : undefined,
    crlDistributionPoints: crls.length > 0 ? crlDistributionPoints(crls) : undefined,
    freshestCrl: deltas.length > 0 ? freshestCrl(deltas) : undefined,
  }
}
