/**
 * A process that appends one audit entry per line of its standard input, to the file of its first argument, in the
 * folder of its second. Prints `ok`, or the code of the error. It has no tap, which dies of SIGXFSZ.
 */
import { createInterface } from 'node:readline'
import { FileDevice } from '../../src/audit/file-device.ts'
import { fileOptions } from '../../src/audit/file-options.ts'
import { newHmacKey } from '../../src/audit/hmac.ts'
import { auditRequest } from './audit-calls.ts'

const [file = '', folder = ''] = process.argv.slice(2)
const device = new FileDevice(fileOptions({ file_path: file }), newHmacKey(), {
  folders: [folder],
  stdout: process.stdout,
})
for await (const id of createInterface(process.stdin)) {
  const outcome = await device.logRequest(auditRequest({ id })).then(
    () => 'ok',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  )
  console.log(outcome)
}
