/** `sign`: every request of `csrs.json` under a strict role and under an open one, and the fields of the call. */
import { type Allowed, csr, csrNames, type OracleCall, profile, sceneWithRoot, webRole } from '../call.ts'

const upn = '1.3.6.1.4.1.311.20.2.3'
const open = {
  key_type: 'any',
  allow_any_name: true,
  allowed_uri_sans: '*',
  allowed_other_sans: '*',
  allowed_serial_numbers: '*',
  allowed_user_ids: '*',
  require_cn: false,
  ttl: '1h',
}

const parser: Allowed = { about: /^errors .*(could not be parsed|asn1)/, reason: 'the inner text is the parser’s' }

export const sign = sceneWithRoot('sign', (pki): OracleCall[] => [
  pki.write('roles/web', webRole),
  pki.write('roles/open', open),
  pki.write('sign/web', {}),
  pki.write('sign/web', { csr: '' }),
  pki.write('sign/web', { csr: 'not PEM' }),
  pki.write('sign/nothing', { csr: csr('plain') }),
  pki.write(
    'sign/web',
    { csr: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----' },
    { title: 'no DER', allowed: [parser] },
  ),
  pki.write('sign/web', { csr: csr('plain').replaceAll('CERTIFICATE REQUEST', 'ANYTHING') }, { title: 'other label' }),
  pki.write('sign/web', { csr: csr('plain').replaceAll('\n', '\r\n') }, { title: 'other line ends' }),
  ...csrNames.map((name) => pki.write('sign/web', { csr: csr(name) }, { title: name, allowed: [parser] })),
  ...csrNames.map((name) =>
    pki.write(
      'sign/open',
      { csr: csr(name) },
      { title: `open: ${name}`, allowed: name === 'nothing' ? [profile] : [parser] },
    ),
  ),
  ...[
    { common_name: 'b.example.com' },
    { common_name: 'b.example.org' },
    { alt_names: 'c.example.com' },
    { ip_sans: '192.0.2.1' },
    { uri_sans: 'spiffe://example.com' },
    { other_sans: `${upn};utf8:x` },
    { serial_number: 'SN-2' },
    { user_ids: 'mallory' },
    { ttl: '10m' },
    { ttl: '99999h' },
    { format: 'der' },
    { format: 'pem_bundle' },
    { format: 'xyz' },
    { exclude_cn_from_sans: true },
    { remove_roots_from_chain: true },
    { key_type: 'rsa' },
  ].map((body) => pki.write('sign/web', { csr: csr('plain'), ...body }, { title: JSON.stringify(body) })),
  pki.write(
    'sign/web',
    { csr: csr('noCommonName'), common_name: 'c.example.com' },
    { title: 'common name by request' },
  ),
  pki.write('sign/web', { csr: csr('emptySubject'), common_name: 'c.example.com' }, { title: 'subject by request' }),
  pki.write('sign/open', { csr: csr('serialNumber'), serial_number: 'SN-2' }, { title: 'serial number by both' }),
  pki.write('sign/open', { csr: csr('userId'), user_ids: 'mallory' }, { title: 'user id by both' }),
  pki.write('sign/open', { csr: csr('otherSan'), other_sans: `1.2.3.4;utf8:x` }, { title: 'other names by both' }),
  pki.write('roles/request', { ...webRole, use_csr_common_name: false, use_csr_sans: false }),
  pki.write('sign/request', { csr: csr('dnsSans') }, { title: 'no name in the request' }),
  pki.write('sign/request', { csr: csr('dnsSans'), common_name: 'z.example.com' }, { title: 'the request names' }),
  pki.write(
    'sign/request',
    { csr: csr('foreignSan'), common_name: 'z.example.com', alt_names: 'y.example.com', ip_sans: '192.0.2.9' },
    { title: 'all by request' },
  ),
  pki.write('roles/request', { ...webRole, use_csr_common_name: false }),
  pki.write('sign/request', { csr: csr('foreignCommonName'), common_name: 'z.example.com' }, { title: 'only the CN' }),
  pki.write('roles/strict', { ...webRole, allow_ip_sans: false }),
  pki.write('sign/strict', { csr: csr('ipSan') }),
  pki.write('roles/large', { ...webRole, key_bits: 384 }),
  ...(['plain', 'p384', 'p521', 'rsa2048'] as const).map((name) =>
    pki.write('sign/large', { csr: csr(name) }, { title: name }),
  ),
  pki.write('roles/rsa', { ...webRole, key_type: 'rsa', key_bits: 3072 }),
  ...(['rsa1024', 'rsa2048', 'rsa3072', 'rsaPss', 'plain'] as const).map((name) =>
    pki.write('sign/rsa', { csr: csr(name) }, { title: name }),
  ),
  pki.write('roles/ed', { ...webRole, key_type: 'ed25519' }),
  pki.write('sign/ed', { csr: csr('ed25519') }),
  pki.write('sign/ed', { csr: csr('plain') }, { title: 'another key' }),
  pki.write('roles/valid', { ...webRole, basic_constraints_valid_for_non_ca: true }),
  pki.write('sign/valid', { csr: csr('caTrue') }),
  pki.write('roles/ecdsa', { ...webRole, signature_bits: 512 }),
  pki.write('sign/ecdsa', { csr: csr('plain') }),
])
