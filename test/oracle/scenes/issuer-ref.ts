/** `issuer/:ref/issue` and `issuer/:ref/sign`: the path says who signs, whatever the role says. */
import { csr, type OracleCall, sceneWithRoot, webRole } from '../call.ts'

export const issuerRef = sceneWithRoot('issuer-ref', (pki): OracleCall[] => [
  pki.write(
    'root/generate/internal',
    { common_name: 'Second', key_type: 'ec', key_bits: 384, ttl: '87600h', issuer_name: 'second' },
    { remember: { second: 'data.issuer_id' } },
  ),
  pki.write('roles/web', webRole),
  pki.write('roles/lost', { ...webRole, issuer_ref: 'nothing' }),
  ...['default', 'root-one', 'second', '{second}', 'nothing', 'DEFAULT'].flatMap((ref) => [
    pki.write(`issuer/${ref}/issue/web`, { common_name: 'a.example.com' }),
    pki.write(`issuer/${ref}/sign/web`, { csr: csr('dnsSans') }),
  ]),
  pki.write('issuer/second/issue/lost', { common_name: 'a.example.com' }),
  pki.write('issuer/second/sign/lost', { csr: csr('plain') }),
  pki.write('issuer/second/issue/nothing', { common_name: 'a.example.com' }),
  pki.write('issuer/second/issue/web', { common_name: 'a.example.org' }),
  pki.write('issuer/second/issue/web', { common_name: 'a.example.com', issuer_ref: 'root-one' }, { title: 'both' }),
  pki.write('issuer/second/sign/web', { csr: csr('foreignSan') }, { title: 'foreign' }),
  pki.write('issuer/second/sign/web', { csr: csr('badSignature') }, { title: 'bad signature' }),
  pki.write('issuer/second/issue/web', { common_name: 'a.example.com', format: 'pem_bundle' }, { title: 'bundle' }),
])
