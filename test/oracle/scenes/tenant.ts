/** The role of issue 3, field for field, also as the command line sends it. */
import { csr, type OracleCall, sceneWithRoot } from '../call.ts'

const role = {
  allowed_domains: 'tenant-1.example.com',
  use_csr_common_name: 'true',
  require_cn: 'true',
  use_csr_sans: 'true',
  allow_subdomains: 'true',
  allow_bare_domains: 'false',
  allow_glob_domains: 'false',
  allow_localhost: 'false',
  allow_wildcard_certificates: 'false',
  allow_ip_sans: 'false',
  enforce_hostnames: 'true',
  server_flag: 'true',
  client_flag: 'false',
  code_signing_flag: 'false',
  organization: 'HashiCorp',
  policy_identifiers: '1.3.6.1.4.1.99999.999.1',
  key_usage: 'DigitalSignature,KeyAgreement,KeyEncipherment',
  key_type: 'ec',
  key_bits: '256',
  max_ttl: '720h',
  no_store: 'true',
  generate_lease: 'false',
  no_store_metadata: 'false',
}

export const tenant = sceneWithRoot('tenant', (pki): OracleCall[] => [
  pki.write('roles/tenant-1', role, {
    same: ['data'],
    allowed: [{ about: /^warnings .*no_store_metadata/, reason: 'a field of Vault that OpenBao has not' }],
  }),
  pki.write('issue/tenant-1', { common_name: 'app1.tenant-1.example.com' }),
  pki.write('issue/tenant-1', { common_name: 'app1.tenant-1.example.com', ttl: '8760h' }, { title: 'capped' }),
  pki.read('roles/tenant-1', { same: ['data'] }),
  ...[
    'tenant-1xyz.example.com',
    '*.tenant-1.example.com',
    'tenant-1.example.com',
    'app.tenant-2.example.com',
    'localhost',
    'app1.tenant-1.example.com.evil.org',
  ].map((name) => pki.write('issue/tenant-1', { common_name: name }, { title: name })),
  pki.write(
    'issue/tenant-1',
    { common_name: 'app1.tenant-1.example.com', ip_sans: '192.0.2.1' },
    { title: 'an address' },
  ),
  pki.write('sign/tenant-1', { csr: csr('plain') }),
])
