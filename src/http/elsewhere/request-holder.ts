import type { Principal } from '../../access/authentication.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import { fromForwardedClient } from '../../signaling/authentication/forwarded-client.js';
import { holdConnections } from '../../signaling/connection/connection-holder.js';
import type { ApiRequest, ApiResponse } from '../exchange.js';
import { failed } from '../failure.js';
import type { Idempotency } from '../idempotency/idempotency.js';
import type { RepeatedRequest } from '../idempotency/repeated-request.js';
import type { HttpSessions } from '../sse/http-sessions.js';
import { type ForwardedRequest, fromForwarded } from './forwarded-request.js';
import { ForwardedStreams } from './forwarded-streams.js';
import type { RemoteResponse } from './request-forwarder.js';

/** Handles a request of an authenticated client for a session. */
export type SessionHandler<P extends Principal> = (
  client: AuthenticatedClient<P>,
  request: ApiRequest,
  id: string,
) => Promise<ApiResponse>;

/** By route, which is what follows the id of the session in the path, and method. */
export type SessionHandlers<P extends Principal> = Readonly<
  Record<string, Readonly<Record<string, SessionHandler<P>>>>
>;

/** A REST API of this process. */
interface HeldApi<P extends Principal> {
  readonly handlers: SessionHandlers<P>;
  readonly sessions: HttpSessions<P>;
  readonly idempotency: Idempotency;
}

const holders = new WeakMap<object, RequestHolder<Principal>>();

/** Lets the other processes send requests for sessions of this one. An application may have mounted the API more than once. */
export function holdRequests<P extends Principal>(relay: SfuRelay<P>, api: HeldApi<P>): void {
  if (!relay.elsewhere) return;
  // A session over HTTP may be attached to a WebSocket of another process.
  holdConnections(relay);
  const held = api as unknown as HeldApi<Principal>;
  const known = holders.get(relay);
  if (known) known.apis.push(held);
  else holders.set(relay, new RequestHolder(relay as unknown as SfuRelay, held));
}

/** Executes the requests that other processes forward. */
class RequestHolder<P extends Principal> {
  readonly apis: HeldApi<P>[];
  readonly #relay: SfuRelay<P>;
  readonly #streams = new ForwardedStreams();

  constructor(relay: SfuRelay<P>, api: HeldApi<P>) {
    this.#relay = relay;
    this.apis = [api];
    relay.elsewhere?.serve({
      httpRequest: (params) => this.#execute(params as unknown as ForwardedRequest),
      httpRepeat: (params) => this.#repeat(params as unknown as RepeatedRequest),
      httpEvents: ({ id }) => this.#streams.read(String(id)),
      httpEventsEnd: ({ id }) => this.#streams.end(String(id)),
    });
  }

  /** @returns undefined where this process does not have the session */
  async #execute(forwarded: ForwardedRequest): Promise<RemoteResponse | undefined> {
    const { sessionId, route, method } = forwarded;
    const session = this.#relay.getSession(sessionId);
    if (session?.state !== 'joined') return undefined;
    const api = this.apis.find(({ sessions }) => sessions.get(sessionId)) ?? this.apis[0];
    const handler = api?.handlers[route]?.[method === 'HEAD' ? 'GET' : method];
    if (!handler) return undefined;
    const request = fromForwarded(forwarded);
    const client = fromForwardedClient(session, forwarded.client, request);
    try {
      return await this.#toRemote(await handler(client, request, sessionId));
    } catch (error) {
      return this.#toRemote(failed(this.#relay, request, error));
    }
  }

  async #repeat(repeated: RepeatedRequest): Promise<RemoteResponse | undefined> {
    for (const { idempotency } of this.apis) {
      const response = await idempotency.responseTo(repeated);
      if (response) return this.#toRemote(response);
    }
    return undefined;
  }

  async #toRemote({ status, headers, body }: ApiResponse): Promise<RemoteResponse> {
    if (typeof body === 'string') return { status, headers, body };
    return { status, headers, body: '', stream: await this.#streams.open(body) };
  }
}
