/** The last look at a certificate: what breaks the profile does not leave. */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import { findingText, lintCertificate, lintVariableParts, type LintContext } from '../../x509/lint.ts'
import type { Mould } from './mould.ts'

/** Those of which a certificate has passed every rule: of the next ones only the rest is looked at. */
const passed = new WeakSet<Mould>()

/** @throws ChanceryError internal, with the rules that it breaks: the fault is ours, and the log has it */
export const refuseUnlessClean = (der: Buffer, mould: Mould, context: LintContext): void => {
  const findings = passed.has(mould) ? lintVariableParts(der, context) : lintCertificate(der, context)
  if (findings.length > 0) {
    throw new ChanceryError('internal', `a certificate was not let out: ${findings.map(findingText).join('; ')}`)
  }
  passed.add(mould)
}

/** As above, where extensions are another's: the fault is the CSR's. @throws ChanceryError invalid request */
export const refuseUnlessCsrClean = (der: Buffer, context: LintContext): void => {
  const findings = lintCertificate(der, context)
  if (findings.length > 0) {
    throw invalidRequest(`specified CSR cannot be signed verbatim: ${findings.map(findingText).join('; ')}`)
  }
}
