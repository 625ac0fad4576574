/** curl scripts, as people write them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { startServer } from '../support/server.ts'

t.test('curl scripts work as they are', async (t) => {
  const server = await startServer(t)
  const curl = async (...args: string[]): Promise<{ status: number; type: string; body: string }> => {
    const { stdout } = await promisify(execFile)('curl', [
      '--silent',
      '--header',
      `X-Vault-Token: ${server.rootToken}`,
      '--write-out',
      '\n%{http_code} %{content_type}',
      ...args,
    ])
    const at = stdout.lastIndexOf('\n')
    const [status = '', ...type] = stdout.slice(at + 1).split(' ')
    return { status: Number(status), type: type.join(' '), body: stdout.slice(0, at) }
  }
  const url = `${server.url}/v1`

  t.test('JSON without a content type header, PUT and POST alike', async (t) => {
    // curl -d says application/x-www-form-urlencoded.
    t.match(await curl('-d', '{"type":"pki"}', `${url}/sys/mounts/pki`), { status: 204, type: 'application/json' })
    t.match(
      await curl('-X', 'PUT', '-d', '{"common_name":"Root","key_type":"ec"}', `${url}/pki/root/generate/internal`),
      {
        status: 200,
      },
    )
  })

  t.test('a form, since curl -d sends one', async (t) => {
    t.match(await curl('-d', 'allow_any_name=true', '-d', 'key_type=ec', `${url}/pki/roles/any`), { status: 200 })
    t.match(JSON.parse((await curl(`${url}/pki/roles/any`)).body), { data: { allow_any_name: true } })
  })

  t.test('the LIST verb, and its twin in the query', async (t) => {
    for (const args of [
      ['-X', 'LIST', `${url}/pki/roles`],
      ['-X', 'LIST', `${url}/pki/roles/`],
      [`${url}/pki/roles?list=true`],
      ['-G', '-d', 'list=1', `${url}/pki/roles`],
    ]) {
      t.match(JSON.parse((await curl(...args)).body), { data: { keys: ['any'] } }, args.join(' '))
    }
    t.match(await curl(`${url}/pki/roles?list=perhaps`), { status: 400 })
  })

  t.test('bearer tokens', async (t) => {
    t.match(
      await curl('-H', 'X-Vault-Token:', '-H', `Authorization: Bearer ${server.rootToken}`, `${url}/sys/mounts`),
      {
        status: 200,
      },
    )
  })

  t.test('the CA as a file, without a token', async (t) => {
    t.match(await curl('-H', 'X-Vault-Token:', `${url}/pki/ca/pem`), {
      status: 200,
      type: 'application/pem-certificate-chain',
      body: /^-----BEGIN CERTIFICATE-----/,
    })
  })

  t.test('nothing there is 404 with an empty list of errors', async (t) => {
    t.match(await curl(`${url}/pki/roles/nothing`), { status: 404, body: '{"errors":[]}\n', type: 'application/json' })
  })
})
