/** `<oid>;utf8:<value>`: how Vault writes an otherName in requests, and a pattern for them in roles. */

export interface OtherName {
  /** Dotted. */
  oid: string
  value: string
}

/** The name, or a sentence about what is wrong with the text. */
export const parseOtherName = (text: string): OtherName | string => {
  const quoted = JSON.stringify(text)
  const semicolon = text.indexOf(';')
  if (semicolon < 0) return `expected a semicolon in other SAN ${quoted}`
  const typed = text.slice(semicolon + 1)
  const colon = typed.indexOf(':')
  if (colon < 0) return `expected a colon in other SAN ${quoted}`
  if (!/^utf-?8$/i.test(typed.slice(0, colon))) {
    return `only utf8 other SANs are supported; found non-supported type in other SAN ${quoted}`
  }
  return { oid: text.slice(0, semicolon), value: typed.slice(colon + 1) }
}
