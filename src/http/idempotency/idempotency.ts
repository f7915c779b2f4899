import type { Principal } from '../../access/authentication.js';
import { network } from '../../limits/ip-network.js';
import { invalidParams, RelayError } from '../../protocol/errors.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import type { RelayCounters } from '../../telemetry/relay-counters.js';
import { unlessAborted } from '../../util/cancellation.js';
import {
  type ApiRequest,
  type ApiResponse,
  checkPresent,
  readBody,
  refusal,
  tokenHashOf,
} from '../exchange.js';
import { readIdempotencyKey } from './idempotency-key.js';
import type { ResolvedIdempotencyOptions } from './options.js';
import { isSameToken, type RepeatedRequest, sha256 } from './repeated-request.js';
import { type KeptResponse, ResponseStore } from './response-store.js';

interface Scope<P extends Principal> {
  readonly client: AuthenticatedClient<P>;
  /** The path with its ids. */
  readonly path: string;
  /** Checks that the client may use the session of the path. */
  authorize?(): void;
  /** Executes the request, or repeats its response, in the process that has the session; undefined where that is this one. */
  forward?(request: ApiRequest, repeated?: RepeatedRequest): Promise<ApiResponse | undefined>;
  /** The response of another process that has executed the request. */
  receipt?(repeated: RepeatedRequest): Promise<ApiResponse | undefined>;
}

/** Executes a request. `kept` is its response, if it is kept for a repetition. */
type Execute = (request: ApiRequest, kept?: KeptResponse) => Promise<ApiResponse>;

/**
 * Executes requests with the header `Idempotency-Key` once (draft-ietf-httpapi-idempotency-key-header). The same client's same key on the same
 * path gets the first response; it waits for it if the first request is still being executed.
 */
export class Idempotency {
  readonly #store: ResponseStore | undefined;
  readonly #maxBodyBytes: number;
  readonly #counters: RelayCounters;

  /** @param options false: the header is ignored */
  constructor(
    options: false | ResolvedIdempotencyOptions,
    { maxBodyBytes, counters }: { maxBodyBytes: number; counters: RelayCounters },
  ) {
    this.#store = options ? new ResponseStore(options) : undefined;
    this.#maxBodyBytes = maxBodyBytes;
    this.#counters = counters;
  }

  /** @throws RelayError those of `execute`; `ERR_RELAY_INVALID_PARAMS`: the key is malformed; `ERR_RELAY_TOO_MANY` */
  async run<P extends Principal>(
    request: ApiRequest,
    scope: Scope<P>,
    execute: Execute,
  ): Promise<ApiResponse> {
    const key = this.#store && readIdempotencyKey(request.headers['idempotency-key']);
    if (!this.#store || key === undefined) return (await scope.forward?.(request)) ?? execute(request);
    const body = request.method === 'POST' ? await readBody(request, this.#maxBodyBytes) : '';
    const repeated = {
      id: sha256(JSON.stringify([scope.client.key, request.method, scope.path, key])),
      fingerprint: sha256(typeof body === 'string' ? body : (JSON.stringify(body) ?? '')),
      // One that creates a session has none yet.
      tokenHash: scope.authorize && tokenHashOf(request),
    };
    const first = { ...request, readBody: async () => body };
    if (!this.#store.find(repeated.id)) {
      const forwarded = await scope.forward?.(first, repeated);
      if (forwarded) return forwarded;
    }
    const known = this.#store.find(repeated.id);
    if (known) {
      checkOwner(known, scope, repeated);
      return this.#repeat(known, repeated.fingerprint, request);
    }
    scope.authorize?.();
    checkPresent(request);
    const kept = this.#store.add({ ...repeated, clientId: accountOf(scope.client) });
    try {
      const receipt = await scope.receipt?.(repeated);
      if (!receipt) this.#counters.idempotentRequests.add('executed');
      // The client repeats the request if it disconnects, so that does not cancel it.
      const response = receipt ?? (await execute({ ...first, signal: new AbortController().signal }, kept));
      kept.settle(response);
      // The other process knows how long it is valid.
      if (receipt) kept.forget();
      return response;
    } catch (error) {
      kept.settle(refusal(RelayError.from(error)));
      throw error;
    }
  }

  /** The response to a request that has reached another process now; undefined if this one has not executed it. */
  async responseTo(repeated: RepeatedRequest): Promise<ApiResponse | undefined> {
    const known = this.#store?.find(repeated.id);
    if (!known || !isSameToken(known.request, repeated)) return undefined;
    return this.#repeat(known, repeated.fingerprint, { signal: new AbortController().signal });
  }

  async #repeat(
    known: KeptResponse,
    fingerprint: string,
    request: Pick<ApiRequest, 'signal'>,
  ): Promise<ApiResponse> {
    const { idempotentRequests, refused } = this.#counters;
    if (known.request.fingerprint !== fingerprint) {
      idempotentRequests.add('refused');
      const error = invalidParams(
        'This "Idempotency-Key" was used for another body: every request needs its own key.',
      );
      refused.add(error.code);
      return { ...refusal(error), status: 422 };
    }
    idempotentRequests.add('repeated');
    const response = await unlessAborted(known.response, request.signal).catch((error: unknown) => {
      checkPresent(request);
      throw error;
    });
    known.onRepeat();
    return { ...response, headers: { ...response.headers, 'idempotent-replayed': 'true' } };
  }
}

/** A session may have ended since the first request, or by it: who sends the same session token may have the response all the same. */
function checkOwner<P extends Principal>(
  { request }: KeptResponse,
  { authorize }: Scope<P>,
  repeated: RepeatedRequest,
): void {
  try {
    authorize?.();
  } catch (error) {
    const hasEnded = RelayError.from(error).code === 'ERR_RELAY_SESSION_NOT_FOUND';
    if (!hasEnded || !isSameToken(request, repeated)) throw error;
  }
}

/** Clients that the application does not name share one key: they are told apart by address. */
function accountOf<P extends Principal>({ key, userId, request }: AuthenticatedClient<P>): string {
  const address = userId === undefined ? network(request.remoteAddress ?? '') : '';
  return sha256(JSON.stringify([key, address]));
}
