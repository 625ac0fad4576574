/**
 * The doors of the seal, below `sys/`: init, unseal, seal, the status pages, rotate, generate-root, rekey.
 * Their replies are not enveloped, but for key-status.
 */
import { bool, int, list, text } from '../fields.ts'
import { route, type RawReply, type Route } from '../route.ts'
import type { RekeyStatus, RekeyVerification } from './rekey.ts'
import { otpLength, type RootGenerationStatus } from './generate-root.ts'
import * as schema from './schema.ts'
import type { Seal, SealStatus } from './seal.ts'
import { vaultVersion } from './version.ts'

export interface SealDoors {
  readonly seal: Seal
  readonly now: () => Date
  readonly storage: 'embedded' | 'postgres'
  /** Where clients reach this server, for sys/leader. */
  readonly apiAddr: string | undefined
  /** Open rekey and generate-root to calls without a token. */
  readonly unauthenticatedKeyOperations: boolean
}

const json = (body: object, status = 200): RawReply => ({
  raw: { contentType: 'application/json', body: `${JSON.stringify(body)}\n`, status },
})

/** Answered in every state, by anybody, and never in the audit log. */
const always = { public: true, whileSealed: true, unaudited: true } as const

const hex = (shares: readonly Buffer[]): string[] => shares.map((share) => share.toString('hex'))
const base64 = (shares: readonly Buffer[]): string[] => shares.map((share) => share.toString('base64'))

const key = { key: text('One key share, in hex or base64.'), nonce: text('The nonce of the attempt.') }

/** Every row of this folder, without mount or engine around it. */
export const sealRoutes = (doors: SealDoors): readonly Route[] => [
  ...stateRoutes(doors),
  ...statusRoutes(doors),
  ...keyringRoutes(doors),
  ...rootGenerationRoutes(doors),
  ...rekeyRoutes(doors),
]

const stateRoutes = (doors: SealDoors): Route[] => [
  route({
    verb: 'read',
    path: 'init',
    help: 'Is the server initialized?',
    ...always,
    rootNamespaceOnly: true,
    fields: {},
    reply: schema.initialisedReply,
    run: async () => json({ initialized: await doors.seal.initialised() }),
  }),
  route({
    verb: 'write',
    path: 'init',
    help: 'Make the keys and the first root token. They are shown once.',
    ...always,
    rootNamespaceOnly: true,
    fields: {
      secret_shares: int('How many key shares to make.'),
      secret_threshold: int('How many of them unseal.'),
      pgp_keys: list('Not supported: refused unless empty.'),
      root_token_pgp_key: text('Not supported: refused unless empty.'),
      recovery_shares: int('Not applicable: refused unless 0.'),
      recovery_threshold: int('Not applicable: refused unless 0.'),
      recovery_pgp_keys: list('Not applicable: refused unless empty.'),
      stored_shares: int('Ignored, as Vault does.'),
    },
    reply: schema.initReply,
    run: async ({ input }) => {
      const { shares, rootToken } = await doors.seal.initialise({
        secretShares: input.secret_shares ?? 0,
        secretThreshold: input.secret_threshold ?? 0,
        pgpKeys: input.pgp_keys ?? [],
        rootTokenPgpKey: input.root_token_pgp_key ?? '',
        recoveryShares: input.recovery_shares ?? 0,
        recoveryThreshold: input.recovery_threshold ?? 0,
        recoveryPgpKeys: input.recovery_pgp_keys ?? [],
      })
      return json({ keys: hex(shares), keys_base64: base64(shares), root_token: rootToken })
    },
  }),
  route({
    verb: 'write',
    path: 'unseal',
    help: 'Bring one key share, or forget those that were brought.',
    ...always,
    rootNamespaceOnly: true,
    fields: {
      key: text('One key share, in hex or base64.'),
      reset: bool('Forget the shares brought so far.'),
      migrate: bool('Unseal to migrate from another seal: there is none to migrate from.'),
    },
    reply: schema.sealStatusReply,
    run: async ({ input }) => {
      if (input.reset) doors.seal.resetUnseal()
      else await doors.seal.unseal(input.key ?? '', { migrate: input.migrate ?? false })
      return json(sealStatus(doors, await doors.seal.status()))
    },
  }),
  route({
    verb: 'write',
    path: 'seal',
    help: 'Forget the keys: until it is unsealed again this server answers 503.',
    sudo: true,
    rootNamespaceOnly: true,
    fields: {},
    run: async () => {
      await doors.seal.seal()
      return undefined
    },
  }),
]

