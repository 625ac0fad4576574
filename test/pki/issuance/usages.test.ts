import t from 'tap'
import { extKeyUsagesOf, keyUsagesOf } from '../../../src/pki/issuance/usages.ts'
import { roleDefaults } from '../../../src/pki/roles/role.ts'
import { extKeyUsages } from '../../../src/x509/extensions.ts'

t.test('key usages are named in any case, and unknown names are passed over', async (t) => {
  t.same(keyUsagesOf(['digitalsignature', ' CRLSign', 'Nonsense', 'DigitalSignature']), ['DigitalSignature', 'CRLSign'])
  t.same(keyUsagesOf([]), [])
})

t.test('flags, names and identifiers add up, each once, in the order of Vault', async (t) => {
  t.same(extKeyUsagesOf(roleDefaults), [extKeyUsages.ServerAuth, extKeyUsages.ClientAuth])
  t.same(
    extKeyUsagesOf({
      ...roleDefaults,
      server_flag: false,
      email_protection_flag: true,
      ext_key_usage: ['timestamping', 'ANY', 'nonsense', 'EmailProtection'],
      ext_key_usage_oids: ['1.2.3.4', extKeyUsages.Any],
    }),
    [extKeyUsages.Any, extKeyUsages.ClientAuth, extKeyUsages.EmailProtection, extKeyUsages.TimeStamping, '1.2.3.4'],
  )
})
