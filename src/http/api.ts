import type { Principal } from '../access/authentication.js';
import { RelayError } from '../protocol/errors.js';
import type { SfuRelay } from '../relay/relay.js';
import { errorObject } from '../signaling/wire/json-rpc.js';
import { checkRelay } from '../util/check-options.js';
import {
  type ApiRequest,
  type ApiResponse,
  checkMediaType,
  type Handler,
  json,
  refusal,
} from './exchange.js';
import { failed } from './failure.js';
import { type HttpOptions, resolveHttpOptions } from './options.js';
import { wireSchema } from './rest/gen/wire-schema.js';
import { healthRoutes, LIVE } from './rest/health.js';
import { openApi } from './rest/openapi.js';
import { sessionRoutes } from './rest/session-routes.js';

/** Answers a request; undefined if the API does not have its path. */
export type Api = (request: ApiRequest) => Promise<ApiResponse | undefined>;

/**
 * Makes the REST API, for any HTTP server.
 * @param name the function that the application has called
 * @param given the number of arguments that it was called with
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function createApi<P extends Principal>(
  name: string,
  relay: SfuRelay<P> | undefined,
  options: HttpOptions,
  given: number,
): Api {
  const resolved = resolveHttpOptions(name, options);
  if (relay || given === 0)
    checkRelay(`${name}()`, `${name}(relay), or ${name}(undefined) where there is no SFU`, relay);
  if (!relay || !resolved.enabled) return switchedOff(resolved.prefix);
  const routes: Record<string, Record<string, Handler>> = {
    ...sessionRoutes(relay, resolved),
    ...healthRoutes(relay, resolved),
    '/openapi.json': { GET: () => json(200, openApi) },
    '/wire.schema.json': { GET: () => json(200, wireSchema) },
  };

  return async (request) => {
    const { route, id } = matchPath(request.path, resolved.prefix);
    const handlers = route !== undefined && Object.hasOwn(routes, route) ? routes[route] : undefined;
    if (!handlers) return undefined;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (!handler) return notAllowed(Object.keys(handlers));
    try {
      if (method === 'POST') checkMediaType(request.headers['content-type']);
      return await handler(request, id);
    } catch (error) {
      return failed(relay, request, error);
    }
  };
}

/** `/session/7/stats` is the route `/session/:id/stats` with the id `7`; other paths are routes as they are. */
function matchPath(path: string, prefix: string): { route?: string; id: string } {
  const none = { id: '' };
  if (!path.startsWith(`${prefix}/`)) return none;
  const segments = path.slice(prefix.length).replace(/\/$/, '').split('/');
  const [, first, id, ...rest] = segments;
  if (id === undefined || first !== 'session') return { route: segments.join('/'), id: '' };
  try {
    return { route: [`/${first}`, ':id', ...rest].join('/'), id: decodeURIComponent(id) };
  } catch {
    return none;
  }
}

function notAllowed(methods: string[]): ApiResponse {
  const allow = methods.join(', ');
  const error = new RelayError('ERR_RELAY_METHOD_NOT_FOUND', `This path takes ${allow} only.`);
  return json(405, errorObject(error), { allow });
}

function switchedOff(prefix: string): Api {
  const error = new RelayError('ERR_RELAY_DISABLED', 'The SFU is switched off in the configuration.');
  return async ({ path }) => {
    if (!path.startsWith(`${prefix}/`)) return undefined;
    switch (matchPath(path, prefix).route) {
      case '/health':
      case '/health/ready':
        return json(503, { status: 'disabled' });
      case '/health/live':
        return LIVE;
      default:
        return refusal(error);
    }
  };
}
