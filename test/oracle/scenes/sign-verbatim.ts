/** `sign-verbatim`: every request of `csrs.json`, and what the call and a role add. */
import { type Allowed, csr, csrNames, type OracleCall, profile, sceneWithRoot } from '../call.ts'

const parser: Allowed = { about: /^errors .*(could not be parsed|asn1)/, reason: 'the inner text is the parser’s' }

const reasons: Partial<Record<(typeof csrNames)[number], readonly Allowed[]>> = {
  nothing: [profile],
  caTrue: [profile],
  caTrueLength: [profile],
  certSign: [profile],
  nameConstraints: [profile],
  emptySubject: [
    { about: /^certificate\.extensions /, reason: 'RFC 5280 §4.2.1.6: without a subject the names are critical' },
  ],
  everySan: [
    {
      about: /^certificate\.(sans|extensions) /,
      reason: 'ours stand in the order of the request; OpenBao sorts by kind',
    },
  ],
}

export const signVerbatim = sceneWithRoot('sign-verbatim', (pki): OracleCall[] => [
  pki.write('roles/some', { key_type: 'ec', ttl: '20m', max_ttl: '40m', no_store: true, not_before_duration: '1h' }),
  pki.write(
    'sign-verbatim',
    { csr: csr('plain'), role: 'some' },
    {
      title: 'role in the body',
      allowed: [
        { about: /^warnings/, reason: 'neither looks at it; we say that in the words of all unknown parameters' },
      ],
    },
  ),
  pki.write('sign-verbatim', {}),
  pki.write('sign-verbatim', { csr: 'not PEM' }),
  ...csrNames.map((name) =>
    pki.write('sign-verbatim', { csr: csr(name) }, { title: name, allowed: [parser, ...(reasons[name] ?? [])] }),
  ),
  ...[
    { key_usage: 'CRLSign' },
    { key_usage: [] },
    { ext_key_usage: 'ServerAuth' },
    { ext_key_usage_oids: '1.2.3.4.5' },
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
    { issuer_ref: 'root-one' },
    { issuer_ref: 'nothing' },
    { remove_roots_from_chain: true },
    { exclude_cn_from_sans: true },
  ].map((body) => pki.write('sign-verbatim', { csr: csr('plain'), ...body }, { title: JSON.stringify(body) })),
  pki.write(
    'sign-verbatim',
    { csr: csr('plain'), ext_key_usage_oids: 'nonsense' },
    {
      title: 'no OID',
      allowed: [{ about: /^(status|errors)/, reason: 'refused, as in a role; OpenBao ignores it' }],
    },
  ),
  pki.write('sign-verbatim', { csr: csr('keyUsage'), key_usage: 'CRLSign' }, { title: 'usages by both' }),
  pki.write('sign-verbatim', { csr: csr('extKeyUsage'), ext_key_usage: 'ServerAuth' }, { title: 'purposes by both' }),
  pki.write('sign-verbatim/nothing', { csr: csr('plain') }),
  pki.write('sign-verbatim/some', { csr: csr('plain') }),
  pki.write('sign-verbatim/some', { csr: csr('foreignSan'), ttl: '1h' }),
  pki.write('sign-verbatim/some', { csr: csr('rsa2048') }),
  pki.write('issuer/root-one/sign-verbatim', { csr: csr('plain') }),
  pki.write('issuer/root-one/sign-verbatim/some', { csr: csr('plain') }),
  pki.write('issuer/nothing/sign-verbatim', { csr: csr('plain') }),
])
