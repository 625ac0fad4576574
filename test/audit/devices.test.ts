import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { AuditDevices } from '../../src/audit/devices.ts'
import { auditRoutes } from '../../src/audit/routes.ts'
import { ChanceryError } from '../../src/errors.ts'
import { makeMatcher } from '../../src/mounts/match.ts'
import type { DataReply, Verb } from '../../src/route.ts'
import { Barrier } from '../../src/seal/barrier.ts'
import { decodeKeyring, encodeKeyring, newKeyring } from '../../src/seal/keyring.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import { auditRequest, auditResponse, canary, hmacOf, linesOf, temporaryFolder } from '../support/audit-calls.ts'
import { freshDatabase } from '../support/postgres.ts'

const keyring = encodeKeyring(newKeyring())

/** One replica, as far as audit needs one. */
const replica = (t: Test, store: Store, folder: string) => {
  const barrier = new Barrier()
  barrier.install({ keyring: decodeKeyring(keyring), hmacKeys: new Map() })
  const logged: string[] = []
  const note = (_: object, message: string): void => void logged.push(message)
  const log = { info: note, warn: note, error: note }
  const { db, changes } = store
  const surroundings = { folders: [folder], stdout: new PassThrough() }
  const devices = new AuditDevices({ db, changes, barrier, log, ...surroundings })
  t.teardown(() => devices.close())
  const match = makeMatcher(auditRoutes({ devices, changes, barrier, ...surroundings }))
  const call = async (verb: Verb, path: string, body: object = {}): Promise<DataReply['data']> => {
    const matched = match(verb, path)
    if (typeof matched === 'string') throw new Error(matched)
    const input = z.object(matched.row.fields).parse({ ...body, ...matched.captures })
    const reply = (await matched.row.run({ input } as never)) as DataReply | undefined
    return reply?.data
  }
  const enable = (path: string, file: string): Promise<unknown> =>
    call('write', `audit/${path}`, { type: 'file', options: { file_path: file } })
  return { barrier, devices, logged, call, enable }
}

const quiet = { info: () => {}, warn: () => {}, error: () => {} }

const opened = async (t: Test, databaseUrl: string | undefined): Promise<Store> => {
  const store = await openStore({
    databaseUrl,
    databaseDirectUrl: undefined,
    dataFolder: databaseUrl === undefined ? temporaryFolder(t) : '',
    log: quiet,
  })
  t.teardown(() => store.close())
  await migrate(store)
  return store
}

const refuses = async (t: Test, work: Promise<unknown>, kind: string, message: RegExp): Promise<void> => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  t.ok(error instanceof ChanceryError && error.kind === kind, `${kind}: ${String(error)}`)
  t.match((error as Error | undefined)?.message, message)
}

