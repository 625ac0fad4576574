import { sql } from 'kysely'
import t from 'tap'
import { deleteTokenTree, insertToken } from '../../src/store/tokens.ts'
import { storeKinds } from '../support/stores.ts'

const hashOf = (name: string): Uint8Array => Uint8Array.from(Buffer.alloc(32, name))

const token = (name: string, parent: string | undefined) => ({
  hash: hashOf(name),
  namespace: 'root',
  accessor: name,
  parent: parent === undefined ? null : hashOf(parent),
  policies: [],
  path: 'auth/token/create',
  meta: null,
  display_name: 'token',
  num_uses: 0,
  type: 'service' as const,
  creation_ttl: 0,
  explicit_max_ttl: 0,
  period: 0,
  renewable: false,
  orphan: false,
  role: null,
  entity_id: '',
  bound_cidrs: [],
  created_at: new Date(0),
  expires_at: null,
  renewed_at: null,
})

for (const [kind, newStore] of Object.entries(storeKinds)) {
  t.test(`${kind}: a token goes with everything below it, and nothing else does`, async (t) => {
    const { db, changes } = await newStore(t)
    const parents: Record<string, string | undefined> = { r: undefined, a: 'r', b: 'r', c: 'a', d: 'c', e: 'b' }
    await changes.transaction(async (tx) => {
      for (const [name, parent] of Object.entries(parents)) await insertToken(tx, token(name, parent))
    })
    const gone = await changes.transaction((tx) => deleteTokenTree(tx, hashOf('a')))
    t.same(new Set(gone.map((hash) => Buffer.from(hash).toString('latin1', 0, 1))), new Set(['a', 'c', 'd']))
    const left = await db.selectFrom('tokens').select('accessor').orderBy('accessor').execute()
    t.same(left, [{ accessor: 'b' }, { accessor: 'e' }, { accessor: 'r' }])
    t.same(await changes.transaction((tx) => deleteTokenTree(tx, hashOf('a'))), [])
  })
}

t.test('to delete one of many tokens of one parent the table is not read through', async (t) => {
  const { db, changes } = await storeKinds.postgres(t)
  await changes.transaction((tx) => insertToken(tx, token('r', undefined)))
  await sql`
    insert into tokens
    select sha256(i::text::bytea), namespace, i::text, hash, policies, path, meta, display_name, num_uses, type,
      creation_ttl, explicit_max_ttl, period, renewable, orphan, role, entity_id, bound_cidrs, created_at, expires_at,
      renewed_at
    from tokens, generate_series(1, 5000) i`.execute(db)
  await sql`analyze tokens`.execute(db)
  await changes.transaction(async (tx) => {
    const { rows } = await sql<{ hash: Uint8Array }>`select sha256('7') as hash`.execute(tx)
    const scans = () => sql`select seq_scan from pg_stat_xact_user_tables where relname = 'tokens'`.execute(tx)
    const before = await scans()
    t.equal((await deleteTokenTree(tx, rows[0]?.hash ?? hashOf(''))).length, 1)
    t.same((await scans()).rows, before.rows)
  })
})
