/**
 * The HTTP API as a handler of `Request` and `Response`: Hono, Next.js. Guide: docs/HTTP.md.
 * @module sfu-relay/fetch
 */
import type { Principal } from '../access/authentication.js';
import { createApi } from '../http/api.js';
import { type ApiRequest, type EventBody, readText } from '../http/exchange.js';
import type { HttpOptions } from '../http/options.js';
import type { SfuRelay } from '../relay/relay.js';

export type { IdempotencyOptions } from '../http/idempotency/options.js';
export type { HttpOptions } from '../http/options.js';

/**
 * What a `Request` does not have.
 * @category HTTP
 */
export interface FetchContext {
  /** The address of the socket, if the server knows it. */
  remoteAddress?: string | undefined;
}

/**
 * Handles a request of the REST API.
 * @category HTTP
 */
export interface FetchHandler {
  (request: Request, context?: FetchContext): Promise<Response>;
  /** As a framework's route handler, whose second argument is something else (`params` in Next): it is ignored. */
  (request: Request, context: unknown): Promise<Response>;
}

/**
 * The REST API for servers with `Request` and `Response` (WHATWG Fetch): Hono, Next, and others. Other paths get 404.
 *
 * ```ts
 * const handler = createHandler(relay, { prefix: '/api/v1/sfu' });
 * app.all('/api/v1/sfu/*', (c) => handler(c.req.raw)); // Hono
 * export { handler as GET, handler as POST, handler as DELETE }; // Next
 * ```
 * Without a relay, or with `enabled: false`, every request gets 503.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category HTTP
 */
export function createHandler<P extends Principal>(
  relay: SfuRelay<P> | undefined,
  options: HttpOptions = {},
): FetchHandler {
  // biome-ignore lint/complexity/noArguments: `undefined` stands for a relay that is switched off, nothing does not.
  const api = createApi('createHandler', relay, options, arguments.length);
  return async (request: Request, context?: unknown) => {
    const answer = await api(toApiRequest(request, remoteAddressOf(context)));
    if (!answer) return new Response('Not found.', { status: 404 });
    const { status, headers, body } = answer;
    const content = typeof body === 'string' ? body || null : toStream(body, request.signal);
    return new Response(content, { status, headers });
  };
}

function remoteAddressOf(context: unknown): string | undefined {
  const { remoteAddress } = (context ?? {}) as FetchContext;
  return typeof remoteAddress === 'string' ? remoteAddress : undefined;
}

function toApiRequest(request: Request, remoteAddress: string | undefined): ApiRequest {
  const { pathname, search, host, protocol } = new URL(request.url);
  return {
    method: request.method,
    path: pathname,
    url: pathname + search,
    // Over HTTP/2 some servers have the host only in the URL.
    headers: { host, ...Object.fromEntries(request.headers) },
    remoteAddress,
    ...(protocol === 'https:' && { isEncrypted: true }),
    signal: request.signal,
    readBody: async (maxBytes) =>
      request.body ? readText(request.body as unknown as AsyncIterable<Uint8Array>, maxBytes) : '',
  };
}

function toStream(body: EventBody, gone: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const leave = () => void body.return?.();
  if (gone.aborted) leave();
  else gone.addEventListener('abort', leave, { once: true });
  return new ReadableStream({
    start(controller) {
      body.signal.addEventListener('abort', () => controller.error(body.signal.reason), { once: true });
    },
    async pull(controller) {
      const { done, value } = await body.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await body.return?.();
    },
  });
}
