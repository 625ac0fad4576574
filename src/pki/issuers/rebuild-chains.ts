import type { Tx } from '../../store/database.ts'
import { listIssuers, updateIssuer, type StoredIssuer } from '../../store/pki-issuers.ts'
import { parseCertificate, type ParsedCertificate } from '../../x509/certificate.ts'
import { isCertificateSignedBy } from '../../x509/verify.ts'
import { buildChains, type ChainMember } from './chain.ts'
import { issuerDocumentOf } from './issuer-document.ts'

type Member = ChainMember & { readonly certificate: ParsedCertificate; readonly stored: StoredIssuer }

const memberOf = (stored: StoredIssuer): Member => {
  const { certificate: bytes } = stored
  const certificate = parseCertificate(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  const { subject, issuer } = certificate
  const manualChain = issuerDocumentOf(stored.document).manual_chain
  return { id: stored.id, subject, issuer, manualChain, certificate, stored }
}

/** Writes the chains that are no longer what they were. The caller holds the mount's issuers locked. */
export const rebuildChains = async (tx: Tx, mount: string, now: Date): Promise<void> => {
  const members = (await listIssuers(tx, mount)).map(memberOf)
  const chains = buildChains(members, (child, parent) => isCertificateSignedBy(child.certificate, parent.certificate))
  for (const { id, stored } of members) {
    const chain = chains.get(id) ?? [id]
    if (chain.join() !== stored.ca_chain.join()) await updateIssuer(tx, { mount, id }, { ca_chain: chain }, now)
  }
}
