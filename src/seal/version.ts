/**
 * The Vault release whose behaviour this server keeps to, as sys/health and sys/seal-status report it. Terraform's
 * provider, the vault CLI and others parse it as semver and choose by it which fields they send, so it is neither this
 * project's own version nor newer than what is built; a `+ent` suffix would unlock paths that are not there.
 */
export const vaultVersion = '1.15.0'