for (const kind of ['postgres', 'embedded'] as const) {
  t.test(`on the ${kind} store`, async (t) => {
    const store = await opened(t, kind === 'postgres' ? await freshDatabase(t) : undefined)
    const empty = async (): Promise<void> => {
      await store.changes.transaction(async (tx, changed) => {
        await tx.deleteFrom('audit_devices').execute()
        changed('audit')
      })
    }
    const setting = async (t: Test) => {
      await empty()
      const folder = temporaryFolder(t)
      return { folder, file: join(folder, 'audit.log'), ...replica(t, store, folder) }
    }

    t.test('without a device nothing is written, and nothing is refused', async (t) => {
      const { devices, call } = await setting(t)
      const request = auditRequest()
      await devices.logRequest(request)
      await devices.logResponse(request, auditResponse())
      t.strictSame(await call('read', 'audit'), {})
    })

    t.test('a device that was enabled is listed, gets every entry, and answers for its HMACs', async (t) => {
      const { devices, call, file } = await setting(t)
      const options = { file_path: file, hmac_accessor: 'false' }
      const device = { type: 'file', description: 'for the auditors', options, local: false }
      t.equal(await call('write', 'audit/file/', device), undefined)
      t.strictSame(await call('read', 'audit'), { 'file/': { path: 'file/', ...device } })

      const secret = canary()
      const request = auditRequest({ data: { password: secret } })
      await devices.logRequest(request)
      await devices.logResponse(request, auditResponse({ data: { private_key: secret } }))
      const [probe, asked, answered] = linesOf(file)
      t.match(probe?.request, { operation: 'update', path: 'sys/audit/test' })
      const { hash } = (await call('write', 'audit-hash/file/', { input: secret })) ?? {}
      t.match(hash, /^hmac-sha256:[0-9a-f]{64}$/)
      t.equal(asked?.request.data?.['password'], hash)
      t.equal(answered?.response?.data?.['private_key'], hash)
      t.equal(asked?.auth['accessor'], request.caller?.accessor)
      t.notOk(readFileSync(file, 'utf8').includes(secret))
    })

    t.test('a device that was disabled gets nothing more, and its file stays', async (t) => {
      const { devices, call, enable, file } = await setting(t)
      await enable('file', file)
      await devices.logRequest(auditRequest())
      await call('delete', 'audit/file/')
      await devices.logRequest(auditRequest())
      t.equal(linesOf(file).length, 2)
      t.strictSame(await call('read', 'audit'), {})
      await call('delete', 'audit/file')
      await refuses(
        t,
        call('write', 'audit-hash/file', { input: 'x' }),
        'invalid request',
        /^unknown audit backend "file\/"$/,
      )
    })

    t.test('enabled again it has another key', async (t) => {
      const { call, enable, file } = await setting(t)
      await enable('file', file)
      const before = await call('write', 'audit-hash/file', { input: 'x' })
      await call('delete', 'audit/file')
      await enable('file', file)
      t.notSame(await call('write', 'audit-hash/file', { input: 'x' }), before)
    })

    t.test('the key of a device is in the database under the barrier only', async (t) => {
      const { barrier, call, enable, file } = await setting(t)
      await enable('one', file)
      await enable('two', file)
      const rows = await store.db.selectFrom('audit_devices').select(['path', 'hmac_key']).orderBy('path').execute()
      const [one, two] = rows.map(({ hmac_key }) => hmac_key)
      const key = barrier.decrypt(['audit_devices', 'hmac_key', 'root', 'one/'], one ?? Buffer.alloc(0))
      t.match(await call('write', 'audit-hash/one', { input: 'x' }), { hash: hmacOf(key, 'x') })
      t.notOk(Buffer.from(one ?? []).includes(key))
      t.throws(() => barrier.decrypt(['audit_devices', 'hmac_key', 'root', 'one/'], two ?? Buffer.alloc(0)))
    })

    t.test('what cannot be a device is refused with the reason, and enables nothing', async (t) => {
      const { call, enable, folder, file } = await setting(t)
      await enable('file', file)
      const write = (path: string, body: object): Promise<unknown> => call('write', `audit/${path}`, body)
      const options = { file_path: file }
      symlinkSync('/etc/passwd', join(folder, 'link'))
      mkdirSync(join(folder, 'below'))
      const cases: [() => Promise<unknown>, RegExp][] = [
        [() => enable('file', file), /^path already in use$/],
        [() => enable('file/below', file), /^path already in use$/],
        [() => write('a', { options }), /^unknown backend type: ""$/],
        [() => write('a', { type: 'syslog', options }), /^unknown backend type: "syslog"$/],
        [() => write('a', { type: 'file' }), /^file_path is required$/],
        [() => write('a', { type: 'file', options: { ...options, log_raw: 'true' } }), /log_raw is not supported/],
        [() => write('a', { type: 'file', options: { ...options, prefix: '#!/bin/sh' } }), /prefixing is not allowed/],
        [
          () => enable('a', '/etc/audit.log'),
          /"\/etc\/audit\.log" is not in an existing folder of CHANCERY_AUDIT_DIRS/,
        ],
        [() => enable('a', join(folder, '../audit.log')), /CHANCERY_AUDIT_DIRS/],
        [() => enable('a', join(folder, 'link')), /^audit backend failed test message: cannot write to .*: ELOOP$/],
        [() => enable('a', join(folder, 'below')), /EISDIR$/],
        [() => enable('a', join(folder, 'x'.repeat(300))), /ENAMETOOLONG$/],
        [() => enable('a b', file), /printable characters/],
        [() => call('write', 'audit-hash/file', {}), /^the "input" parameter is empty$/],
      ]
      for (const [work, message] of cases) await refuses(t, work(), 'invalid request', message)
      t.strictSame(Object.keys((await call('read', 'audit')) ?? {}), ['file/'])
    })

    t.test('a call is refused when no device takes its entry, and only then', async (t) => {
      const { devices, enable, logged, folder, file } = await setting(t)
      const other = join(folder, 'other.log')
      await enable('file', file)
      const request = auditRequest()
      await devices.logRequest(request)
      // A folder in the place of the file: from the rotation on nothing can be written.
      renameSync(file, `${file}.1`)
      mkdirSync(file)
      devices.reopen()
      await refuses(t, devices.logRequest(auditRequest()), 'internal', /no audit device took the entry/)
      await refuses(t, devices.logResponse(request, auditResponse()), 'internal', /no audit device took the entry/)
      t.equal(logged.filter((line) => line === 'audit device does not take entries').length, 1)

      await enable('other', other)
      await devices.logRequest(auditRequest())
      t.equal(linesOf(other).length, 2)

      rmSync(file, { recursive: true })
      await devices.logRequest(auditRequest())
      t.equal(linesOf(file).length, 1)
      t.equal(linesOf(other).length, 3)
      t.match(logged, ['audit device cannot be reopened', /./, 'audit device takes entries again'])
    })

    t.test('every device gets every entry, each with HMACs of its own', async (t) => {
      const { devices, enable, folder } = await setting(t)
      const files = ['one', 'two'].map((name) => join(folder, name))
      for (const file of files) await enable(file.slice(folder.length + 1), file)
      const request = auditRequest()
      await devices.logRequest(request)
      const tokens = files.map((file) => linesOf(file)[1]?.request['client_token'])
      t.equal(new Set(tokens).size, 2)
    })

    t.test('rotation: after reopen the entries go into a new file', async (t) => {
      const { devices, enable, file } = await setting(t)
      await enable('file', file)
      await devices.logRequest(auditRequest())
      renameSync(file, `${file}.1`)
      await devices.logRequest(auditRequest())
      devices.reopen()
      await devices.logRequest(auditRequest())
      t.equal(linesOf(`${file}.1`).length, 3)
      t.equal(linesOf(file).length, 1)
    })

    t.test('a sealed server has no keys, and refuses; unsealed it goes on with the same HMACs', async (t) => {
      const { barrier, call, devices, enable, file } = await setting(t)
      await enable('file', file)
      const before = await call('write', 'audit-hash/file', { input: 'x' })
      barrier.clear()
      devices.close()
      await refuses(t, devices.logRequest(auditRequest()), 'sealed', /sealed/)
      barrier.install({ keyring: decodeKeyring(keyring), hmacKeys: new Map() })
      await devices.logRequest(auditRequest())
      t.strictSame(await call('write', 'audit-hash/file', { input: 'x' }), before)
      t.equal(linesOf(file).length, 2)
    })

    t.test('the call that seals is answered, and what else was under way is refused', async (t) => {
      const { barrier, devices, enable, file } = await setting(t)
      await enable('file', file)
      const sealing = auditRequest({ path: 'sys/seal', data: {} })
      const issuing = auditRequest()
      await devices.logRequest(sealing)
      await devices.logRequest(issuing)
      barrier.clear()
      devices.close()
      await devices.logResponse(sealing, auditResponse())
      await refuses(t, devices.logResponse(issuing, auditResponse()), 'sealed', /sealed/)
      t.strictSame(
        linesOf(file).map(({ type }) => type),
        ['request', 'request', 'request'],
      )
    })

    t.test('a thousand calls at once leave whole lines, each request before its reply', async (t) => {
      const { devices, enable, file } = await setting(t)
      await enable('file', file)
      await Promise.all(
        Array.from({ length: 1000 }, async () => {
          const request = auditRequest()
          await devices.logRequest(request)
          await devices.logResponse(request, auditResponse())
        }),
      )
      const lines = linesOf(file).slice(1)
      t.equal(lines.length, 2000)
      const first = new Map<string, string>()
      for (const { request, type } of lines) if (!first.has(request.id)) first.set(request.id, type)
      t.equal(first.size, 1000)
      t.ok([...first.values()].every((type) => type === 'request'))
    })

    t.test('a device that another replica may not open refuses there', async (t) => {
      const { enable, file } = await setting(t)
      await enable('file', file)
      const elsewhere = replica(t, store, temporaryFolder(t))
      await refuses(t, elsewhere.devices.logRequest(auditRequest()), 'internal', /no audit device/)
    })

    t.test('a stored device that cannot start refuses, and does not stop the others', async (t) => {
      const { devices, enable, file, logged } = await setting(t)
      await enable('newer', file)
      await store.changes.transaction(async (tx, changed) => {
        await tx.updateTable('audit_devices').set({ options: '{"file_path":"x","of_a_newer_version":"y"}' }).execute()
        changed('audit')
      })
      await refuses(t, devices.logRequest(auditRequest()), 'internal', /no audit device took the entry/)
      await enable('file', file)
      await devices.logRequest(auditRequest())
      t.equal(linesOf(file).length, 3)
      t.strictSame(logged, ['audit device does not take entries'])
    })
  })
}

t.test('another replica uses a device from the moment the change has come, and leaves it the same way', async (t) => {
  const url = await freshDatabase(t)
  const [storeA, storeB] = [await opened(t, url), await opened(t, url)]
  const folder = temporaryFolder(t)
  const file = join(folder, 'audit.log')
  const [a, b] = [replica(t, storeA, folder), replica(t, storeB, folder)]
  await b.devices.logRequest(auditRequest())
  const changed = (): Promise<unknown> => new Promise((resolve) => storeB.changes.subscribe('audit', resolve))

  const enabled = changed()
  await a.enable('file', file)
  await enabled
  const request = auditRequest()
  await b.devices.logRequest(request)
  t.equal(linesOf(file).at(-1)?.request.id, request.id)
  t.strictSame(
    await b.call('write', 'audit-hash/file', { input: 'x' }),
    await a.call('write', 'audit-hash/file', { input: 'x' }),
  )

  const disabled = changed()
  await a.call('delete', 'audit/file')
  await disabled
  await b.devices.logRequest(auditRequest())
  t.equal(linesOf(file).length, 2)
})
