/**
 * Stores certificates as fast as it can and prints each serial once it is durable, until it is killed.
 * Argument: the options of `openStore` as JSON.
 */
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { certificateQueue } from '../../src/store/certificates.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const options = JSON.parse(process.argv[2] ?? '{}') as { databaseUrl?: string; dataFolder: string }
const store = await openStore({
  databaseUrl: options.databaseUrl,
  databaseDirectUrl: undefined,
  dataFolder: options.dataFolder,
  log,
})
await migrate(store)
const queue = certificateQueue(store)
const at = new Date()

const client = async (): Promise<never> => {
  for (;;) {
    const serial = randomBytes(20)
    await queue.add({
      mount: 'm1',
      serial,
      namespace: 'root',
      issuer: null,
      role: '',
      subject: '',
      common_name: '',
      sans: [],
      not_before: at,
      not_after: at,
      issued_at: at,
      entity_id: '',
      token_accessor: '',
      request_id: '',
      key_type: 'ec',
      key_bits: 256,
      public_key_sha256: randomBytes(32),
      authority_key_id: null,
      lease_id: null,
      lease_expires_at: null,
      der: randomBytes(700),
    })
    writeSync(1, `${serial.toString('hex')}\n`)
  }
}
await Promise.all(Array.from({ length: 10 }, client))
