import t from 'tap'
import { deletePkiData } from '../../src/pki/engine.ts'
import { engineOn, freshEngine } from '../support/engine.ts'

const tables = ['pki_roles', 'pki_config', 'pki_crls', 'pki_issuers', 'pki_keys', 'certificates'] as const

t.test('deleting the data of a mount leaves nothing of it, and all of others', async (t) => {
  const one = await freshEngine(t)
  const two = engineOn(one.store)
  for (const engine of [one, two]) {
    await engine.write('root/generate/internal', { common_name: 'Root', key_type: 'ec', ttl: '1000h' })
    await engine.write('roles/any', { allow_any_name: true, key_type: 'ec' })
    await engine.write('issue/any', { common_name: 'a.example.com' })
  }
  await one.store.changes.transaction((tx) => deletePkiData(tx, one.mount.uuid))
  for (const table of tables) {
    const rows = await one.store.db.selectFrom(table).select('mount').execute()
    t.same(new Set(rows.map(({ mount }) => mount)), new Set([two.mount.uuid]), table)
  }
})

t.test('what needs no token is what Vault shows to everybody', async (t) => {
  const { engine } = await freshEngine(t)
  const open = engine.routes.filter((row) => row.public).map(({ path }) => path)
  t.same(open.toSorted(), [
    'ca',
    'ca/pem',
    'ca_chain',
    'cert/:serial',
    'cert/:serial/raw',
    'cert/:serial/raw/pem',
    'cert/ca',
    'cert/ca/raw',
    'cert/ca/raw/pem',
    'cert/ca_chain',
    'cert/crl',
    'crl',
    'crl/pem',
    'issuer/:issuer_ref/crl',
    'issuer/:issuer_ref/crl/der',
    'issuer/:issuer_ref/crl/pem',
    'issuer/:issuer_ref/der',
    'issuer/:issuer_ref/json',
    'issuer/:issuer_ref/pem',
    'issuers',
  ])
})
