import type { Principal } from '../../access/authentication.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import { type ForwardedClient, toForwardedClient } from '../../signaling/authentication/forwarded-client.js';
import { type ApiRequest, readBody, tokenHashOf } from '../exchange.js';

/** Headers that the handlers of a session's requests read. */
const HEADERS = ['idempotency-key', 'last-event-id'] as const;

/** A request as the process of its session gets it: JSON. */
export interface ForwardedRequest {
  readonly sessionId: string;
  /** What follows the id of the session in the path. */
  readonly route: string;
  readonly method: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly client: ForwardedClient;
}

/** @throws RelayError `ERR_RELAY_TOO_LARGE`, `ERR_RELAY_ABORTED` */
export async function toForwarded<P extends Principal>(
  client: AuthenticatedClient<P>,
  request: ApiRequest,
  { sessionId, route, maxBodyBytes }: { sessionId: string; route: string; maxBodyBytes: number },
): Promise<ForwardedRequest> {
  const { method, url, headers } = request;
  const body = method === 'POST' ? await readBody(request, maxBodyBytes) : '';
  const received = new URL(url, 'http://relay').searchParams.get('received');
  return {
    ...{ sessionId, route, method },
    query: received === null ? '' : `?${new URLSearchParams({ received })}`,
    headers: Object.fromEntries(HEADERS.map((name) => [name, headers[name]])),
    body: typeof body === 'string' ? body : (JSON.stringify(body) ?? ''),
    client: toForwardedClient(client, tokenHashOf(request)),
  };
}

/** The request as the handlers of this process take it. */
export function fromForwarded(forwarded: ForwardedRequest): ApiRequest {
  const { sessionId, route, method, query, headers, body, client } = forwarded;
  const path = `/session/${encodeURIComponent(sessionId)}${route}`;
  return {
    ...{ method, path, headers, remoteAddress: client.remoteAddress },
    url: path + query,
    // The client may disconnect from the other process: it repeats the request then.
    signal: new AbortController().signal,
    readBody: async () => body,
    forwarded: { tokenHash: client.tokenHash },
  };
}
