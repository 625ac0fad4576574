import { route, type Route } from '../../route.ts'

/** `document` is asked for at the call, since it describes the row itself too. */
export const openApiRoutes = (document: () => unknown): Route[] => {
  let body: string | undefined
  return [
    route({
      verb: 'read',
      path: 'internal/specs/openapi',
      help: 'This document.',
      public: true,
      fields: {},
      run: () => ({ raw: { contentType: 'application/json', body: (body ??= `${JSON.stringify(document())}\n`) } }),
    }),
  ]
}
