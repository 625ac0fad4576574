/** `config/urls`, `config/cluster`, `config/issuers`, `config/keys`: the settings of a mount. */
import { route, type Route } from '../../route.ts'
import type { PkiDeps } from '../deps.ts'
import {
  keylessDefaultWarning,
  loadIssuersConfig,
  loadKeysConfig,
  writeIssuersConfig,
  writeKeysConfig,
} from './defaults.ts'
import {
  clusterFields,
  clusterReply,
  issuersConfigFields,
  issuersConfigReply,
  keysConfigFields,
  keysConfigReply,
  urlsFields,
  urlsReply,
} from './schema.ts'
import { loadCluster, loadUrls, writeCluster, writeUrls } from './urls.ts'

export const configRoutes = (deps: PkiDeps): Route[] => [
  route({
    verb: 'read',
    path: 'config/urls',
    help: 'Read the URLs that go into certificates.',
    fields: {},
    reply: urlsReply,
    run: async (call) => ({ data: { ...(await loadUrls(deps.db, call.mount)) } }),
  }),
  route({
    verb: 'write',
    path: 'config/urls',
    help: 'Change URLs that go into certificates; what is not named stays.',
    fields: urlsFields,
    reply: urlsReply,
    run: async (call) => {
      const { urls, warning } = await writeUrls(deps, call.mount, call.input)
      if (warning) call.warn(warning)
      return { data: { ...urls } }
    },
  }),
  route({
    verb: 'read',
    path: 'config/cluster',
    help: 'Read the address of this mount that templates use.',
    fields: {},
    reply: clusterReply,
    run: async (call) => ({ data: { ...(await loadCluster(deps.db, call.mount)) } }),
  }),
  route({
    verb: 'write',
    path: 'config/cluster',
    help: 'Change the address of this mount that templates use.',
    fields: clusterFields,
    reply: clusterReply,
    run: async (call) => ({ data: { ...(await writeCluster(deps, call.mount, call.input)) } }),
  }),
  route({
    verb: 'read',
    path: 'config/issuers',
    help: 'Read which issuer is the default.',
    fields: {},
    reply: issuersConfigReply,
    run: async (call) => ({ data: { ...(await loadIssuersConfig(deps, call.mount)) } }),
  }),
  route({
    verb: 'write',
    path: 'config/issuers',
    help: 'Choose the default issuer.',
    fields: issuersConfigFields,
    reply: issuersConfigReply,
    run: async (call) => {
      const { config, keyless } = await writeIssuersConfig(deps, call.mount, call.input)
      if (keyless) call.warn(keylessDefaultWarning)
      return { data: { ...config } }
    },
  }),
  route({
    verb: 'read',
    path: 'config/keys',
    help: 'Read which key is the default.',
    fields: {},
    reply: keysConfigReply,
    run: async (call) => ({ data: await loadKeysConfig(deps, call.mount) }),
  }),
  route({
    verb: 'write',
    path: 'config/keys',
    help: 'Choose the default key.',
    fields: keysConfigFields,
    reply: keysConfigReply,
    run: async (call) => ({ data: await writeKeysConfig(deps, call.mount, call.input) }),
  }),
]
