/** The calls that `compare.ts` puts to both servers, in this order, and the differences that have a reason. */

export interface OracleCall {
  method: string
  /** `{name}` stands for what an earlier call has remembered. */
  path: string
  body?: object | string
  /** Default: the root token. null: none. */
  token?: string | null
  headers?: Record<string, string>
  title?: string
  /** Name → path in the answer's JSON. */
  remember?: Record<string, string>
  /** Paths whose values must be equal, too. */
  same?: string[]
  allowed?: { about: RegExp; reason: string }[]
}

/** Differences that have a reason wherever they show. */
export const allowedEverywhere: { about: RegExp; reason: string }[] = [
  { about: /^we have (data\.)?options: null/, reason: 'Vault shows it, OpenBao leaves it away' },
  {
    about: /^we have data\.serial_number_source: string, data\.no_store_metadata: boolean$/,
    reason: 'fields that newer Vaults have and OpenBao has not',
  },
  { about: /^the peer has .*cas_required/, reason: 'OpenBao versions its policies' },
  { about: /idna: invalid label/, reason: 'ours names the label, the peer the whole name' },
  { about: /invalid token/, reason: 'Vault 1.17 and later say that the token is the trouble; its agent looks for it' },
  {
    about: /A\.Example\.com/,
    reason: 'case makes no difference to a name: Vault’s suffix check that minds it is a known bug',
  },
]

const mount = 'oracle'
const pki = (path: string): string => `${mount}/${path}`

/** A CSR's key and signature, made once; P-256, CN=csr.example.com. */
const role = { allowed_domains: 'example.com', allow_subdomains: true, key_type: 'ec', ttl: '1h' }

const issue = (body: object, more: Partial<OracleCall> = {}): OracleCall => ({
  method: 'POST',
  path: pki('issue/web'),
  body,
  ...more,
})

const roleWith = (body: object): OracleCall => ({ method: 'POST', path: pki('roles/web'), body: { ...role, ...body } })

const names = [
  'a.example.com',
  'example.com',
  'a.b.example.com',
  '*.example.com',
  'a.*.example.com',
  '*a.example.com',
  'A.Example.com',
  'localhost',
  'user@example.com',
  'user@a.example.com',
  'a@b@example.com',
  '10.0.0.1',
  'spa ce.example.com',
  'under_score.example.com',
  'xn--bcher-kva.example.com',
  'bücher.example.com',
  '-a.example.com',
  'a..example.com',
  'a.example.com.',
  '',
  'example.org',
  'badexample.com',
  'x'.repeat(64) + '.example.com',
]

