/**
 * Bodies and query strings → parameters. Hostile ones are refused before anything is built from them: a few MiB of
 * `[` or `{}` take a hundred times their size once parsed, and what is nested deeply overflows the stack of everyone
 * who walks it later (the audit log's HMACs, JSON.stringify).
 */
import { isUtf8 } from 'node:buffer'
import { ChanceryError, invalidRequest } from '../errors.ts'

/** No parameter of Vault's nests deeper than ten; every later walk takes a stack frame per level. */
const maxDepth = 100
/** Keys included; OpenBao's default, because every string costs an HMAC in the audit log. */
const maxStrings = 1000
/** An estimate of what the parsed value takes; OpenBao's default, so that one 32 MiB string still fits. */
const maxParsedBytes = 32.5 * 1024 * 1024
/** Bytes of memory by kind of value, roughly V8's. Per byte of JSON `{},` is the worst: 37. */
const cost = { string: 16, array: 40, object: 88, element: 24 }
const worstCostPerByte = 40

const code = {
  quote: 0x22,
  comma: 0x2c,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
}

const undecodable = (reason: string) => invalidRequest(`failed to decode JSON input: ${reason}`)
const tooComplex = (reason: string) => invalidRequest(`refused JSON input due to high complexity: ${reason}`)

/** A handful of native searches for a usual body, never more than `limit + 1`. */
const hasMoreThan = (limit: number, byte: number, body: Buffer): boolean => {
  let count = 0
  for (let at = body.indexOf(byte); at >= 0; at = body.indexOf(byte, at + 1)) {
    if (++count > limit) return true
  }
  return false
}

/** Could it be over a limit? Cheap, and only bodies of which it cannot be excluded are scanned byte by byte. */
const mayBeComplex = (body: Buffer): boolean =>
  body.length * worstCostPerByte > maxParsedBytes ||
  (body.length > maxDepth &&
    (hasMoreThan(maxDepth / 2, code.openArray, body) || hasMoreThan(maxDepth / 2, code.openObject, body))) ||
  (body.length > 2 * maxStrings && hasMoreThan(2 * maxStrings, code.quote, body))

/** One pass that allocates nothing. What is no JSON passes here and fails in the parser. */
const refuseComplex = (body: Buffer): void => {
  let depth = 0
  let strings = 0
  let parsedBytes = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === code.quote) {
      const from = at
      for (at++; at < body.length && body[at] !== code.quote; at++) if (body[at] === code.backslash) at++
      parsedBytes += cost.string + at - from
      if (++strings > maxStrings) throw tooComplex('exceeded maximum number of strings')
    } else if (byte === code.openArray || byte === code.openObject) {
      parsedBytes += byte === code.openArray ? cost.array : cost.object
      if (++depth > maxDepth) throw undecodable('exceeded max depth')
    } else if (byte === code.closeArray || byte === code.closeObject) {
      depth--
    } else if (byte === code.comma) {
      parsedBytes += cost.element
    }
    if (parsedBytes > maxParsedBytes) throw tooComplex('exceeded maximum estimated memory limits')
  }
}

/** NUL and lone surrogates are legal JSON and no text: Postgres stores neither. */
const refuseUnstorable = (text: string): void => {
  if (text.includes('\0')) throw undecodable('a string contains NUL')
  if (!text.isWellFormed()) throw undecodable('a string contains half a surrogate pair')
}

const refuseUnsafe = (value: unknown): void => {
  if (typeof value === 'string') return refuseUnstorable(value)
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    // A key to JSON, the prototype to whoever copies it with `=` or Object.assign.
    if (key === '__proto__') throw undecodable('the key __proto__ is not allowed')
    refuseUnstorable(key)
    refuseUnsafe(item)
  }
}

/** V8's own messages quote the body, where secrets are. */
const syntaxError = (error: unknown) => {
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('Unexpected end')) return undecodable('unexpected EOF')
  const position = /at position (\d+)/.exec(message)?.[1]
  return undecodable(position ? `invalid character at position ${position}` : 'invalid character')
}

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/**
 * A JSON object, whatever the content type; nothing at all and `null` are the empty one. Of a repeated key the last
 * counts, as in Go.
 * @throws invalid request: no JSON, no object, not UTF-8, too complex
 */
export const parseJsonBody = (body: Buffer): Record<string, unknown> => {
  if (body.length === 0) return {}
  if (mayBeComplex(body)) refuseComplex(body)
  if (!isUtf8(body)) throw undecodable('invalid UTF-8')
  const text = body.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (text.trim() === '') return {}
    throw syntaxError(error)
  }
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw undecodable(`json: cannot unmarshal ${kindOf(value)} into Go value of type map[string]interface {}`)
  }
  // Without an escape the text is well-formed and has no NUL: it came as UTF-8, and raw NULs are no JSON.
  if (text.includes('\\u') || text.includes('__proto__')) refuseUnsafe(value)
  return value as Record<string, unknown>
}

const decodePart = (part: string): string => {
  let decoded = part
  try {
    if (part.includes('%') || part.includes('+')) decoded = decodeURIComponent(part.replaceAll('+', ' '))
  } catch {
    throw invalidRequest('invalid URL escape')
  }
  if (decoded.includes('\0')) throw invalidRequest('a parameter contains NUL')
  return decoded
}

/**
 * `a=1&b=2&a=3` as an object without prototype; a repeated key is an array.
 * @throws invalid request for a malformed escape, NUL, or more than 1000 parameters
 */
export const parseParameters = (text: string): Record<string, string | string[]> => {
  const parameters = Object.create(null) as Record<string, string | string[]>
  let count = 0
  for (let from = 0; from < text.length;) {
    const ampersand = text.indexOf('&', from)
    const to = ampersand < 0 ? text.length : ampersand
    if (to > from) {
      if (++count > maxStrings) throw invalidRequest('too many parameters')
      const equals = text.indexOf('=', from)
      const split = equals < 0 || equals > to ? to : equals
      const key = decodePart(text.slice(from, split))
      const value = decodePart(text.slice(split + 1, to))
      const earlier = parameters[key]
      if (earlier === undefined) parameters[key] = value
      else if (typeof earlier === 'string') parameters[key] = [earlier, value]
      else earlier.push(value)
    }
    from = to + 1
  }
  return parameters
}

/** `type/subtype`, lower case, without its parameters. */
export const mediaType = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

/** curl's -d calls everything a form: one that begins like JSON is JSON. */
const isForm = (contentType: string | undefined, body: Buffer): boolean =>
  contentType !== undefined &&
  mediaType(contentType) === 'application/x-www-form-urlencoded' &&
  !/^[ \t\r\n]*[[{]/.test(body.toString('latin1', 0, 512))

/** Decoding 32 MiB of escapes takes seconds, and what is large (a CSR, a bundle) is sent as JSON. */
const maxFormBytes = 1024 * 1024

/** A form; a repeated key's values are joined with commas, as Vault does. */
const parseForm = (body: Buffer): Record<string, unknown> => {
  if (body.length > maxFormBytes) throw new ChanceryError('too large', 'http: request body too large')
  if (!isUtf8(body)) throw invalidRequest('error parsing form data')
  const parameters = parseParameters(body.toString('utf8'))
  for (const [key, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) parameters[key] = value.join(',')
  }
  return parameters
}

/**
 * The parameters of a POST or PUT.
 * @throws invalid request; too large, for a form
 */
export const parseBody = (body: Buffer, contentType: string | undefined): Record<string, unknown> =>
  isForm(contentType, body) ? parseForm(body) : parseJsonBody(body)