const statusRoutes = (doors: SealDoors): Route[] => [
  route({
    verb: 'read',
    path: 'seal-status',
    help: 'Is the server sealed, and how far is unsealing?',
    ...always,
    fields: {},
    reply: schema.sealStatusReply,
    run: async () => json(sealStatus(doors, await doors.seal.status())),
  }),
  route({
    verb: 'read',
    path: 'health',
    help: 'The state of the server as a status code, for load balancers.',
    ...always,
    rootNamespaceOnly: true,
    head: true,
    fields: {
      standbyok: bool('No replica here is a standby: accepted, without effect.'),
      perfstandbyok: bool('Accepted, without effect.'),
      activecode: schema.statusCode('Status of an unsealed server, by default 200.'),
      sealedcode: schema.statusCode('Status of a sealed server, by default 503.'),
      uninitcode: schema.statusCode('Status of a server that is not initialized, by default 501.'),
      standbycode: schema.statusCode('Accepted, without effect.'),
      drsecondarycode: schema.statusCode('Accepted, without effect.'),
      performancestandbycode: schema.statusCode('Accepted, without effect.'),
      haunhealthycode: schema.statusCode('Accepted, without effect.'),
      removedcode: schema.statusCode('Accepted, without effect.'),
    },
    reply: schema.healthReply,
    run: async ({ input }) => {
      const status = await doors.seal.status()
      const code = !status.initialized
        ? (input.uninitcode ?? 501)
        : status.sealed
          ? (input.sealedcode ?? 503)
          : (input.activecode ?? 200)
      return json(health(status, doors.now()), code)
    },
  }),
  route({
    verb: 'read',
    path: 'leader',
    help: 'Every replica serves every request: this one is always the leader.',
    ...always,
    fields: {},
    reply: schema.leaderReply,
    run: async () => json(leader(doors, await doors.seal.status())),
  }),
]

const keyringRoutes = ({ seal }: SealDoors): Route[] => [
  ...['rotate', 'rotate/keyring'].map((path) =>
    route({
      verb: 'write',
      path,
      help: 'Add an encryption key to the keyring, which from then on encrypts.',
      sudo: true,
      rootNamespaceOnly: true,
      fields: {},
      run: async () => {
        await seal.rotate()
        return undefined
      },
    }),
  ),
  route({
    verb: 'read',
    path: 'key-status',
    help: 'The newest encryption key: its term, its age and how often it was used.',
    rootNamespaceOnly: true,
    alsoAtTop: true,
    fields: {},
    reply: schema.keyStatusReply,
    run: async () => {
      const { term, installedAt, encryptions } = await seal.keyStatus()
      return { data: { term, install_time: installedAt.toISOString(), encryptions } }
    },
  }),
]

/** Calls without a token once cancelled others' attempts (CVE-2026-5807): they need the setting. */
const keyOperation = ({ unauthenticatedKeyOperations }: SealDoors) =>
  unauthenticatedKeyOperations
    ? ({ public: true, rootNamespaceOnly: true } as const)
    : ({ sudo: true, rootNamespaceOnly: true } as const)

const rootGenerationRoutes = (doors: SealDoors): Route[] => {
  const { rootGeneration } = doors.seal
  return [
    route({
      verb: 'read',
      path: 'generate-root/attempt',
      help: 'How far is the generation of a root token?',
      ...keyOperation(doors),
      fields: {},
      reply: schema.rootGenerationReply,
      run: () => json(rootGenerationStatus(rootGeneration.status())),
    }),
    route({
      verb: 'write',
      path: 'generate-root/attempt',
      help: 'Begin to generate a root token.',
      ...keyOperation(doors),
      fields: {
        otp: text(`A one-time password of ${otpLength} bytes; without it one is made and returned.`),
        pgp_key: text('Not supported: refused unless empty.'),
      },
      reply: schema.rootGenerationReply,
      run: async ({ input }) => {
        const begun = await rootGeneration.begin({ otp: input.otp ?? '', pgpKey: input.pgp_key ?? '' })
        return json(rootGenerationStatus(begun))
      },
    }),
    route({
      verb: 'delete',
      path: 'generate-root/attempt',
      help: 'Give the attempt up.',
      ...keyOperation(doors),
      fields: {},
      run: async () => {
        await rootGeneration.cancel()
        return undefined
      },
    }),
    route({
      verb: 'write',
      path: 'generate-root/update',
      help: 'Bring one key share; the last one returns the encoded root token.',
      ...keyOperation(doors),
      fields: key,
      reply: schema.rootGenerationReply,
      run: async ({ input }) =>
        json(rootGenerationStatus(await rootGeneration.update(input.key ?? '', input.nonce ?? ''))),
    }),
  ]
}

