/** The last look at a root: what breaks the profile is not kept. */
import { invalidRequest } from '../../errors.ts'
import { findingText, lintCertificate } from '../../x509/lint.ts'

/** The sections of which a root without a subject breaks a rule. Vault makes one all the same, and warns. */
const ofTheSubject: readonly string[] = ['4.1.2.4', '4.1.2.6']

/**
 * @param keyId of the root's own key
 * @throws ChanceryError invalid request with the rules that it breaks: what varies in a root is the operator's to say
 */
export const refuseUnlessRootClean = (der: Buffer, keyId: Buffer, hasSubject: boolean): void => {
  const findings = lintCertificate(der, { issuerKeyId: keyId, subjectKeyId: keyId, isCa: true }).filter(
    ({ section }) => hasSubject || !ofTheSubject.includes(section),
  )
  if (findings.length > 0) throw invalidRequest(`no root was made: ${findings.map(findingText).join('; ')}`)
}
