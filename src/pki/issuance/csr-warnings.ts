/** What a CSR said that its certificate does not say: nothing is dropped or changed without a word. */
import type { ParsedCsr } from '../../x509/csr.ts'
import { parseExtensionList, type ParsedExtension } from '../../x509/extension-reader.ts'
import { generalNameText } from '../../x509/general-names.ts'
import { parseName, type NameAttribute } from '../../x509/name.ts'
import { attributeName, extensionName, extensionOids } from '../../x509/oids.ts'
import type { Certified } from './certify.ts'
import type { Plan } from './plan.ts'

/** Vault has a sentence of its own for the first; alternative names are compared one by one. */
const toldElsewhere: readonly string[] = [extensionOids.basicConstraints, extensionOids.subjectAltName]

const key = ({ oid, value }: NameAttribute): string => `${oid}=${value}`

const lostAttributes = (csr: ParsedCsr, { subject }: Pick<Certified, 'subject'>): string[] => {
  if (csr.subject.equals(subject)) return []
  const kept = new Set(parseName(subject).flat().map(key))
  return csr.subjectAttributes.flat().flatMap((attribute) => (kept.has(key(attribute)) ? [] : [attribute.oid]))
}

/** By value: that we call a key usage critical changes nothing of what it allows. */
const lostExtensions = (csr: ParsedCsr, { extensions }: Pick<Certified, 'extensions'>): ParsedExtension[] => {
  const asked = csr.extensions.filter(({ oid }) => !toldElsewhere.includes(oid))
  if (asked.length === 0) return []
  const kept = parseExtensionList(extensions)
  return asked.filter(({ oid, value }) => !kept.some((other) => other.oid === oid && other.value.equals(value)))
}

const lostNames = (csr: ParsedCsr, { sans }: Pick<Plan, 'sans'>): string[] => {
  const kept = new Set(sans.map(generalNameText))
  return csr.sans.map(generalNameText).filter((text) => !kept.has(text))
}

const sentence = (what: string, names: readonly string[]): string[] =>
  names.length === 0
    ? []
    : [
        `specified CSR contained ${what} that were ignored or altered during issuance: ${[...new Set(names)].join(', ')}`,
      ]

/** The sentences, none for a CSR that got what it asked for. */
export const leftOutOf = (
  csr: ParsedCsr,
  plan: Pick<Plan, 'sans'>,
  certified: Pick<Certified, 'subject' | 'extensions'>,
): string[] => [
  ...sentence('subject attributes', lostAttributes(csr, certified).map(attributeName)),
  ...sentence('Subject Alternative Names', lostNames(csr, plan)),
  ...sentence(
    'extensions',
    lostExtensions(csr, certified).map(({ oid }) => extensionName(oid)),
  ),
  ...sentence('attributes', csr.otherAttributes),
]