const rekeyRoutes = (doors: SealDoors): Route[] => {
  const { rekey } = doors.seal
  return [
    route({
      verb: 'read',
      path: 'rekey/init',
      help: 'How far is the rekey?',
      ...keyOperation(doors),
      fields: {},
      reply: schema.rekeyStatusReply,
      run: () => json(rekeyStatus(rekey.status())),
    }),
    route({
      verb: 'write',
      path: 'rekey/init',
      help: 'Begin to replace the key shares.',
      ...keyOperation(doors),
      fields: {
        secret_shares: int('How many key shares to make.'),
        secret_threshold: int('How many of them unseal.'),
        require_verification: bool('Change nothing before the new shares have been brought back.'),
        pgp_keys: list('Not supported: refused unless empty.'),
        backup: bool('Needs PGP keys: refused unless false.'),
      },
      reply: schema.rekeyStatusReply,
      run: async ({ input }) => {
        const begun = await rekey.begin({
          secretShares: input.secret_shares ?? 0,
          secretThreshold: input.secret_threshold ?? 0,
          requireVerification: input.require_verification ?? false,
          pgpKeys: input.pgp_keys ?? [],
          backup: input.backup ?? false,
        })
        return json(rekeyStatus(begun))
      },
    }),
    route({
      verb: 'delete',
      path: 'rekey/init',
      help: 'Give the rekey up.',
      ...keyOperation(doors),
      fields: {},
      run: async () => {
        await rekey.cancel()
        return undefined
      },
    }),
    route({
      verb: 'write',
      path: 'rekey/update',
      help: 'Bring one of the old key shares; the last one returns the new ones.',
      ...keyOperation(doors),
      fields: key,
      reply: schema.rekeyUpdateReply,
      run: async ({ input }) => {
        const rekeyed = await rekey.update(input.key ?? '', input.nonce ?? '')
        if (!rekeyed) return json(rekeyStatus(rekey.status()))
        return json({
          nonce: rekeyed.nonce,
          complete: true,
          keys: hex(rekeyed.shares),
          keys_base64: base64(rekeyed.shares),
          pgp_fingerprints: null,
          backup: false,
          verification_required: rekeyed.verificationRequired,
          verification_nonce: rekeyed.verificationNonce,
        })
      },
    }),
    route({
      verb: 'read',
      path: 'rekey/verify',
      help: 'How far is the verification of the new key shares?',
      ...keyOperation(doors),
      fields: {},
      reply: schema.rekeyVerificationReply,
      run: () => json(rekeyVerification(rekey.verification())),
    }),
    route({
      verb: 'write',
      path: 'rekey/verify',
      help: 'Bring one of the new key shares; the last one makes them valid.',
      ...keyOperation(doors),
      fields: key,
      reply: schema.rekeyVerifyReply,
      run: async ({ input }) => {
        const finished = await rekey.verify(input.key ?? '', input.nonce ?? '')
        return json(
          finished === undefined ? rekeyVerification(rekey.verification()) : { nonce: finished, complete: true },
        )
      },
    }),
    route({
      verb: 'delete',
      path: 'rekey/verify',
      help: 'Forget the new key shares brought back so far.',
      ...keyOperation(doors),
      fields: {},
      reply: schema.rekeyVerificationReply,
      run: async () => json(rekeyVerification(await rekey.restartVerification())),
    }),
  ]
}

const sealStatus = ({ storage }: SealDoors, status: SealStatus) => ({
  type: status.type,
  initialized: status.initialized,
  sealed: status.sealed,
  t: status.t,
  n: status.n,
  progress: status.progress,
  nonce: status.nonce,
  version: vaultVersion,
  // Run from source: there is no build. Vault's CLI shows the one, OpenBao's the other.
  build_date: '',
  commit_date: '',
  migration: false,
  cluster_name: status.clusterName,
  cluster_id: status.clusterId,
  recovery_seal: false,
  storage_type: storage === 'postgres' ? 'postgresql' : 'pglite',
})

const health = (status: SealStatus, now: Date) => ({
  initialized: status.initialized,
  sealed: status.sealed,
  standby: false,
  performance_standby: false,
  replication_performance_mode: 'disabled',
  replication_dr_mode: 'disabled',
  server_time_utc: Math.floor(now.getTime() / 1000),
  version: vaultVersion,
  enterprise: false,
  cluster_name: status.clusterName,
  cluster_id: status.clusterId,
  echo_duration_ms: 0,
  clock_skew_ms: 0,
  replication_primary_canary_age_ms: 0,
})

const leader = ({ apiAddr, storage }: SealDoors, status: SealStatus) => ({
  // The embedded store has one replica.
  ha_enabled: storage === 'postgres',
  is_self: !status.sealed,
  // Go's zero time: not active.
  active_time: status.unsealedAt?.toISOString() ?? '0001-01-01T00:00:00Z',
  leader_address: status.sealed ? '' : (apiAddr ?? ''),
  leader_cluster_address: '',
  performance_standby: false,
  performance_standby_last_remote_wal: 0,
})

const rootGenerationStatus = (status: RootGenerationStatus) => ({
  nonce: status.nonce,
  started: status.started,
  progress: status.progress,
  required: status.required,
  complete: status.complete,
  encoded_token: status.encodedToken,
  encoded_root_token: status.encodedToken,
  pgp_fingerprint: '',
  otp: status.otp,
  otp_length: otpLength,
})

const rekeyStatus = (status: RekeyStatus) => ({
  nonce: status.nonce,
  started: status.started,
  t: status.t,
  n: status.n,
  progress: status.progress,
  required: status.required,
  pgp_fingerprints: null,
  backup: false,
  verification_required: status.verificationRequired,
  verification_nonce: status.verificationNonce,
})

const rekeyVerification = ({ nonce, started, t, n, progress }: RekeyVerification) => ({
  nonce,
  started,
  t,
  n,
  progress,
})
