import t from 'tap'
import { parseCrl } from '../../../src/x509/crl.ts'
import { freshEngine, type TestEngine } from '../../support/engine.ts'
import { opensslText, withFiles } from '../../support/openssl.ts'

const hour = 3_600_000

const stored = (engine: TestEngine) =>
  engine.store.db.selectFrom('pki_crls').selectAll().where('mount', '=', engine.mount.uuid).executeTakeFirstOrThrow()

const crlDer = async (engine: TestEngine): Promise<Buffer> => Buffer.from((await engine.read('crl')).raw?.body ?? '')

/** As if the CRL had been made 72 hours ago. */
const expire = (engine: TestEngine) =>
  engine.store.db
    .updateTable('pki_crls')
    .set({ next_update: new Date(Date.now() - hour) })
    .where('mount', '=', engine.mount.uuid)
    .execute()

const types = [
  { key_type: 'ec' },
  { key_type: 'ec', key_bits: 384 },
  { key_type: 'ed25519' },
  { key_type: 'rsa', use_pss: true },
]

t.test('a new root has an empty CRL that openssl verifies', async (t) => {
  const engine = await freshEngine(t)
  for (const type of types) {
    const { data } = await engine.write('root/generate/internal', { common_name: 'Root', ...type })
    const crl = await engine.store.db
      .selectFrom('pki_crls')
      .select('der')
      .where('issuer', '=', String(data['issuer_id']))
      .executeTakeFirstOrThrow()
    await withFiles({ ca: String(data['certificate']), crl: crl.der }, async ({ ca, crl }) => {
      const text = await opensslText(['crl', '-inform', 'DER', '-in', crl, '-CAfile', ca, '-noout', '-text'])
      t.match(text, 'No Revoked Certificates.')
      t.match(text, /X509v3 CRL Number: \s+1\n/)
      t.match(text, 'X509v3 Authority Key Identifier')
    })
  }
})

t.test('the CRL is served as DER, PEM and JSON', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  const { raw } = await engine.read('crl')
  t.equal(raw?.contentType, 'application/pkix-crl')
  const pem = (await engine.read('crl/pem')).raw
  t.equal(pem?.contentType, 'application/x-pem-file')
  t.match(pem?.body, /^-----BEGIN X509 CRL-----\n[^]*-----END X509 CRL-----$/)
  t.equal((await engine.read('cert/crl')).data['certificate'], pem?.body)
  const crl = parseCrl(await crlDer(engine))
  t.equal((crl.nextUpdate?.getTime() ?? 0) - crl.thisUpdate.getTime(), 72 * hour)
})

t.test('a CRL is served as it is until its nextUpdate, then made anew with the next number', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  const first = await crlDer(engine)
  t.ok((await crlDer(engine)).equals(first))
  await expire(engine)
  const second = parseCrl(await crlDer(engine))
  t.equal(second.number, 2)
  t.ok((second.nextUpdate?.getTime() ?? 0) > Date.now() + 71 * hour)
  t.equal((await stored(engine)).number, 2)
  t.ok((await crlDer(engine)).equals(second.der))
})

t.test('of many that make it anew at one time one publishes', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  await expire(engine)
  const crls = await Promise.all(Array.from({ length: 8 }, () => crlDer(engine)))
  t.equal(new Set(crls.map((crl) => crl.toString('hex'))).size, 1)
  t.equal((await stored(engine)).number, 2)
})

t.test('an issuer that has no CRL yet gets its first when one is asked for', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  await engine.store.db.deleteFrom('pki_crls').execute()
  const crls = await Promise.all(Array.from({ length: 4 }, () => crlDer(engine)))
  t.equal(new Set(crls.map((crl) => crl.toString('hex'))).size, 1)
  t.equal((await stored(engine)).number, 1)
})

t.test('an issuer that may not sign CRLs keeps its last one', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec' })
  const before = await crlDer(engine)
  await engine.write('issuer/default', { usage: 'issuing-certificates' })
  await expire(engine)
  t.same(await crlDer(engine), before)
  await engine.store.db.deleteFrom('pki_crls').execute()
  t.equal((await engine.read('crl')).raw?.body.length, 0)
  t.ok((await engine.read('cert/crl')).nothing)
})
