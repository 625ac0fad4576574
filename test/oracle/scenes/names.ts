/** Names under roles: the common name alone, in all the ways that it can be right or wrong. */
import { type Allowed, type OracleCall, sceneWithRoot, webRole } from '../call.ts'

const list = [
  'a.example.com',
  'example.com',
  'EXAMPLE.com',
  'a.b.example.com',
  '*.example.com',
  '*.a.example.com',
  'a.*.example.com',
  '*a.example.com',
  'a*.example.com',
  '*.*.example.com',
  'A.Example.com',
  'localhost',
  'a.localhost',
  'user@example.com',
  'user@a.example.com',
  'a@b@example.com',
  '10.0.0.1',
  '2001:db8::1',
  'spa ce.example.com',
  'under_score.example.com',
  'xn--bcher-kva.example.com',
  'xn--a.example.com',
  'bücher.example.com',
  '-a.example.com',
  'a-.example.com',
  'a..example.com',
  '.example.com',
  'a.example.com.',
  'a.example.com\0',
  '',
  'example.org',
  'badexample.com',
  'x'.repeat(63) + '.example.com',
  'x'.repeat(64) + '.example.com',
]

const rules = [
  {},
  { allow_bare_domains: true },
  { allow_glob_domains: true, allowed_domains: '*.example.com' },
  { allow_any_name: true },
  { allow_any_name: true, enforce_hostnames: false },
  { enforce_hostnames: false },
  { allow_wildcard_certificates: false },
  { allow_subdomains: false, allow_localhost: false },
  { cn_validations: 'disabled', allowed_domains: '' },
  { cn_validations: 'email', allow_any_name: true },
]

const idna: Allowed = { about: /^errors .*idna: /, reason: 'ours names the label, the peer the whole name' }

const reasons = (name: string): Allowed[] => {
  if (name === 'A.Example.com') {
    return [
      {
        about: /./,
        reason: 'case makes no difference to a name: Vault’s suffix check that minds it is a known bug',
      },
    ]
  }
  if (name.includes('\0')) return [{ about: /./, reason: 'no role lets a control character into a certificate' }]
  if (name === 'xn--a.example.com') {
    return [{ about: /./, reason: 'RFC 5891 §5.4: what looks like an A-label must be one; OpenBao does not look' }]
  }
  return [idna]
}

export const names = sceneWithRoot('names', (pki): OracleCall[] =>
  rules.flatMap((rule) => [
    pki.write('roles/web', { ...webRole, ...rule }),
    ...list.map((name) =>
      pki.write(
        'issue/web',
        { common_name: name },
        { title: `${JSON.stringify(rule)} ${JSON.stringify(name).slice(0, 60)}`, allowed: reasons(name) },
      ),
    ),
  ]),
)
