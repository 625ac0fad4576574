/**
 * The tables, as Kysely's types: the store's vocabulary. A row here is what `migrations/` makes there.
 * `Db` reads and writes by itself; a function that must run inside a transaction takes a `Tx`.
 */
import type { ColumnType, Generated, Kysely, Transaction } from 'kysely'

/** Written as a value, read back as one: bytea is a Uint8Array on both stores. */
type Bytes = ColumnType<Uint8Array, Uint8Array, Uint8Array>
/** A JSONB document: goes in as text, comes out parsed. */
type Json<T> = ColumnType<T, string, string>
type Time = ColumnType<Date, Date, Date>
/** bigint and numeric come out of Postgres as text; see the parsers in `open.ts`, which make them numbers. */
type BigNumber = ColumnType<number, number, number>

/** One row: how this database is protected. Written by `sys/init`, `sys/rekey` and `sys/rotate`, compare-and-set on `version`. */
export interface SealTable {
  id: ColumnType<1, 1, never>
  version: number
  type: string
  secret_shares: number
  secret_threshold: number
  /** The root key under the seal's key. */
  root_key: Bytes
  /** The keyring (every term's key) under the root key. */
  keyring: Bytes
  /** The root key under the keyring's newest term: a replica that missed a rekey finds the new root key here. */
  root_key_in_barrier: Bytes
  cluster_id: string
  cluster_name: string
  created_at: Time
}

/** One row per term of the keyring. */
export interface KeyTermsTable {
  term: number
  installed_at: Time
  /** Encryptions under this term, added to from every replica now and then. */
  encryptions: BigNumber
}

/** Random keys for HMACs, encrypted under the keyring: `token`. */
export interface HmacKeysTable {
  name: string
  value: Bytes
}

export interface MountsTable {
  uuid: string
  namespace: string
  class: 'secret' | 'auth'
  path: string
  type: string
  accessor: string
  description: string
  config: Json<Record<string, unknown>>
  options: Json<Record<string, string> | null>
  local: boolean
  seal_wrap: boolean
  external_entropy_access: boolean
  created_at: Time
}

/** Finished moves, so that any replica can answer for a migration id. */
export interface MountMovesTable {
  id: string
  namespace: string
  source_mount: string
  target_mount: string
  moved_at: Time
}

export interface PoliciesTable {
  namespace: string
  name: string
  type: 'acl'
  text: string
  modified_at: Time
}

export interface TokensTable {
  /** HMAC-SHA256 of the token id under the `token` key: the id itself is nowhere. */
  hash: Bytes
  namespace: string
  accessor: string
  parent: ColumnType<Uint8Array | null, Uint8Array | null, Uint8Array | null>
  policies: string[]
  path: string
  meta: Json<Record<string, string> | null>
  display_name: string
  num_uses: number
  type: 'service'
  /** Seconds; 0 never expires. */
  creation_ttl: number
  explicit_max_ttl: number
  period: number
  renewable: boolean
  orphan: boolean
  role: string | null
  entity_id: string
  bound_cidrs: string[]
  created_at: Time
  expires_at: ColumnType<Date | null, Date | null, Date | null>
  renewed_at: ColumnType<Date | null, Date | null, Date | null>
}

export interface AuditDevicesTable {
  namespace: string
  path: string
  type: string
  description: string
  options: Json<Record<string, string>>
  local: boolean
  accessor: string
  /** The HMAC key, encrypted. */
  hmac_key: Bytes
  created_at: Time
}

export interface PkiKeysTable {
  mount: string
  namespace: string
  id: string
  name: string
  type: 'rsa' | 'ec' | 'ed25519'
  bits: number
  /** SubjectPublicKeyInfo, DER. */
  public_key: Bytes
  public_key_sha256: Bytes
  /** PKCS#8 DER, encrypted. */
  private_key: Bytes
  created_at: Time
}

export interface PkiIssuersTable {
  mount: string
  namespace: string
  id: string
  name: string
  key_id: string | null
  certificate: Bytes
  certificate_sha256: Bytes
  serial: Bytes
  not_after: Time
  /** What an operator may change: usage, leaf_not_after_behavior, manual_chain, revocation_signature_algorithm, AIA. */
  document: Json<Record<string, unknown>>
  /** Computed chain: ids, the issuer itself first. */
  ca_chain: string[]
  created_at: Time
  modified_at: Time
}

export interface PkiRolesTable {
  mount: string
  namespace: string
  name: string
  document: Json<Record<string, unknown>>
  modified_at: Time
}

/** One document per name: `issuers`, `keys`, `urls`, `cluster`, `crl`. */
export interface PkiConfigTable {
  mount: string
  namespace: string
  name: string
  document: Json<Record<string, unknown>>
  modified_at: Time
}

export interface PkiCrlsTable {
  mount: string
  namespace: string
  issuer: string
  kind: 'complete' | 'delta'
  number: BigNumber
  der: Bytes
  this_update: Time
  next_update: Time
}

export interface CertificatesTable {
  mount: string
  serial: Bytes
  namespace: string
  issuer: string | null
  role: string
  /** RFC 4514 text. */
  subject: string
  common_name: string
  /** `DNS:a.example`, `IP:10.0.0.1`, … in the order of the extension. */
  sans: string[]
  not_before: Time
  not_after: Time
  issued_at: Time
  entity_id: string
  token_accessor: string
  request_id: string
  key_type: string
  key_bits: number
  public_key_sha256: Bytes
  authority_key_id: ColumnType<Uint8Array | null, Uint8Array | null, Uint8Array | null>
  lease_id: string | null
  lease_expires_at: ColumnType<Date | null, Date | null, Date | null>
  der: Bytes
}

export interface RevocationsTable {
  mount: string
  serial: Bytes
  namespace: string
  issuer: string | null
  revoked_at: Time
  /** RFC 5280 §5.3.1. */
  reason: Generated<number>
}

export interface Database {
  seal: SealTable
  key_terms: KeyTermsTable
  hmac_keys: HmacKeysTable
  mounts: MountsTable
  mount_moves: MountMovesTable
  policies: PoliciesTable
  tokens: TokensTable
  audit_devices: AuditDevicesTable
  pki_keys: PkiKeysTable
  pki_issuers: PkiIssuersTable
  pki_roles: PkiRolesTable
  pki_config: PkiConfigTable
  pki_crls: PkiCrlsTable
  certificates: CertificatesTable
  revocations: RevocationsTable
}

export type Db = Kysely<Database>
export type Tx = Transaction<Database>
