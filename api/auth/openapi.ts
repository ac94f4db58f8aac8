// How the OpenAPI document tells who may ask for what.
import { failure } from '../answers.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { isOpen } from './open.ts';

const bearer = 'bearer';
const key = 'key';
const address = 'address';

/** Before the document is made. With auth off nothing is asked for, and the document says nothing of it. */
export function describeAuth(app: Api, { auth }: Pick<ApiDeps, 'auth'>): void {
  if (!auth) return;
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', bearer, {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, or a JWT with sub, role (viewer, user, admin) and exp.',
  });
  registry.registerComponent('securitySchemes', key, { type: 'apiKey', in: 'header', name: 'X-API-Key' });
  registry.registerComponent('securitySchemes', address, {
    type: 'apiKey',
    in: 'query',
    name: 'access_token',
    description: 'For event streams and WebSockets alone: browsers can set no header there.',
  });
  for (const definition of registry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    if (isOpen(route.method.toUpperCase(), route.path)) continue;
    route.security = [{ [bearer]: [] }, { [key]: [] }, ...(route.method === 'get' ? [{ [address]: [] }] : [])];
    route.responses = { 401: failure(401), ...(route.method !== 'get' && { 403: failure(403) }), ...route.responses };
  }
}
