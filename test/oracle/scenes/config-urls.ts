/** `config/urls`: where certificates say that issuers, CRLs and OCSP are found. */
import { csr, type OracleCall, sceneWithRoot, webRole } from '../call.ts'

const urls = {
  issuing_certificates: 'http://ca.example.com/ca',
  crl_distribution_points: 'http://ca.example.com/crl',
  ocsp_servers: 'http://ca.example.com/ocsp',
}

export const configUrls = sceneWithRoot('config-urls', (pki): OracleCall[] => [
  pki.write('roles/web', webRole),
  pki.read('config/urls', { title: 'nothing', same: ['data'] }),
  pki.write('config/urls', urls, { same: ['data'] }),
  pki.read('config/urls', { same: ['data'] }),
  pki.write('issue/web', { common_name: 'a.example.com' }),
  pki.write('sign/web', { csr: csr('plain') }),
  pki.write('config/urls', { ocsp_servers: ['http://one', 'http://two'] }, { title: 'the rest stays', same: ['data'] }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { title: 'two' }),
  pki.write('config/urls', { crl_distribution_points: 'http://one,http://two' }, { same: ['data'] }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { title: 'two points' }),
  pki.write('config/urls', { issuing_certificates: 'nonsense' }),
  pki.write('config/urls', { crl_distribution_points: 'nonsense' }),
  pki.write('config/urls', { ocsp_servers: 'http://good,nonsense' }),
  pki.write('config/urls', { enable_templating: true }, { title: 'templates', same: ['data'] }),
  pki.write('config/urls', { issuing_certificates: '{{cluster_path}}/ca' }, { same: ['data'] }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { title: 'no cluster path' }),
  pki.write('config/urls', { enable_templating: false }, { title: 'no templates any more' }),
  pki.write(
    'config/urls',
    { issuing_certificates: '', crl_distribution_points: [], ocsp_servers: '' },
    { same: ['data'] },
  ),
  pki.read('config/urls', { title: 'emptied', same: ['data'] }),
  pki.write('issue/web', { common_name: 'a.example.com' }, { title: 'emptied' }),
])
