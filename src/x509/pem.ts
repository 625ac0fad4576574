/** PEM (RFC 7468): base64 text with a label around DER. */

export interface PemBlock {
  readonly label: string
  readonly der: Buffer
}

/** No newline at the end: Vault's issue and sign answers have none. */
export const encodePem = (label: string, der: Uint8Array): string => {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64')
  let text = `-----BEGIN ${label}-----\n`
  for (let at = 0; at < base64.length; at += 64) text += `${base64.slice(at, at + 64)}\n`
  return `${text}-----END ${label}-----`
}

const boundary = /^-----(BEGIN|END) ([^\r\n]*)-----\s*$/

const decodeBody = (body: string): Buffer | undefined => {
  // RFC 1421 headers (`Proc-Type: 4,ENCRYPTED`) end at an empty line; base64 has no colon.
  const base64 = (body.includes(':') ? body.replace(/^[^]*?\r?\n[ \t]*\r?\n/, '') : body).replace(/\s+/g, '')
  return base64.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
}

/** The lines that begin with five hyphens, by where they begin and end. */
function* boundaryLines(text: string): Generator<{ from: number; to: number }> {
  let from = text.startsWith('-----') ? 0 : text.indexOf('\n-----') + 1
  if (from === 0 && !text.startsWith('-----')) return
  for (;;) {
    const end = text.indexOf('\n', from)
    yield { from, to: end < 0 ? text.length : end }
    const next = end < 0 ? -1 : text.indexOf('\n-----', end)
    if (next < 0) return
    from = next + 1
  }
}

interface PlacedBlock extends PemBlock {
  /** Where its last line ends. */
  readonly end: number
}

function* placedBlocks(text: string): Generator<PlacedBlock> {
  let open: { label: string; bodyFrom: number } | undefined
  for (const { from, to } of boundaryLines(text)) {
    const [, side, label = ''] = boundary.exec(text.slice(from, to)) ?? []
    if (side === 'BEGIN') {
      open = { label, bodyFrom: to }
    } else if (side === 'END') {
      const der = open?.label === label ? decodeBody(text.slice(open.bodyFrom, from)) : undefined
      if (der) yield { label, der, end: to }
      open = undefined
    }
  }
}

/**
 * Every block of a text, in order. Text around them and blocks that are damaged (no end, another label at the end, bad
 * base64) are passed over, as Go does. It goes over the text once, whatever that holds: it comes from a client.
 */
export const decodePem = (text: string): PemBlock[] => [...placedBlocks(text)].map(({ label, der }) => ({ label, der }))

/** The same, and what follows the last block: nothing but white space, unless there is something else or damaged. */
export const decodePemWithRest = (text: string): { blocks: PemBlock[]; rest: string } => {
  const blocks = [...placedBlocks(text)]
  return { blocks: blocks.map(({ label, der }) => ({ label, der })), rest: text.slice(blocks.at(-1)?.end ?? 0) }
}
