import { sql } from 'kysely'
import { randomBytes } from 'node:crypto'
import t from 'tap'
import {
  certificateQueue,
  findCertificate,
  insertCertificates,
  listSerials,
  type CertificateRecord,
} from '../../src/store/certificates.ts'
import { isUniqueViolation } from '../../src/store/failures.ts'
import { migrate } from '../../src/store/migrate.ts'
import { freshDatabase } from '../support/postgres.ts'
import { openReplica, storeKinds } from '../support/stores.ts'

const certificate = (over: Partial<CertificateRecord> = {}): CertificateRecord => ({
  mount: 'm1',
  serial: randomBytes(20),
  namespace: 'root',
  issuer: 'issuer-1',
  role: 'web',
  subject: 'CN=a.example',
  common_name: 'a.example',
  sans: ['DNS:a.example', 'IP:10.0.0.1'],
  not_before: new Date('2026-01-02T03:04:05.678Z'),
  not_after: new Date('9999-12-31T23:59:59Z'),
  issued_at: new Date('2026-01-02T03:04:35Z'),
  entity_id: '',
  token_accessor: 'accessor',
  request_id: 'request',
  key_type: 'ec',
  key_bits: 256,
  public_key_sha256: randomBytes(32),
  authority_key_id: randomBytes(20),
  lease_id: null,
  lease_expires_at: null,
  der: randomBytes(700),
  ...over,
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Comparable, whichever kind of Uint8Array a store gives back. */
const plain = (row: CertificateRecord | undefined): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row ?? {}).map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : value]),
  )

for (const [kind, open] of Object.entries(storeKinds)) {
  t.test(`${kind}: what was inserted is found by its serial, to the last octet`, async (t) => {
    const { db } = await open(t)
    const awkward = certificate({
      issuer: null,
      subject: 'CN="\\,+;<>é漢\n',
      sans: ['DNS:"a",b', '{}', '', 'email:é@example', 'NULL'],
      authority_key_id: null,
      lease_id: 'pki/issue/web/1',
      lease_expires_at: new Date('2027-01-01T00:00:00Z'),
      der: Buffer.from([0, 255, 0]),
    })
    const rows = [awkward, certificate({ sans: [] }), certificate()]
    await insertCertificates(db, rows)
    for (const row of rows) t.same(plain(await findCertificate(db, 'm1', row.serial)), plain(row))
    t.equal(await findCertificate(db, 'm2', awkward.serial), undefined, 'another mount')
  })

  t.test(`${kind}: serials come page by page in the order of their octets`, async (t) => {
    const { db } = await open(t)
    const serials = ['00', '01ff', '02', '7f00', '80'].map((text) => Buffer.from(text, 'hex'))
    await insertCertificates(
      db,
      serials.toReversed().map((serial) => certificate({ serial })),
    )
    await insertCertificates(db, [certificate({ mount: 'm2' })])
    const page = async (after?: Uint8Array, limit?: number) => (await listSerials(db, 'm1', { after, limit })).map(hex)
    t.same(await page(), ['00', '01ff', '02', '7f00', '80'])
    t.same(await page(undefined, 2), ['00', '01ff'])
    t.same(await page(serials[1], 2), ['02', '7f00'])
    t.same(await page(serials[4], 2), [])
  })

  t.test(`${kind}: in the queue a bad row is refused alone and the others are stored when it resolves`, async (t) => {
    const store = await open(t)
    const queue = certificateQueue(store)
    const taken = certificate()
    await queue.add(taken)
    const good = [certificate(), certificate()]
    const results = await Promise.allSettled([
      queue.add(good[0] ?? taken),
      queue.add(certificate({ serial: taken.serial })),
      queue.add(certificate({ common_name: 'nul\0' })),
      queue.add(good[1] ?? taken),
    ])
    t.same(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    )
    t.ok(results[1]?.status === 'rejected' && isUniqueViolation(results[1].reason))
    for (const { serial } of good) t.ok(await findCertificate(store.db, 'm1', serial))
    t.equal((await listSerials(store.db, 'm1')).length, 3)
  })
}

t.test(
  'postgres: connections killed under load fail their batch as unavailable, and what was answered is stored',
  async (t) => {
    const url = await freshDatabase(t)
    const killer = await openReplica(t, url)
    const victim = new URL(url)
    victim.searchParams.set('application_name', 'the-victim')
    const store = await openReplica(t, victim.href, { directUrl: url })
    await migrate(store)
    const queue = certificateQueue(store)
    const answered: string[] = []
    const refusals: unknown[] = []
    let kills = 0
    const client = async (): Promise<void> => {
      while (kills < 5 || answered.length < 500) {
        const row = certificate()
        await queue.add(row).then(
          () => answered.push(hex(row.serial)),
          (error: unknown) => refusals.push(error),
        )
      }
    }
    const kill = async (): Promise<void> => {
      while (refusals.length === 0 || kills < 5) {
        const { rows } = await sql<{ dead: boolean }>`
        select pg_terminate_backend(pid) as dead from pg_stat_activity
        where datname = current_database() and application_name = 'the-victim' and state = 'active'`.execute(killer.db)
        kills += rows.length
      }
    }
    await Promise.all([...Array.from({ length: 20 }, client), kill()])
    t.ok(refusals.length > 0)
    t.same([...new Set(refusals.map((error) => (error as { kind?: string }).kind))], ['unavailable'])
    const stored = new Set((await listSerials(store.db, 'm1')).map(hex))
    t.same(
      answered.filter((serial) => !stored.has(serial)),
      [],
    )
  },
)
