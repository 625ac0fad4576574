/** Key identifiers: how a certificate says which key it is about. */
import { hash } from 'node:crypto'
import { readBitString, readElement, readSequence } from './der-reader.ts'

/** RFC 5280 4.2.1.2, method 1: SHA-1 of the public key's bits, without the algorithm around them. 20 octets. */
export const keyIdentifier = (spki: Buffer): Buffer =>
  hash('sha1', readBitString(readSequence(readElement(spki))[1]), 'buffer')
