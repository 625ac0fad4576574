import type { Tx } from '../../store/database.ts'
import { listIssuers, updateIssuer, type StoredIssuer } from '../../store/pki-issuers.ts'
import { parseCertificate, type ParsedCertificate } from '../../x509/certificate.ts'
import { isCertificateSignedBy } from '../../x509/verify.ts'
import { buildChains, type ChainMember } from './chain.ts'
import { issuerDocumentOf } from './issuer-document.ts'

type Member = ChainMember & {
  readonly certificate: ParsedCertificate
  readonly stored: StoredIssuer
  /** SHA-256 of the certificate. */
  readonly fingerprint: string
}

/** Pairs of certificates whose answer is kept. */
const mostPairs = 200_000

/**
 * Who has signed whom never changes, and a rebuild asks of every two issuers that share a name: without this, the
 * hundredth reissue of a root would check thousands of signatures with the issuers locked.
 */
const signedBy = new Map<string, boolean>()

const isSignedBy = (child: Member, parent: Member): boolean => {
  const pair = `${child.fingerprint} ${parent.fingerprint}`
  const known = signedBy.get(pair)
  if (known !== undefined) return known
  if (signedBy.size >= mostPairs) signedBy.clear()
  const found = isCertificateSignedBy(child.certificate, parent.certificate)
  signedBy.set(pair, found)
  return found
}

const memberOf = (stored: StoredIssuer): Member => {
  const { certificate: bytes } = stored
  const certificate = parseCertificate(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  const { subject, issuer } = certificate
  const manualChain = issuerDocumentOf(stored.document).manual_chain
  const fingerprint = Buffer.from(stored.certificate_sha256).toString('base64')
  return { id: stored.id, subject, issuer, manualChain, certificate, stored, fingerprint }
}

/** Writes the chains that are no longer what they were. The caller holds the mount's issuers locked. */
export const rebuildChains = async (tx: Tx, mount: string, now: Date): Promise<void> => {
  const members = (await listIssuers(tx, mount)).map(memberOf)
  const chains = buildChains(members, isSignedBy)
  for (const { id, stored } of members) {
    const chain = chains.get(id) ?? [id]
    if (chain.join() !== stored.ca_chain.join()) await updateIssuer(tx, { mount, id }, { ca_chain: chain }, now)
  }
}
