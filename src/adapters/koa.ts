/**
 * The HTTP API as a middleware of Koa. Guide: docs/HTTP.md.
 * @module sfu-relay/koa
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
 * The members of Koa's context that the middleware uses.
 * @category HTTP
 */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly originalUrl: string;
  readonly request: { body?: unknown };
  status: number;
  body: unknown;
  respond?: boolean | undefined;
  set(headers: Record<string, string>): void;
}

/** @category HTTP */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/**
 * The REST API for Koa 2 and 3. Requests of other paths are passed to `next()`.
 *
 * ```ts
 * app.use(createMiddleware(relay, { prefix: '/api/v1/sfu' }));
 * ```
 * Without a relay, or with `enabled: false`, every request gets 503.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category HTTP
 */
export function createMiddleware<P extends Principal>(
  relay: SfuRelay<P> | undefined,
  options: HttpOptions = {},
): KoaMiddleware {
  // biome-ignore lint/complexity/noArguments: `undefined` stands for a relay that is switched off, nothing does not.
  const api = createApi('createMiddleware', relay, options, arguments.length);
  return async (context, next) => {
    const { req, res, path, originalUrl: url } = context;
    const answer = await api(fromNode(req, res, { path, url, parsed: context.request.body }));
    if (!answer) {
      await next();
    } else if (typeof answer.body === 'string') {
      context.status = answer.status;
      context.set({ ...answer.headers });
      // For Koa, a body of null means 204.
      context.body = answer.status === 204 ? null : answer.body;
    } else {
      // Koa would not end a response whose stream is cut.
      context.respond = false;
      // Throws synchronously, to Koa, if another middleware has begun the response. The promise never rejects.
      void toNode(answer, res);
    }
  };
}
