/** What the server says about itself. */
import type { OracleCall, Scene } from '../call.ts'

const vaultHas = { about: /^we have/, reason: 'Vault has these' }

export const system: Scene = {
  name: 'system',
  calls: [
    { method: 'GET', path: 'sys/mounts?list=perhaps', allowed: [{ about: /^errors/, reason: 'we say what is wrong' }] },
    { method: 'GET', path: 'sys/health', token: null, allowed: [vaultHas] },
    { method: 'GET', path: 'sys/seal-status', token: null, allowed: [vaultHas] },
    { method: 'GET', path: 'sys/leader', token: null, allowed: [vaultHas] },
    { method: 'GET', path: 'sys/init', token: null },
    {
      method: 'PUT',
      path: 'sys/init',
      token: null,
      body: {},
      allowed: [{ about: /^errors/, reason: 'the file seal has no shares to complain about' }],
    },
    { method: 'GET', path: 'sys/key-status' },
  ] satisfies OracleCall[],
}
