/**
 * What must hold of a mount after anything that was done to it: every stored certificate parses, chains to a stored
 * issuer, is the only one of its serial and names only what its role allows; every issuer has a CRL that it signed.
 * Read from the tables, and with OpenSSL's and Node's eyes rather than ours.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { allowsCommonName, allowsName } from '../../src/pki/issuance/names.ts'
import { extKeyUsagesOf } from '../../src/pki/issuance/usages.ts'
import { roleOf } from '../../src/pki/roles/role.ts'
import type { Role } from '../../src/pki/roles/schema.ts'
import type { Db } from '../../src/store/database.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { openssl, withFiles } from './openssl.ts'

interface Test {
  ok(value: unknown, message: string): unknown
  equal(found: unknown, wanted: unknown, message: string): unknown
  same(found: unknown, wanted: unknown, message: string): unknown
  notOk(value: unknown, message: string): unknown
}

type Row = Awaited<ReturnType<typeof storedCertificates>>[number]

const storedCertificates = (db: Db, mount: string) =>
  db.selectFrom('certificates').selectAll().where('mount', '=', mount).execute()

const pem = (der: Uint8Array): string => `${encodePem('CERTIFICATE', der)}\n`

const serialOf = (row: Row): string => Buffer.from(row.serial).toString('hex')

/** Only names that need no quoting stand in Node's text unchanged: all of ours. */
const namesIn = (certificate: X509Certificate, prefix: string): string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))

const checkRole = (t: Test, role: Role, row: Row, certificate: X509Certificate): void => {
  const which = `certificate ${serialOf(row)} of role ${row.role}`
  const names = [...namesIn(certificate, 'DNS:'), ...namesIn(certificate, 'email:')]
  for (const name of names) t.ok(allowsName(role, name), `${which}: ${name} is allowed`)
  const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1]
  t.ok(commonName === undefined ? !role.require_cn : allowsCommonName(role, commonName), `${which}: common name`)
  if (role.key_type !== 'any') t.equal(certificate.publicKey.asymmetricKeyType, role.key_type, `${which}: key type`)
  t.same(certificate.keyUsage ?? [], extKeyUsagesOf(role), `${which}: extended key usages`)
  t.notOk(certificate.ca, `${which}: is no CA`)
  const lifetime = (certificate.validToDate.getTime() - row.issued_at.getTime()) / 1000
  if (role.max_ttl > 0) t.ok(lifetime <= role.max_ttl, `${which}: lives no longer than max_ttl`)
}

/** Roles are taken as they are now: a scenario that tightens one after it has issued says so with `rolesChanged`. */
export const checkMount = async (
  t: Test,
  db: Db,
  mount: string,
  options: { rolesChanged?: boolean } = {},
): Promise<void> => {
  const rows = await storedCertificates(db, mount)
  const issuerRows = await db.selectFrom('pki_issuers').selectAll().where('mount', '=', mount).execute()
  const issuers = new Map(issuerRows.map((row) => [row.id, new X509Certificate(row.certificate)]))
  const roleRows = await db.selectFrom('pki_roles').selectAll().where('mount', '=', mount).execute()
  const roles = new Map(roleRows.map((row) => [row.name, roleOf(row.document)]))
  const crls = await db.selectFrom('pki_crls').selectAll().where('mount', '=', mount).execute()

  t.equal(new Set(rows.map(serialOf)).size, rows.length, 'serials are unique')
  const ends = new Map<string, Row[]>()
  for (const row of rows) {
    const certificate = new X509Certificate(row.der)
    const issuer = issuers.get(row.issuer ?? '')
    const which = `certificate ${serialOf(row)}`
    t.equal(certificate.serialNumber.toLowerCase(), serialOf(row), `${which}: its own serial`)
    t.ok(issuer && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey), `${which}: chains`)
    t.equal(certificate.validToDate.getTime(), row.not_after.getTime(), `${which}: end of validity`)
    t.equal(certificate.validFromDate.getTime(), row.not_before.getTime(), `${which}: begin of validity`)
    const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
    const digest = createHash('sha256').update(spki).digest('hex')
    t.equal(Buffer.from(row.public_key_sha256).toString('hex'), digest, `${which}: its own key`)
    const role = roles.get(row.role)
    if (role && options.rolesChanged !== true) checkRole(t, role, row, certificate)
    if (row.issuer) ends.set(row.issuer, [...(ends.get(row.issuer) ?? []), row])
  }
  for (const { id, certificate, key_id: key } of issuerRows) {
    // Known by its certificate only, it has signed nothing here.
    if (key === null) continue
    // OpenSSL's word for some of them; more would cost more than they tell.
    const leaves = (ends.get(id) ?? []).slice(0, 20)
    const crl = crls.find((row) => row.issuer === id)
    t.ok(crl, `issuer ${id} has a CRL`)
    if (!crl) continue
    await withFiles(
      {
        issuer: pem(certificate),
        crl: crl.der,
        ...Object.fromEntries(leaves.map((row, at) => [`leaf${at}`, pem(row.der)])),
      },
      async ({ issuer, crl, ...files }: Record<string, string>) => {
        const text = await openssl([
          'crl',
          '-inform',
          'DER',
          '-in',
          crl ?? '',
          '-noout',
          '-CAfile',
          issuer ?? '',
          '-verify',
        ])
        t.ok(text, `issuer ${id} signed its CRL`)
        const paths = Object.values(files)
        if (paths.length > 0)
          await openssl(['verify', '-x509_strict', '-partial_chain', '-CAfile', issuer ?? '', ...paths])
      },
    )
  }
}
