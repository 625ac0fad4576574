/** CAs that were made elsewhere: a mount makes them, exported, and another takes them in. */
import { csr, makeMount, below, type OracleCall, scene, webRole } from '../call.ts'

const maker = below('oracle-import-maker')

export const imports = scene('import', (pki): OracleCall[] => [
  { method: 'DELETE', path: `sys/mounts/${maker.mount}`, title: 'left by an earlier run' },
  makeMount(maker.mount),
  maker.write(
    'root/generate/exported',
    { common_name: 'First', key_type: 'ec', ttl: '87600h', format: 'pem_bundle' },
    { remember: { bundle: 'data.certificate', certificate: 'data.issuing_ca', key: 'data.private_key' } },
  ),
  maker.write(
    'root/generate/exported',
    { common_name: 'Second', key_type: 'rsa', ttl: '87600h', private_key_format: 'pkcs8' },
    { remember: { second: 'data.certificate', secondKey: 'data.private_key' } },
  ),
  maker.write(
    'root/generate/exported',
    { common_name: 'Third', key_type: 'ed25519', ttl: '87600h', format: 'pem_bundle' },
    { remember: { third: 'data.certificate' } },
  ),
  maker.write('roles/web', webRole),
  maker.write('issue/web', { common_name: 'a.example.com' }, { remember: { leaf: 'data.certificate' } }),
  pki.write('roles/web', webRole),
  pki.write('config/ca', {}),
  pki.write('config/ca', { pem_bundle: '' }),
  pki.write('config/ca', { pem_bundle: 'nonsense' }),
  pki.write('config/ca', { pem_bundle: '{leaf}' }, { title: 'a leaf' }),
  pki.write(
    'config/ca',
    { pem_bundle: csr('plain') },
    { title: 'a request', allowed: [{ about: /^errors/, reason: 'the inner text is the parser’s' }] },
  ),
  pki.write('issuers/import/cert', { pem_bundle: '{bundle}' }, { title: 'a key where none may be' }),
  pki.write('issuers/import/cert', { pem_bundle: '{certificate}' }, { title: 'a certificate' }),
  pki.write('issuers/import/cert', { pem_bundle: '{certificate}' }, { title: 'again' }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { title: 'without a key' }),
  pki.write('issuers/import/bundle', { pem_bundle: '{key}' }, { title: 'its key' }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { title: 'the key has come' }),
  pki.write('issuers/import/bundle', { pem_bundle: '{bundle}' }, { title: 'all known' }),
  pki.write('issuers/import/bundle', { pem_bundle: '{second}\n{secondKey}' }, { title: 'PKCS #8' }),
  pki.write('config/ca', { pem_bundle: '{third}' }, { title: 'by the old path' }),
  pki.write('issuers/import/bundle', { pem_bundle: '{certificate}\n{second}' }, { title: 'two' }),
  pki.write('issuers/import/bundle', { pem_bundle: '{certificate}\n{leaf}' }, { title: 'a leaf among them' }),
  pki.list('issuers', { title: 'all' }),
  pki.list('keys', { title: 'all' }),
  { method: 'DELETE', path: `sys/mounts/${maker.mount}` },
])
