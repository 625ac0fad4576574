/** What a policy can grant, as bits of one number. */
import type { Operation } from '../../route.ts'

/** `scan` is OpenBao's, `subscribe` and `recover` are Vault's; no operation here needs them. */
const names = [
  'deny',
  'create',
  'read',
  'update',
  'delete',
  'list',
  'sudo',
  'patch',
  'scan',
  'subscribe',
  'recover',
] as const

const bits: ReadonlyMap<string, number> = new Map(names.map((name, at) => [name, 1 << at]))

/** The bit of a capability's name, or `undefined` for what is none. */
export const capabilityBit = (name: string): number | undefined => bits.get(name)

export const denyBit = 1
export const sudoBit = 1 << names.indexOf('sudo')

/** Every operation needs the capability of its own name. */
export const operationBits: Readonly<Record<Operation, number>> = {
  create: 1 << names.indexOf('create'),
  read: 1 << names.indexOf('read'),
  update: 1 << names.indexOf('update'),
  delete: 1 << names.indexOf('delete'),
  list: 1 << names.indexOf('list'),
  patch: 1 << names.indexOf('patch'),
}

/** The names of the bits set, sorted. */
export const capabilityNames = (capabilities: number): string[] =>
  names.filter((_, at) => capabilities & (1 << at)).sort()

const union = (...granted: readonly string[]): number => granted.reduce((sum, name) => sum | (bits.get(name) ?? 0), 0)

/** The words of `policy = "…"`, from before there were capabilities. */
export const legacyPolicies: ReadonlyMap<string, number> = new Map([
  ['deny', denyBit],
  ['read', union('read', 'list')],
  ['write', union('create', 'read', 'update', 'delete', 'list')],
  ['sudo', union('create', 'read', 'update', 'delete', 'list', 'sudo')],
])
