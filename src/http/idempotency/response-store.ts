import { RelayError } from '../../protocol/errors.js';
import { Deadline } from '../../util/deadline.js';
import { noop } from '../../util/noop.js';
import type { ApiResponse } from '../exchange.js';
import type { ResolvedIdempotencyOptions } from './options.js';
import type { RepeatedRequest } from './repeated-request.js';

/** Bytes that a response takes besides its body. */
const ENTRY_BYTES = 512;

/** The first request with a key. */
interface FirstRequest extends RepeatedRequest {
  /** Whose request it is. */
  readonly clientId: string;
}

/** The responses of one client. */
interface Account {
  readonly id: string;
  /** Pending ones included. */
  count: number;
  bytes: number;
  /** Those that were sent, the oldest first. */
  readonly settled: Set<KeptResponse>;
}

/** The response to the first request with a key; pending until `settle`. */
export class KeptResponse {
  readonly request: FirstRequest;
  /** Never rejects. */
  readonly response: Promise<ApiResponse>;
  /** Called before the response is sent again. */
  onRepeat = noop;
  /** `performance.now()` */
  settledAt = 0;
  bytes = ENTRY_BYTES;
  readonly #store: ResponseStore;
  #resolve: (response: ApiResponse) => void = noop;

  constructor(store: ResponseStore, request: FirstRequest) {
    this.#store = store;
    this.request = request;
    this.response = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The request was executed. A response that is not final is only for the requests that wait for it. */
  settle({ status, headers, body, error }: ApiResponse): void {
    const isFinal = status < 500 && !error?.retryable && error?.code !== 'ERR_RELAY_ABORTED';
    this.#resolve({ status, headers, body });
    if (isFinal) this.#store.settled(this, typeof body === 'string' ? Buffer.byteLength(body) : 0);
    else this.forget();
  }

  /** From now on the same request is executed again. */
  forget(): void {
    this.#store.remove(this);
  }
}

/** Keeps responses for some time, within bounds: the oldest ones go first. */
export class ResponseStore {
  readonly #options: ResolvedIdempotencyOptions;
  readonly #responses = new Map<string, KeptResponse>();
  readonly #accounts = new Map<string, Account>();
  /** Those that were sent, the oldest first. */
  readonly #settled = new Set<KeptResponse>();
  #bytes = 0;
  #timer: Deadline | undefined;

  constructor(options: ResolvedIdempotencyOptions) {
    this.#options = options;
  }

  find(id: string): KeptResponse | undefined {
    return this.#responses.get(id);
  }

  /** @throws RelayError `ERR_RELAY_TOO_MANY`: too many requests are pending */
  add(request: FirstRequest): KeptResponse {
    const { id, clientId } = request;
    const account = this.#accounts.get(clientId) ?? {
      ...{ id: clientId, count: 0, bytes: 0 },
      settled: new Set<KeptResponse>(),
    };
    const { maxResponses, maxResponsesPerClient } = this.#options;
    const isFull = account.count - account.settled.size >= maxResponsesPerClient;
    if (isFull || this.#responses.size - this.#settled.size >= maxResponses)
      throw new RelayError('ERR_RELAY_TOO_MANY', 'Too many requests with an Idempotency-Key are pending.');
    const kept = new KeptResponse(this, request);
    this.#responses.set(id, kept);
    this.#accounts.set(clientId, account);
    account.count += 1;
    this.#grow(account, kept.bytes);
    this.#bound(account);
    return kept;
  }

  /** @param bytes length of the response's body */
  settled(kept: KeptResponse, bytes: number): void {
    const account = this.#accounts.get(kept.request.clientId);
    // It may have been forgotten while it was pending.
    if (!account || this.#responses.get(kept.request.id) !== kept) return;
    kept.bytes += bytes;
    kept.settledAt = performance.now();
    account.settled.add(kept);
    this.#settled.add(kept);
    this.#grow(account, bytes);
    this.#bound(account);
    this.#watch();
  }

  remove(kept: KeptResponse): void {
    const { id, clientId } = kept.request;
    const account = this.#accounts.get(clientId);
    if (!account || this.#responses.get(id) !== kept) return;
    this.#responses.delete(id);
    this.#settled.delete(kept);
    account.settled.delete(kept);
    account.count -= 1;
    this.#grow(account, -kept.bytes);
    if (account.count === 0) this.#accounts.delete(clientId);
  }

  #grow(account: Account, bytes: number): void {
    account.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Drops what exceeds the bounds. */
  #bound(account: Account): void {
    const { maxResponses, maxResponsesPerClient, maxBytes, maxBytesPerClient } = this.#options;
    for (const oldest of account.settled) {
      if (account.count <= maxResponsesPerClient && account.bytes <= maxBytesPerClient) break;
      this.remove(oldest);
    }
    for (const oldest of this.#settled) {
      if (this.#responses.size <= maxResponses && this.#bytes <= maxBytes) break;
      this.remove(oldest);
    }
  }

  /** One timer for all, which does not keep the process alive. */
  #watch(): void {
    if (this.#timer) return;
    const [oldest] = this.#settled;
    if (!oldest) return;
    const { retentionMs } = this.#options;
    const dueMs = Math.max(0, oldest.settledAt + retentionMs - performance.now());
    this.#timer = new Deadline(() => {
      this.#timer = undefined;
      const now = performance.now();
      for (const kept of this.#settled) {
        if (kept.settledAt + retentionMs > now) break;
        this.remove(kept);
      }
      this.#watch();
    }, dueMs).unref();
  }
}
