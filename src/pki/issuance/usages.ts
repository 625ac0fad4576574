/** Key usages and extended ones that a role asks for. Names that nobody knows are passed over, as in Vault. */
import {
  extKeyUsageNamed,
  extKeyUsages,
  keyUsageNamed,
  type ExtKeyUsage,
  type KeyUsage,
} from '../../x509/extensions.ts'
import type { Role } from '../roles/schema.ts'

const known = <T>(value: T | undefined): value is T => value !== undefined

export const keyUsagesOf = (names: readonly string[]): KeyUsage[] => [
  ...new Set(names.map(keyUsageNamed).filter(known)),
]

type UsageRules = Pick<
  Role,
  'client_flag' | 'code_signing_flag' | 'email_protection_flag' | 'ext_key_usage' | 'ext_key_usage_oids' | 'server_flag'
>

/** Dotted OIDs: the named ones in Vault's order, then the role's own. */
export const extKeyUsagesOf = (role: UsageRules): string[] => {
  const flags: readonly (readonly [boolean, ExtKeyUsage])[] = [
    [role.server_flag, 'ServerAuth'],
    [role.client_flag, 'ClientAuth'],
    [role.code_signing_flag, 'CodeSigning'],
    [role.email_protection_flag, 'EmailProtection'],
  ]
  const named = new Set([
    ...flags.flatMap(([set, usage]) => (set ? [usage] : [])),
    ...role.ext_key_usage.map(extKeyUsageNamed).filter(known),
  ])
  const inOrder = (Object.keys(extKeyUsages) as ExtKeyUsage[]).filter((usage) => named.has(usage))
  return [...new Set([...inOrder.map((usage) => extKeyUsages[usage]), ...role.ext_key_usage_oids])]
}
