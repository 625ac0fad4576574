/** The engine at `sys/`: gathers the doors of the floors below, and its own. */
import { auditRoutes, type AuditRoutesDeps } from '../audit/routes.ts'
import { policyRoutes, type PolicyRoutesDeps } from '../access/policies/routes.ts'
import { mountRoutes, type MountRoutesDeps } from '../mounts/routes.ts'
import type { Engine } from '../route.ts'
import { sealRoutes, type SealDoors } from '../seal/routes.ts'
import { capabilityRoutes, type CapabilityRoutesDeps } from './capabilities/routes.ts'
import { openApiRoutes } from './openapi/routes.ts'

export interface SysDeps {
  seal: SealDoors
  mounts: MountRoutesDeps
  policies: PolicyRoutesDeps
  audit: AuditRoutesDeps
  capabilities: CapabilityRoutesDeps
  /** The OpenAPI document of all engines, this one too. */
  document: () => unknown
}

export const makeSys = (deps: SysDeps): Engine => ({
  type: 'system',
  class: 'secret',
  mountable: false,
  routes: [
    ...sealRoutes(deps.seal),
    ...mountRoutes(deps.mounts),
    ...policyRoutes(deps.policies),
    ...capabilityRoutes(deps.capabilities),
    ...auditRoutes(deps.audit),
    ...openApiRoutes(deps.document),
  ],
  jobs: [],
})
