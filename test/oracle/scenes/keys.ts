/** Keys: listed, read, named, made, imported, deleted. */
import { type OracleCall, sceneWithRoot } from '../call.ts'

const stable = ['data.key_name', 'data.key_type']

export const keys = sceneWithRoot('keys', (pki): OracleCall[] => [
  pki.write('keys/generate/wrong', { key_type: 'ec' }),
  pki.list('keys'),
  pki.read('key/default', { same: stable, remember: { key: 'data.key_id' } }),
  pki.read('key/nothing'),
  pki.write('key/{key}', { key_name: 'first' }, { same: stable }),
  pki.write(
    'key/first',
    { key_name: 'default' },
    { allowed: [{ about: /./, reason: 'a key named default could never be found by its name' }] },
  ),
  pki.write(
    'key/first',
    { key_name: 'bad name' },
    { allowed: [{ about: /^errors/, reason: 'the peer has renamed it in the call before' }] },
  ),
  pki.write('key/nothing', { key_name: 'x' }),
  pki.write('keys/generate/internal', { key_type: 'ec', key_name: 'second' }, { same: stable }),
  pki.write('keys/generate/internal', { key_type: 'ec', key_name: 'second' }, { title: 'name taken' }),
  pki.write('keys/generate/internal', { key_type: 'dsa' }),
  pki.write('keys/generate/internal', { key_type: 'ec', key_bits: 123 }),
  pki.write('keys/generate/internal', { key_type: 'rsa', key_bits: 1024 }),
  pki.write('keys/generate/internal', { key_type: 'ed25519' }, { same: stable }),
  pki.write('keys/generate/internal', {}, { title: 'default', same: stable }),
  pki.write('keys/generate/exported', { key_type: 'ec' }, { same: stable, remember: { pem: 'data.private_key' } }),
  pki.write('keys/import', { pem_bundle: '{pem}' }, { title: 'known', same: stable }),
  pki.write('keys/import', { pem_bundle: '{pem}', key_name: 'third' }, { title: 'known, with a name' }),
  pki.write('keys/import', { pem_bundle: 'nonsense' }),
  pki.write('keys/import', {}),
  pki.write('root/generate/existing', { common_name: 'Existing', key_ref: 'second', ttl: '87600h' }),
  pki.read('config/keys'),
  pki.write('config/keys', { default: 'second' }),
  pki.write('config/keys', { default: 'nothing' }),
  pki.write('config/keys', { default: '' }),
  pki.read('config/keys', { title: 'changed' }),
  pki.remove('key/second', { title: 'in use' }),
  pki.remove('key/nothing'),
  pki.read('key/second', { title: 'deleted' }),
  pki.list('keys', { title: 'at the end' }),
])
