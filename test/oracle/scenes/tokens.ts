/** Tokens: made, looked up, used, renewed, revoked. */
import { type OracleCall, pluginVersion, sceneWithRoot, webRole } from '../call.ts'

const value = { about: /^errors/, reason: 'we do not repeat the value' }
const devRoot = { about: /issue_time|data\.renewable|^errors/, reason: 'the root token of a dev server has a lease' }

export const tokens = sceneWithRoot('tokens', (pki): OracleCall[] => [
  pki.write('roles/web', webRole),
  {
    method: 'PUT',
    path: 'sys/policies/acl/oracle-tokens',
    body: { policy: `path "${pki.mount}/issue/*" { capabilities = ["update"] }` },
  },
  {
    method: 'POST',
    path: 'auth/token/create',
    body: { policies: ['oracle-tokens'], ttl: '1h' },
    remember: { token: 'auth.client_token' },
    same: ['auth.policies', 'auth.lease_duration', 'auth.renewable', 'auth.orphan', 'auth.token_type'],
  },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['unheard-of'] } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['oracle-tokens'], period: '2000h' } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['oracle-tokens'], ttl: '2000h' } },
  {
    method: 'POST',
    path: 'auth/token/create',
    body: { policies: ['oracle-tokens'], explicit_max_ttl: '30m', ttl: '1h' },
  },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['response-wrapping'] } },
  { method: 'POST', path: 'auth/token/create', body: { ttl: 'soon' }, allowed: [value] },
  { method: 'GET', path: 'auth/token/lookup-self', allowed: [devRoot] },
  {
    method: 'GET',
    path: 'auth/token/lookup-self',
    token: '{token}',
    same: ['data.policies', 'data.path', 'data.display_name', 'data.orphan', 'data.creation_ttl'],
  },
  { method: 'POST', path: 'auth/token/lookup-self', token: '{token}', title: 'only read is granted' },
  { method: 'POST', path: 'auth/token/lookup', body: { token: '{token}' } },
  { method: 'POST', path: 'auth/token/lookup', body: { token: 'hvs.unknown' } },
  {
    method: 'POST',
    path: 'auth/token/renew-self',
    token: '{token}',
    body: { increment: 60 },
    same: ['auth.lease_duration'],
  },
  { method: 'POST', path: 'auth/token/renew-self', title: 'root', allowed: [devRoot] },
  { method: 'POST', path: 'auth/token/renew', body: {} },
  { method: 'POST', path: 'auth/token/renew', body: { token: 'hvs.unknown' } },
  pki.write('issue/web', { common_name: 'a.example.com' }, { token: '{token}' }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { token: null, title: 'no token' }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { token: 'hvs.unknown', title: 'unknown token' }),
  pki.read('roles/web', { token: '{token}' }),
  { method: 'GET', path: 'nothing/here', token: '{token}' },
  {
    method: 'POST',
    path: 'sys/capabilities-self',
    token: '{token}',
    body: { paths: [`${pki.mount}/issue/web`, `${pki.mount}/roles/web`] },
    same: ['data'],
  },
  {
    method: 'POST',
    path: 'sys/capabilities-self',
    token: '{token}',
    body: { paths: [`${pki.mount}/issue/web`] },
    same: ['data'],
  },
  { method: 'POST', path: 'sys/capabilities-self', token: '{token}', body: {} },
  { method: 'GET', path: `sys/internal/ui/mounts/${pki.mount}/issue/web`, token: '{token}', allowed: [pluginVersion] },
  { method: 'GET', path: 'sys/internal/ui/mounts/nothing/x', token: '{token}' },
  { method: 'POST', path: 'auth/token/revoke', body: { token: 'hvs.unknown' } },
  { method: 'POST', path: 'auth/token/revoke', body: {} },
  { method: 'POST', path: 'auth/token/revoke-self', token: '{token}' },
  { method: 'GET', path: 'auth/token/lookup-self', token: '{token}', title: 'revoked' },
  { method: 'GET', path: 'auth/token/lookup-self', token: null },
  { method: 'DELETE', path: 'sys/policies/acl/oracle-tokens' },
])
