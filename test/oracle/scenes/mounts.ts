/** What is mounted, and what is not. */
import { type OracleCall, pluginVersion, scene } from '../call.ts'

export const mounts = scene('mounts', ({ mount }): OracleCall[] => [
  { method: 'POST', path: `sys/mounts/${mount}`, body: { type: 'pki' } },
  { method: 'POST', path: `sys/mounts/${mount}/below`, body: { type: 'pki' } },
  { method: 'POST', path: 'sys/mounts/none', body: { type: 'nothing' } },
  { method: 'POST', path: 'sys/mounts/none', body: {} },
  { method: 'GET', path: `sys/mounts/${mount}`, allowed: [pluginVersion] },
  { method: 'GET', path: 'sys/mounts/nothing' },
  { method: 'GET', path: `sys/mounts/${mount}/tune` },
  { method: 'GET', path: 'sys/mounts/nothing/tune' },
  {
    method: 'POST',
    path: `sys/mounts/${mount}/tune`,
    body: { default_lease_ttl: 'soon' },
    allowed: [{ about: /^errors/, reason: 'we name the field' }],
  },
  { method: 'GET', path: 'nothing/here' },
  { method: 'GET', path: 'sys/nothing' },
  { method: 'DELETE', path: 'sys/mounts/nothing' },
])
