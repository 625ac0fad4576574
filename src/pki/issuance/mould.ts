/**
 * What all certificates of one issuer and one role have in common, encoded once. It lives as long as both: a role or an
 * issuer that changes is another object in its cache, so there is nothing here to invalidate.
 */
import { invalidRequest } from '../../errors.ts'
import { chooseSignature, type SignatureAlgorithm } from '../../x509/algorithms.ts'
import {
  basicConstraints,
  certificatePolicies,
  extKeyUsage,
  keyUsage,
  type CertificateExtensions,
} from '../../x509/extensions.ts'
import type { SigningIssuer } from '../issuers/load-issuer.ts'
import { parsePolicyIdentifiers } from '../roles/policy-identifiers.ts'
import type { Role } from '../roles/schema.ts'
import { extKeyUsagesOf, keyUsagesOf } from './usages.ts'

/** Vault lets the role choose an EC issuer's hash for CSRs only. */
export type Purpose = 'issue' | 'sign'

export interface Mould {
  readonly signature: SignatureAlgorithm
  readonly extensions: CertificateExtensions
}

const make = (issuer: SigningIssuer, role: Role, purpose: Purpose): Mould => {
  const usages = keyUsagesOf(role.key_usage)
  // RFC 5280 4.2.1.9: CertSign without being a CA says nothing, and some verifiers refuse the certificate.
  if (usages.includes('CertSign')) throw invalidRequest('the key usage CertSign is for CA certificates only')
  const purposes = extKeyUsagesOf(role)
  const policies = parsePolicyIdentifiers(role.policy_identifiers)
  const { publicKey } = issuer.signer
  const signatureBits = publicKey.type === 'ec' && purpose === 'issue' ? 0 : role.signature_bits
  return {
    signature: chooseSignature(publicKey, { signatureBits, usePss: role.use_pss }),
    extensions: {
      keyUsage: usages.length > 0 ? keyUsage(usages) : undefined,
      extKeyUsage: purposes.length > 0 ? extKeyUsage(purposes) : undefined,
      basicConstraints: role.basic_constraints_valid_for_non_ca ? basicConstraints(false) : undefined,
      certificatePolicies: policies.length > 0 ? certificatePolicies(policies) : undefined,
      authorityKeyIdentifier: issuer.authorityKeyIdentifier,
    },
  }
}

const moulds: Record<Purpose, WeakMap<SigningIssuer, WeakMap<Role, Mould>>> = {
  issue: new WeakMap(),
  sign: new WeakMap(),
}

export const mouldOf = (issuer: SigningIssuer, role: Role, purpose: Purpose): Mould => {
  let ofIssuer = moulds[purpose].get(issuer)
  if (!ofIssuer) moulds[purpose].set(issuer, (ofIssuer = new WeakMap()))
  let mould = ofIssuer.get(role)
  if (!mould) ofIssuer.set(role, (mould = make(issuer, role, purpose)))
  return mould
}
