import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { freshEngine } from '../../support/engine.ts'

const role = { allow_any_name: true, key_type: 'ec' }

t.test('without an issuer raw paths are empty and JSON paths refuse', async (t) => {
  const engine = await freshEngine(t)
  for (const path of ['ca', 'ca/pem', 'ca_chain', 'cert/ca/raw', 'cert/ca/raw/pem', 'crl', 'crl/pem']) {
    t.equal((await engine.read(path)).raw?.body.length, 0, path)
  }
  for (const path of ['cert/ca', 'cert/ca_chain', 'cert/crl']) {
    await t.rejects(engine.read(path), { kind: 'invalid request', message: 'no default issuer currently configured' })
  }
  t.same(await engine.list('certs'), [])
})

t.test('the default issuer is served in every form', async (t) => {
  const engine = await freshEngine(t)
  const { data } = await engine.write('root/generate/internal', { common_name: 'Root CA', key_type: 'ec' })
  const pem = String(data['certificate'])
  const der = new X509Certificate(pem).raw
  const raw = async (path: string) => (await engine.read(path)).raw
  for (const path of ['ca', 'cert/ca/raw']) {
    t.same(await raw(path), { contentType: 'application/pkix-cert', body: der }, path)
  }
  for (const path of ['ca/pem', 'cert/ca/raw/pem']) {
    t.same(await raw(path), { contentType: 'application/pem-certificate-chain', body: pem }, path)
  }
  t.same(await raw('ca_chain'), { contentType: 'application/pkix-cert', body: pem })
  const json = { certificate: pem, revocation_time: 0, revocation_time_rfc3339: '' }
  t.same((await engine.read('cert/ca')).data, json)
  t.same((await engine.read('cert/ca_chain')).data, { ...json, ca_chain: pem })
})

t.test('a stored certificate is found by its serial in any form', async (t) => {
  const engine = await freshEngine(t)
  await engine.write('root/generate/internal', { common_name: 'Root CA', key_type: 'ec', ttl: '1000h' })
  await engine.write('roles/any', role)
  const { data } = await engine.write('issue/any', { common_name: 'app.example.com' })
  const serial = String(data['serial_number'])
  const pem = String(data['certificate'])
  const json = { certificate: pem, revocation_time: 0, revocation_time_rfc3339: '' }
  for (const form of [serial, serial.toUpperCase(), serial.replaceAll(':', '-')]) {
    t.same((await engine.read(`cert/${form}`)).data, json, form)
    t.same((await engine.read(`cert/${form}/raw/pem`)).raw, {
      contentType: 'application/pem-certificate-chain',
      body: pem,
    })
    const raw = (await engine.read(`cert/${form}/raw`)).raw
    t.equal(raw?.contentType, 'application/pkix-cert')
    t.equal(Buffer.compare(Buffer.from(raw?.body ?? ''), new X509Certificate(pem).raw), 0)
  }
  for (const unknown of ['00:11', serial.replaceAll(':', ''), 'a', '-:-']) {
    t.ok((await engine.read(`cert/${unknown}`)).nothing, unknown)
    t.equal((await engine.read(`cert/${unknown}/raw`)).raw?.body, '')
    t.equal((await engine.read(`cert/${unknown}/raw/pem`)).raw?.body, '')
  }
})

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`the list is in order and comes in pages (${kind})`, async (t) => {
    const engine = await freshEngine(t, kind)
    await engine.write('root/generate/internal', { common_name: 'Root CA', key_type: 'ec', ttl: '1000h' })
    await engine.write('roles/any', role)
    await Promise.all(Array.from({ length: 9 }, () => engine.write('issue/any', { common_name: 'a.example.com' })))
    const all = await engine.list('certs')
    t.equal(all.length, 10)
    t.same(all, all.toSorted())
    const pages: string[] = []
    for (;;) {
      const page = await engine.list('certs', { limit: '4', ...(pages.length > 0 && { after: pages.at(-1) }) })
      pages.push(...page)
      if (page.length < 4) break
    }
    t.same(pages, all)
    t.same(await engine.list('certs', { limit: -1 }), all)
    await t.rejects(engine.list('certs', { after: 'x' }), { message: 'after: "x" is not a serial number' })
  })
}