export const calls: OracleCall[] = [
  { method: 'POST', path: `sys/mounts/${mount}`, body: { type: 'pki', config: { max_lease_ttl: '87600h' } } },
  { method: 'POST', path: `sys/mounts/${mount}`, body: { type: 'pki' } },
  { method: 'POST', path: `sys/mounts/${mount}/below`, body: { type: 'pki' } },
  { method: 'POST', path: 'sys/mounts/none', body: { type: 'nothing' } },
  { method: 'POST', path: 'sys/mounts/none', body: {} },
  { method: 'GET', path: `sys/mounts/${mount}` },
  { method: 'GET', path: 'sys/mounts/nothing' },
  { method: 'GET', path: `sys/mounts/${mount}/tune` },
  { method: 'GET', path: 'sys/mounts/nothing/tune' },
  {
    method: 'POST',
    path: `sys/mounts/${mount}/tune`,
    body: { default_lease_ttl: 'soon' },
    allowed: [{ about: /errors/, reason: 'we name the field' }],
  },
  { method: 'GET', path: 'nothing/here' },
  { method: 'GET', path: 'sys/nothing' },
  { method: 'DELETE', path: 'sys/mounts/nothing' },

  { method: 'GET', path: pki('ca/pem'), token: null, title: 'no CA yet' },
  { method: 'GET', path: pki('cert/ca'), token: null, title: 'no CA yet' },
  { method: 'GET', path: pki('crl'), token: null, title: 'no CA yet' },
  { method: 'GET', path: pki('roles?list=true'), title: 'empty' },
  { method: 'GET', path: pki('certs?list=true'), title: 'empty' },
  { method: 'POST', path: pki('issue/nothing'), body: { common_name: 'a.example.com' } },
  { method: 'POST', path: pki('root/generate/wrong'), body: { common_name: 'Root' } },
  { method: 'POST', path: pki('root/generate/internal'), body: { common_name: 'Root', key_type: 'dsa' } },
  { method: 'POST', path: pki('root/generate/internal'), body: { common_name: 'Root', key_type: 'ec', key_bits: 123 } },
  {
    method: 'POST',
    path: pki('root/generate/internal'),
    body: { common_name: 'Root', key_type: 'ec', ttl: '87600h', issuer_name: 'root-one' },
  },
  {
    method: 'POST',
    path: pki('root/generate/internal'),
    body: { common_name: 'Root', key_type: 'ec', issuer_name: 'root-one' },
    title: 'name taken',
  },
  { method: 'GET', path: pki('cert/ca'), token: null },
  { method: 'GET', path: pki('ca/pem'), token: null },
  { method: 'GET', path: pki('ca'), token: null },
  { method: 'GET', path: pki('ca_chain'), token: null },
  { method: 'GET', path: pki('cert/ca_chain'), token: null },
  { method: 'GET', path: pki('crl'), token: null },
  { method: 'GET', path: pki('crl/pem'), token: null },
  { method: 'GET', path: pki('cert/crl'), token: null },

  {
    method: 'POST',
    path: pki('roles/web'),
    body: role,
    same: ['data.ttl', 'data.key_bits', 'data.key_usage', 'data.allowed_domains'],
  },
  { method: 'GET', path: pki('roles/web') },
  { method: 'GET', path: pki('roles/nothing') },
  { method: 'GET', path: pki('roles'), title: 'without list' },
  { method: 'POST', path: pki('roles/-bad'), body: {} },
  { method: 'POST', path: pki('roles/web'), body: { ttl: '2h', max_ttl: '1h' } },
  { method: 'POST', path: pki('roles/web'), body: { key_type: 'dsa' } },
  { method: 'POST', path: pki('roles/web'), body: { key_type: 'ec', key_bits: 2048 } },
  { method: 'POST', path: pki('roles/web'), body: { key_type: 'rsa', key_bits: 1024 } },
  {
    method: 'POST',
    path: pki('roles/web'),
    body: { allow_subdomains: 'perhaps' },
    allowed: [{ about: /errors/, reason: 'we do not repeat the value' }],
  },
  {
    method: 'POST',
    path: pki('roles/web'),
    body: '{"a":',
    title: 'broken JSON',
    allowed: [{ about: /errors/, reason: 'the inner text is the parser’s' }],
  },
  { method: 'PATCH', path: pki('roles/web'), body: { max_ttl: '3h' } },
  {
    method: 'PATCH',
    path: pki('roles/web'),
    body: { max_ttl: '3h' },
    headers: { 'Content-Type': 'application/merge-patch+json' },
    same: ['data.max_ttl', 'data.ttl'],
  },
  {
    method: 'PATCH',
    path: pki('roles/nothing'),
    body: { max_ttl: '3h' },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  },
  roleWith({}),
  { method: 'DELETE', path: pki('roles/nothing') },

  issue(
    { common_name: 'a.example.com' },
    { remember: { serial: 'data.serial_number' }, same: ['data.private_key_type'] },
  ),
  { method: 'GET', path: pki('cert/{serial}'), token: null },
  { method: 'GET', path: pki('cert/{serial}/raw'), token: null },
  { method: 'GET', path: pki('cert/{serial}/raw/pem'), token: null },
  { method: 'GET', path: pki('cert/00:11'), token: null },
  { method: 'GET', path: pki('cert/00:11/raw'), token: null },
  {
    method: 'GET',
    path: pki('cert/xyz'),
    token: null,
    allowed: [{ about: /./, reason: 'a path that does not exist needs a token' }],
  },
  { method: 'GET', path: pki('certs?list=true') },
  ...[
    {},
    { allow_bare_domains: true },
    { allow_glob_domains: true, allowed_domains: '*.example.com' },
    { allow_any_name: true },
    { enforce_hostnames: false },
    { allow_wildcard_certificates: false },
  ].flatMap((rules) => [
    roleWith(rules),
    ...names.map((name) => issue({ common_name: name }, { title: `${JSON.stringify(rules)} ${name}` })),
  ]),
  roleWith({}),
  issue({ common_name: 'a.example.com', alt_names: 'b.example.com,c.example.org' }),
  issue({ common_name: 'a.example.com', alt_names: ' b.example.com , c.example.com' }),
  issue({ common_name: 'a.example.com', ttl: '-1h' }),
  issue({ common_name: 'a.example.com', ttl: '99999h' }),
  issue({ common_name: 'a.example.com', format: 'der' }),
  issue({ common_name: 'a.example.com', format: 'pem_bundle' }),
  issue({ common_name: 'a.example.com', format: 'xyz' }),
  issue({ common_name: 'a.example.com', private_key_format: 'pkcs8' }),
  issue({ common_name: 'a.example.com', not_after: '2020-01-01T00:00:00Z' }),
  issue({ common_name: 'a.example.com', not_after: 'tomorrow' }),
  issue({ common_name: 'a.example.com', ttl: '1h', not_after: '2030-01-01T00:00:00Z' }),
  issue({ common_name: 'a.example.com', unheard_of: 1, of: 2 }),
  issue({}),
  { method: 'GET', path: pki('issue/web') },
  { method: 'POST', path: pki('sign/web'), body: {} },
  { method: 'POST', path: pki('sign/web'), body: { csr: 'not PEM' } },
  {
    method: 'POST',
    path: pki('sign/web'),
    body: { csr: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----' },
    allowed: [{ about: /errors/, reason: 'the inner text is the parser’s' }],
  },

  {
    method: 'PUT',
    path: 'sys/policies/acl/oracle',
    body: { policy: 'path "oracle/issue/*" { capabilities = ["update"] }' },
  },
  { method: 'GET', path: 'sys/policies/acl/oracle', same: ['data.policy'] },
  { method: 'GET', path: 'sys/policies/acl/nothing' },
  { method: 'GET', path: 'sys/policy/oracle' },
  { method: 'PUT', path: 'sys/policies/acl/Oracle2', body: { policy: '# nothing' } },
  { method: 'PUT', path: 'sys/policies/acl/oracle', body: {} },
  { method: 'PUT', path: 'sys/policies/acl/oracle', body: { policy: 'path "a" { capabilities = ["fly"] }' } },
  {
    method: 'PUT',
    path: 'sys/policies/acl/oracle',
    body: { policy: 'nonsense' },
    allowed: [{ about: /errors/, reason: 'the inner text is the parser’s' }],
  },
  { method: 'PUT', path: 'sys/policies/acl/root', body: { policy: 'path "a" { capabilities = ["read"] }' } },
  { method: 'DELETE', path: 'sys/policies/acl/root' },
  { method: 'DELETE', path: 'sys/policies/acl/default' },

  {
    method: 'POST',
    path: 'auth/token/create',
    body: { policies: ['oracle'], ttl: '1h' },
    remember: { token: 'auth.client_token' },
    same: ['auth.policies', 'auth.lease_duration', 'auth.renewable', 'auth.orphan', 'auth.token_type'],
  },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['unheard-of'] } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['oracle'], period: '2000h' } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['oracle'], ttl: '2000h' } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['oracle'], explicit_max_ttl: '30m', ttl: '1h' } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['response-wrapping'] } },
  {
    method: 'POST',
    path: 'auth/token/create',
    body: { ttl: 'soon' },
    allowed: [{ about: /errors/, reason: 'we do not repeat the value' }],
  },
  {
    method: 'GET',
    path: 'auth/token/lookup-self',
    allowed: [{ about: /issue_time/, reason: 'the root token of a dev server has a lease' }],
  },
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
  {
    method: 'POST',
    path: 'auth/token/renew-self',
    title: 'root',
    allowed: [{ about: /errors/, reason: 'the root token of a dev server has a lease' }],
  },
  { method: 'POST', path: 'auth/token/renew', body: {} },
  { method: 'POST', path: 'auth/token/renew', body: { token: 'hvs.unknown' } },
  { method: 'POST', path: pki('issue/web'), token: '{token}', body: { common_name: 'a.example.com' } },
  { method: 'GET', path: pki('roles/web'), token: '{token}' },
  { method: 'GET', path: 'nothing/here', token: '{token}' },
  {
    method: 'POST',
    path: 'sys/capabilities-self',
    token: '{token}',
    body: { paths: ['oracle/issue/web', 'oracle/roles/web'] },
    same: ['data'],
  },
  {
    method: 'POST',
    path: 'sys/capabilities-self',
    token: '{token}',
    body: { paths: ['oracle/issue/web'] },
    same: ['data'],
  },
  { method: 'POST', path: 'sys/capabilities-self', token: '{token}', body: {} },
  { method: 'GET', path: `sys/internal/ui/mounts/${mount}/issue/web`, token: '{token}' },
  { method: 'GET', path: 'sys/internal/ui/mounts/nothing/x', token: '{token}' },
  { method: 'POST', path: 'auth/token/revoke', body: { token: 'hvs.unknown' } },
  { method: 'POST', path: 'auth/token/revoke', body: {} },
  { method: 'POST', path: 'auth/token/revoke-self', token: '{token}' },
  { method: 'GET', path: 'auth/token/lookup-self', token: '{token}', title: 'revoked' },
  { method: 'GET', path: 'auth/token/lookup-self', token: null },

  { method: 'GET', path: 'sys/mounts?list=perhaps', allowed: [{ about: /errors/, reason: 'we say what is wrong' }] },
  { method: 'POST', path: pki('roles/'), body: {}, title: 'write to a slash' },
  { method: 'GET', path: 'sys/health', token: null, allowed: [{ about: /^we have/, reason: 'Vault has these' }] },
  { method: 'GET', path: 'sys/seal-status', token: null, allowed: [{ about: /^we have/, reason: 'Vault has these' }] },
  { method: 'GET', path: 'sys/leader', token: null, allowed: [{ about: /^we have/, reason: 'Vault has these' }] },
  { method: 'GET', path: 'sys/init', token: null },
  {
    method: 'PUT',
    path: 'sys/init',
    token: null,
    body: {},
    allowed: [{ about: /errors/, reason: 'the file seal has no shares to complain about' }],
  },
  { method: 'GET', path: 'sys/key-status' },
  { method: 'DELETE', path: `sys/mounts/${mount}` },
]
