/** Serial numbers: big-endian octets of a positive number everywhere inside, colon hex outside. */
import { randomBytes } from 'node:crypto'

/** RFC 5280 4.1.2.2. */
const octets = 20

/**
 * A new serial number of exactly 20 octets, 158 of its bits from the system's random source. Replicas need no
 * agreement: two equal ones are not to be expected in any number of certificates that anybody will issue.
 */
export const randomSerial = (): Buffer => {
  const serial = randomBytes(octets)
  // The leading bit is a sign. A first octet of zero would make the number shorter than its twenty octets, so the bit
  // after the sign is always set: a serial is then never zero and has one length and one text.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial
}

/** Lower-case hex with a colon between octets: `4a:0b:…`. */
export const serialText = (serial: Uint8Array): string =>
  Buffer.from(serial.buffer, serial.byteOffset, serial.length)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:')

/** Octets of a serial in colon or hyphen form, any case; `undefined` for anything else, bare hex included. */
export const parseSerial = (text: string): Buffer | undefined =>
  /^[0-9a-f]{2}(?:[:-][0-9a-f]{2})*$/i.test(text) ? Buffer.from(text.replace(/[:-]/g, ''), 'hex') : undefined
