/** ACL policies. */
import type { OracleCall, Scene } from '../call.ts'

const parser = { about: /^errors/, reason: 'the inner text is the parser’s' }

export const policies: Scene = {
  name: 'policies',
  calls: [
    {
      method: 'PUT',
      path: 'sys/policies/acl/oracle',
      body: { policy: 'path "oracle-tokens/issue/*" { capabilities = ["update"] }' },
    },
    { method: 'GET', path: 'sys/policies/acl/oracle', same: ['data.policy'] },
    { method: 'GET', path: 'sys/policies/acl/nothing' },
    { method: 'GET', path: 'sys/policy/oracle' },
    { method: 'PUT', path: 'sys/policies/acl/Oracle2', body: { policy: '# nothing' } },
    { method: 'PUT', path: 'sys/policies/acl/oracle', body: {} },
    { method: 'PUT', path: 'sys/policies/acl/oracle', body: { policy: 'path "a" { capabilities = ["fly"] }' } },
    { method: 'PUT', path: 'sys/policies/acl/oracle', body: { policy: 'nonsense' }, allowed: [parser] },
    { method: 'PUT', path: 'sys/policies/acl/root', body: { policy: 'path "a" { capabilities = ["read"] }' } },
    { method: 'DELETE', path: 'sys/policies/acl/root' },
    { method: 'DELETE', path: 'sys/policies/acl/default' },
    { method: 'DELETE', path: 'sys/policies/acl/oracle' },
    { method: 'DELETE', path: 'sys/policies/acl/oracle2' },
  ] satisfies OracleCall[],
}
