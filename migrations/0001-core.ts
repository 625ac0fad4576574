/**
 * What exists before any engine: the seal, mounts, policies, tokens, audit devices.
 * Every table that holds something of a tenant carries its namespace from the start.
 */
import { sql, type Kysely } from 'kysely'

export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table seal (
      id int primary key check (id = 1),
      version int not null,
      type text not null,
      secret_shares int not null,
      secret_threshold int not null,
      root_key bytea not null,
      keyring bytea not null,
      root_key_in_barrier bytea not null,
      cluster_id text not null,
      cluster_name text not null,
      created_at timestamptz not null
    )`.execute(db)
  await sql`
    create table key_terms (
      term int primary key,
      installed_at timestamptz not null,
      encryptions bigint not null
    )`.execute(db)
  await sql`
    create table hmac_keys (
      name text primary key,
      value bytea not null
    )`.execute(db)
  await sql`
    create table mounts (
      uuid text primary key,
      namespace text not null,
      class text not null check (class in ('secret', 'auth')),
      path text not null,
      type text not null,
      accessor text not null unique,
      description text not null,
      config jsonb not null,
      options jsonb not null,
      local boolean not null,
      seal_wrap boolean not null,
      external_entropy_access boolean not null,
      created_at timestamptz not null,
      unique (namespace, class, path)
    )`.execute(db)
  await sql`
    create table mount_moves (
      id text primary key,
      namespace text not null,
      source_mount text not null,
      target_mount text not null,
      moved_at timestamptz not null
    )`.execute(db)
  await sql`
    create table policies (
      namespace text not null,
      name text not null,
      type text not null,
      text text not null,
      modified_at timestamptz not null,
      primary key (namespace, name)
    )`.execute(db)
  await sql`
    create table tokens (
      hash bytea primary key,
      namespace text not null,
      accessor text not null unique,
      parent bytea,
      policies text[] not null,
      path text not null,
      meta jsonb not null,
      display_name text not null,
      num_uses int not null,
      type text not null,
      creation_ttl bigint not null,
      explicit_max_ttl bigint not null,
      period bigint not null,
      renewable boolean not null,
      orphan boolean not null,
      role text,
      entity_id text not null,
      bound_cidrs text[] not null,
      created_at timestamptz not null,
      expires_at timestamptz,
      renewed_at timestamptz
    )`.execute(db)
  // Revoking a token walks down its children; the expiry job takes what is due.
  await sql`create index tokens_parent on tokens (parent) where parent is not null`.execute(db)
  await sql`create index tokens_expires_at on tokens (expires_at) where expires_at is not null`.execute(db)
  await sql`
    create table audit_devices (
      namespace text not null,
      path text not null,
      type text not null,
      description text not null,
      options jsonb not null,
      local boolean not null,
      accessor text not null,
      hmac_key bytea not null,
      created_at timestamptz not null,
      primary key (namespace, path)
    )`.execute(db)
}
