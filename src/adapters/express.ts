/**
 * The HTTP API as a router of Express. Guide: docs/HTTP.md.
 * @module sfu-relay/express
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../access/authentication.js';
import { createApi } from '../http/api.js';
import type { HttpOptions } from '../http/options.js';
import type { SfuRelay } from '../relay/relay.js';
import { fromNode, toNode } from './node-http.js';

export type { IdempotencyOptions } from '../http/idempotency/options.js';
export type { HttpOptions } from '../http/options.js';

/**
 * A request of Express, of connect, or of node:http itself.
 * @category HTTP
 */
export type ExpressRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

/**
 * Also a listener of node:http: without `next` it answers other paths with 404.
 * @category HTTP
 */
export type ExpressHandler = (
  request: ExpressRequest,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * The REST API for Express 4 and 5. Requests of other paths are passed to `next()`.
 *
 * ```ts
 * app.use('/api/v1/sfu', createRouter(relay));
 * ```
 * Without a relay, or with `enabled: false`, every request gets 503.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category HTTP
 */
export function createRouter<P extends Principal>(
  relay: SfuRelay<P> | undefined,
  options: HttpOptions = {},
): ExpressHandler {
  // biome-ignore lint/complexity/noArguments: `undefined` stands for a relay that is switched off, nothing does not.
  const api = createApi('createRouter', relay, options, arguments.length);
  const handle = async (request: ExpressRequest, response: ServerResponse, next: () => void) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    const url = request.originalUrl ?? request.url;
    const answer = await api(fromNode(request, response, { path, url, parsed: request.body }));
    if (answer) await toNode(answer, response);
    else next();
  };
  return (request, response, next = (error) => finish(response, error)) => {
    handle(request, response, next).catch(next);
  };
}

function finish(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return;
  const [status, text] = error === undefined ? [404, 'Not found.'] : [500, 'Internal server error.'];
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}
