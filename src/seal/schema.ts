/** What the doors of the seal accept and return, in Vault's words. */
import { z } from 'zod'

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value)

/** A status that the caller of sys/health wants for a state; a number that no reply can have is refused. */
export const statusCode = (help: string) =>
  z
    .unknown()
    .transform((value, context): number | undefined => {
      if (value === undefined) return undefined
      const code = /^\d+$/.test(String(firstOf(value))) ? Number(firstOf(value)) : Number.NaN
      if (code >= 200 && code <= 599) return code
      context.addIssue({ code: 'custom', message: 'expected a status code' })
      return z.NEVER
    })
    .pipe(z.int().optional())
    .optional()
    .describe(help)

export const initialisedReply = z.object({ initialized: z.boolean() })

export const initReply = z.object({
  keys: z.array(z.string()).describe('The key shares, in hex.'),
  keys_base64: z.array(z.string()),
  root_token: z.string(),
})

export const sealStatusReply = z.object({
  type: z.string(),
  initialized: z.boolean(),
  sealed: z.boolean(),
  t: z.int().describe('Key shares that unseal.'),
  n: z.int().describe('Key shares that exist.'),
  progress: z.int(),
  nonce: z.string(),
  version: z.string(),
  build_date: z.string(),
  commit_date: z.string(),
  migration: z.boolean(),
  cluster_name: z.string().optional(),
  cluster_id: z.string().optional(),
  recovery_seal: z.boolean(),
  storage_type: z.string(),
})

export const healthReply = z.object({
  initialized: z.boolean(),
  sealed: z.boolean(),
  standby: z.boolean(),
  performance_standby: z.boolean(),
  replication_performance_mode: z.string(),
  replication_dr_mode: z.string(),
  server_time_utc: z.int().describe('Seconds since 1970.'),
  version: z.string(),
  enterprise: z.boolean(),
  cluster_name: z.string().optional(),
  cluster_id: z.string().optional(),
  echo_duration_ms: z.int(),
  clock_skew_ms: z.int(),
  replication_primary_canary_age_ms: z.int(),
})

export const leaderReply = z.object({
  ha_enabled: z.boolean(),
  is_self: z.boolean(),
  active_time: z.string(),
  leader_address: z.string(),
  leader_cluster_address: z.string(),
  performance_standby: z.boolean(),
  performance_standby_last_remote_wal: z.int(),
})

export const keyStatusReply = z.object({ term: z.int(), install_time: z.string(), encryptions: z.int() })

export const rootGenerationReply = z.object({
  nonce: z.string(),
  started: z.boolean(),
  progress: z.int(),
  required: z.int(),
  complete: z.boolean(),
  encoded_token: z.string(),
  encoded_root_token: z.string(),
  pgp_fingerprint: z.string(),
  otp: z.string(),
  otp_length: z.int(),
})

export const rekeyStatusReply = z.object({
  nonce: z.string(),
  started: z.boolean(),
  t: z.int(),
  n: z.int(),
  progress: z.int(),
  required: z.int(),
  pgp_fingerprints: z.null(),
  backup: z.boolean(),
  verification_required: z.boolean(),
  verification_nonce: z.string().optional(),
})

/** The status while shares are missing; with the last one, the new shares. */
export const rekeyUpdateReply = z.union([
  rekeyStatusReply,
  z.object({
    nonce: z.string(),
    complete: z.boolean(),
    keys: z.array(z.string()),
    keys_base64: z.array(z.string()),
    pgp_fingerprints: z.null(),
    backup: z.boolean(),
    verification_required: z.boolean(),
    verification_nonce: z.string().optional(),
  }),
])

export const rekeyVerificationReply = z.object({
  nonce: z.string(),
  started: z.boolean(),
  t: z.int(),
  n: z.int(),
  progress: z.int(),
})

export const rekeyVerifyReply = z.union([
  rekeyVerificationReply,
  z.object({ nonce: z.string(), complete: z.boolean() }),
])
