/** Conditional GETs of what is public: only on a mount that is tuned for them. */
import { type OracleCall, sceneWithRoot } from '../call.ts'

const later = { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }
const earlier = { 'If-Modified-Since': 'Thu, 01 Jan 2015 00:00:00 GMT' }
const paths = ['ca', 'ca/pem', 'cert/ca', 'crl', 'crl/pem', 'cert/crl', 'ca_chain']

export const conditionalGet = sceneWithRoot('conditional-get', (pki): OracleCall[] => [
  ...paths.map((path) => pki.fetch(path, { headers: later, title: 'not tuned' })),
  {
    method: 'POST',
    path: `sys/mounts/${pki.mount}/tune`,
    body: { passthrough_request_headers: ['If-Modified-Since'], allowed_response_headers: ['Last-Modified'] },
  },
  ...paths.map((path) => pki.fetch(path, { headers: earlier, title: 'modified since' })),
  ...paths
    .filter((path) => path !== 'ca_chain')
    .map((path) => pki.fetch(path, { headers: later, title: 'not modified' })),
  pki.fetch('ca_chain', { headers: later, title: 'not modified' }),
  pki.fetch('ca', {
    headers: { 'If-Modified-Since': 'nonsense' },
    title: 'no time',
    allowed: [{ about: /^(status|errors)/, reason: 'RFC 9110 §13.1.3: what is no date is ignored; OpenBao fails' }],
  }),
])
