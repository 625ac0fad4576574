/**
 * The PKI engine's tables.
 *
 * `certificates` is append-only but for revocation's sake nothing in a row ever changes: revocations have a table of
 * their own, so that a revoke touches no wide row and a CRL build reads no wide row.
 *
 * How it would be partitioned, should a deployment keep hundreds of millions: by range of `not_after`, a month each,
 * so that tidy drops a partition instead of deleting rows. Postgres then wants `not_after` inside every unique key:
 * the primary key becomes (mount, serial, not_after). Uniqueness of (mount, serial) alone would no longer be the
 * database's to keep; it does not need to be, since a serial is 159 random bits and no client chooses one. A look-up
 * by serial then probes one small index per live partition. Until such a deployment exists the plain table is faster
 * in every measure that we have, and the move is one migration: nothing but this table's key knows of it.
 *
 * No foreign key points from `certificates` to `mounts` or `pki_issuers`: each insert would lock the parent's row, and
 * all inserts of a mount would meet at that one row. Disabling a mount deletes its rows in one transaction instead.
 */
import { sql, type Kysely } from 'kysely'

export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table pki_keys (
      mount text not null,
      namespace text not null,
      id text not null,
      name text not null,
      type text not null,
      bits int not null,
      public_key bytea not null,
      public_key_sha256 bytea not null,
      private_key bytea not null,
      created_at timestamptz not null,
      primary key (mount, id),
      unique (mount, public_key_sha256)
    )`.execute(db)
  await sql`create unique index pki_keys_name on pki_keys (mount, name) where name <> ''`.execute(db)
  await sql`
    create table pki_issuers (
      mount text not null,
      namespace text not null,
      id text not null,
      name text not null,
      key_id text,
      certificate bytea not null,
      certificate_sha256 bytea not null,
      serial bytea not null,
      not_after timestamptz not null,
      document jsonb not null,
      ca_chain text[] not null,
      created_at timestamptz not null,
      modified_at timestamptz not null,
      primary key (mount, id),
      unique (mount, certificate_sha256)
    )`.execute(db)
  await sql`create unique index pki_issuers_name on pki_issuers (mount, name) where name <> ''`.execute(db)
  await sql`
    create table pki_roles (
      mount text not null,
      namespace text not null,
      name text not null,
      document jsonb not null,
      modified_at timestamptz not null,
      primary key (mount, name)
    )`.execute(db)
  await sql`
    create table pki_config (
      mount text not null,
      namespace text not null,
      name text not null,
      document jsonb not null,
      modified_at timestamptz not null,
      primary key (mount, name)
    )`.execute(db)
  await sql`
    create table pki_crls (
      mount text not null,
      namespace text not null,
      issuer text not null,
      kind text not null,
      number bigint not null,
      der bytea not null,
      this_update timestamptz not null,
      next_update timestamptz not null,
      primary key (mount, issuer, kind)
    )`.execute(db)
  await sql`
    create table certificates (
      mount text not null,
      serial bytea not null,
      namespace text not null,
      issuer text,
      role text not null,
      subject text not null,
      common_name text not null,
      sans text[] not null,
      not_before timestamptz not null,
      not_after timestamptz not null,
      issued_at timestamptz not null,
      entity_id text not null,
      token_accessor text not null,
      request_id text not null,
      key_type text not null,
      key_bits int not null,
      public_key_sha256 bytea not null,
      authority_key_id bytea,
      lease_id text,
      lease_expires_at timestamptz,
      der bytea not null,
      primary key (mount, serial)
    )`.execute(db)
  await sql`
    create table revocations (
      mount text not null,
      serial bytea not null,
      namespace text not null,
      issuer text,
      revoked_at timestamptz not null,
      reason smallint not null default 0,
      primary key (mount, serial)
    )`.execute(db)
}
