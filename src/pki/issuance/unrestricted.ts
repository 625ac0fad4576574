/** The rules of those who may have any name: whoever makes a CA certificate, and whoever may sign verbatim. */
import type { PlanRules } from './plan.ts'

export const anyName = {
  allow_any_name: true,
  allow_bare_domains: false,
  allow_glob_domains: false,
  allow_ip_sans: true,
  allow_localhost: true,
  allow_subdomains: false,
  allow_wildcard_certificates: true,
  allowed_domains: [],
  allowed_domains_template: false,
  allowed_ip_sans_cidr: [],
  allowed_other_sans: ['*'],
  allowed_serial_numbers: ['*'],
  allowed_uri_sans: ['*'],
  allowed_uri_sans_template: false,
  allowed_user_ids: ['*'],
  cn_validations: ['disabled'],
  enforce_hostnames: false,
  not_after_bound: 'permit',
  not_before: '',
  not_before_bound: 'permit',
  require_cn: false,
  serial_number_source: 'json-csr',
} satisfies Partial<PlanRules>
