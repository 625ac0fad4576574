/**
 * Policy text → rules, by Vault's grammar: HCL 1, or the same as JSON. What is accepted here is what `acl.ts` compiles
 * and `evaluate.ts` obeys, so a key that would restrict something and is not obeyed is refused.
 *
 * Vault accepts `mfa_methods`, `control_group` and `subscribe_event_types` and, in its free edition, does nothing with
 * them; so do we. OpenBao's `expiration`, `pagination_limit` and `list_scan_response_keys_filter_path` are refused, as
 * in Vault.
 */
import { parseDuration } from '../../fields.ts'
import { checkKeys, objects, readBlock, type Parameters } from './block.ts'
import { capabilityBit, denyBit, legacyPolicies } from './capability.ts'
import { parseHcl } from './hcl.ts'
import { parseJson } from './json.ts'
import { templateParts } from './pattern.ts'
import { quoted, refused, syntaxError, type Item, type Node } from './syntax.ts'

export interface PathRule {
  /** Below the policy's namespace, no leading slash; `*`, `+` and `{{…}}` as written. */
  readonly pattern: string
  readonly templated: boolean
  /** Bits of `capability.ts`. A rule that denies has the deny bit and nothing else. */
  readonly capabilities: number
  /** Seconds; 0 is unset. */
  readonly minWrappingTtl: number
  readonly maxWrappingTtl: number
  /** Empty: unset. */
  readonly allowedParameters: Parameters
  readonly deniedParameters: Parameters
  readonly requiredParameters: ReadonlySet<string>
}

export interface ParsedPolicy {
  readonly paths: readonly PathRule[]
}

/** Bytes. A policy is read by every call of its holders and parsed by every replica. */
export const maxPolicySize = 1_048_576

/** Longer than the path of any request can be. */
const maxPatternLength = 8_192

/** @throws invalid request: `failed to parse policy: …`, as Vault words it, with line and column where there is one */
export const parsePolicy = (source: string): ParsedPolicy => {
  if (Buffer.byteLength(source) > maxPolicySize) throw refused(`policy is larger than ${maxPolicySize} bytes`)
  const text = source.replaceAll('\r\n', '\n')
  const nul = text.indexOf('\0')
  if (nul >= 0) throw syntaxError(text, nul, 'unexpected null character (0x00)')
  if (!text.isWellFormed()) throw refused('text is not valid UTF-8')
  const items = text.trimStart().startsWith('{') ? parseJson(text) : parseHcl(text)
  checkKeys(text, items, ['name', 'path'], '')
  const blocks = items.filter((item) => item.keys[0] === 'path').flatMap((item) => pathBlocks(text, item))
  return { paths: blocks.map((block) => pathRule(text, block)) }
}

interface PathBlock {
  path: string
  items: Item[]
}

/** `path "a" { }`, or JSON's `"path": {"a": { }}` and lists of either. */
const pathBlocks = (text: string, item: Item): PathBlock[] => {
  const [, label, surplus] = item.keys
  if (surplus !== undefined) {
    throw syntaxError(text, item.at, `unexpected ${quoted(surplus)}`, `path ${quoted(label ?? '')}: `)
  }
  if (label !== undefined) return objects(text, item.value).map((items) => ({ path: label, items }))
  return objects(text, item.value).flatMap((named) =>
    named.flatMap((inner) => pathBlocks(text, { ...inner, keys: ['path', ...inner.keys] })),
  )
}

const blockKeys = [
  'allowed_parameters',
  'capabilities',
  'comment',
  'control_group',
  'denied_parameters',
  'max_wrapping_ttl',
  'mfa_methods',
  'min_wrapping_ttl',
  'policy',
  'required_parameters',
  'subscribe_event_types',
]

const pathRule = (text: string, { path, items }: PathBlock): PathRule => {
  const within = `path ${quoted(path)}: `
  const parts = templateParts(path)
  if (!parts) throw refused('failed to validate policy templating: unbalanced templating characters')
  checkKeys(text, items, blockKeys, within)
  const pattern = path.replace(/^\//, '')
  if (pattern.length > maxPatternLength) throw refused(`${within}longer than ${maxPatternLength} characters`)
  if (pattern.includes('+*')) throw refused(`${within}invalid use of wildcards ('+*' is forbidden)`)

  const block = readBlock(text, within, items)
  const minWrappingTtl = wrappingTtl(within, 'min_wrapping_ttl', block.single('min_wrapping_ttl'))
  const maxWrappingTtl = wrappingTtl(within, 'max_wrapping_ttl', block.single('max_wrapping_ttl'))
  if (minWrappingTtl > 0 && maxWrappingTtl > 0 && maxWrappingTtl < minWrappingTtl) {
    throw refused(`${within}max_wrapping_ttl cannot be less than min_wrapping_ttl`)
  }
  return {
    pattern,
    templated: parts.length > 1,
    capabilities: capabilitiesOf(within, block.strings('capabilities'), block.string('policy')),
    minWrappingTtl,
    maxWrappingTtl,
    allowedParameters: block.parameters('allowed_parameters'),
    deniedParameters: block.parameters('denied_parameters'),
    requiredParameters: new Set(block.strings('required_parameters')),
  }
}

const capabilitiesOf = (within: string, capabilities: readonly string[], policy: string): number => {
  let granted = policy === '' ? 0 : legacyPolicies.get(policy)
  if (granted === undefined) throw refused(`${within}invalid policy ${quoted(policy)}`)
  for (const capability of capabilities) {
    // What stands beside a deny says nothing; Vault does not even look at what comes after it.
    if (granted & denyBit) break
    const bit = capabilityBit(capability)
    if (bit === undefined) throw refused(`${within}invalid capability ${quoted(capability)}`)
    granted |= bit
  }
  return granted & denyBit ? denyBit : granted
}

/** Seconds; 0 for what is not set. */
const wrappingTtl = (within: string, key: string, node: Node | undefined): number => {
  if (!node) return 0
  const given = node.kind === 'string' ? node.value : node.kind === 'number' ? integer(node.text) : undefined
  const seconds = given === undefined ? undefined : parseDuration(given)
  // Less than a second would round down to 0, which is no limit at all; a negative limit would be none either.
  const vanishes = seconds === 0 && /[1-9]/.test(String(given))
  if (seconds === undefined || seconds < 0 || vanishes || !Number.isSafeInteger(seconds)) {
    throw refused(`${within}error parsing ${key}: time: invalid duration ${quoted(String(given ?? node.kind))}`)
  }
  return seconds
}

/** HCL's numbers: decimal, `0x`, and octal behind a zero. */
const integer = (text: string): number | undefined => {
  if (/^-?0\d+$/.test(text)) return /[89]/.test(text) ? undefined : parseInt(text, 8)
  return Number(text)
}
