/** `sign-verbatim`: every request of `csrs.json`, and what the call and a role add. */
import { type Allowed, csr, csrNames, needing, type OracleCall, sceneWithRoot } from '../call.ts'

const parser: Allowed = { about: /^errors .*(could not be parsed|asn1)/, reason: 'the inner text is the parser’s' }

export const signVerbatim = sceneWithRoot('sign-verbatim', (pki): OracleCall[] => [
  pki.write('roles/some', { key_type: 'ec', ttl: '20m', max_ttl: '40m', no_store: true, not_before_duration: '1h' }),
  ...needing('sign-verbatim', [
    pki.write('sign-verbatim', {}),
    pki.write('sign-verbatim', { csr: 'not PEM' }),
    ...csrNames.map((name) => pki.write('sign-verbatim', { csr: csr(name) }, { title: name, allowed: [parser] })),
    ...[
      { key_usage: 'CRLSign' },
      { key_usage: [] },
      { ext_key_usage: 'ServerAuth' },
      { ext_key_usage_oids: '1.2.3.4.5' },
      { ext_key_usage_oids: 'nonsense' },
      { basic_constraints_valid_for_non_ca: true },
      { signature_bits: 512 },
      { ttl: '10m' },
      { ttl: '999999h' },
      { not_after: 'nonsense' },
      { format: 'der' },
      { format: 'pem_bundle' },
      { format: 'xyz' },
      { common_name: 'other.example.org' },
      { alt_names: 'other.example.org' },
      { role: 'some' },
      { issuer_ref: 'root-one' },
      { issuer_ref: 'nothing' },
      { remove_roots_from_chain: true },
      { exclude_cn_from_sans: true },
    ].map((body) => pki.write('sign-verbatim', { csr: csr('plain'), ...body }, { title: JSON.stringify(body) })),
    pki.write('sign-verbatim', { csr: csr('keyUsage'), key_usage: 'CRLSign' }, { title: 'usages by both' }),
    pki.write('sign-verbatim', { csr: csr('extKeyUsage'), ext_key_usage: 'ServerAuth' }, { title: 'purposes by both' }),
    pki.write('sign-verbatim/nothing', { csr: csr('plain') }),
    pki.write('sign-verbatim/some', { csr: csr('plain') }),
    pki.write('sign-verbatim/some', { csr: csr('foreignSan'), ttl: '1h' }),
    pki.write('sign-verbatim/some', { csr: csr('rsa2048') }),
    pki.write('issuer/root-one/sign-verbatim', { csr: csr('plain') }),
    pki.write('issuer/root-one/sign-verbatim/some', { csr: csr('plain') }),
    pki.write('issuer/nothing/sign-verbatim', { csr: csr('plain') }),
  ]),
])
