import type { ClientNotifications, ClientRequests, ErrorObject } from '../protocol/messages.js';
import { closed } from './close.js';
import { malformed, RelayClientError } from './errors.js';
import { isRecord, parse } from './wire.js';

export interface RpcOptions {
  requestTimeoutMs: number;
  onNotification(method: string, params: unknown): void;
  /** A message that makes no sense, or the refusal of a notification. */
  onError(error: RelayClientError): void;
  /** @param error what pending and later requests are rejected with; `cause` is the CloseInfo */
  onClose(error: RelayClientError): void;
}

type ErrorData = NonNullable<ErrorObject['data']>;
type Settle = (error: RelayClientError | undefined, result?: unknown) => void;

/** JSON-RPC 2.0 over an open WebSocket, one message a text frame. */
export class Rpc {
  readonly #socket: WebSocket;
  readonly #options: RpcOptions;
  readonly #pending = new Map<number, Settle>();
  readonly #listening = new AbortController();
  /** False once something has come. */
  isSilent = true;
  #lastId = 0;
  /** What the relay has named as the reason of the close that follows. */
  #final: RelayClientError | undefined;
  #closed: RelayClientError | undefined;

  constructor(socket: WebSocket, options: RpcOptions) {
    this.#socket = socket;
    this.#options = options;
    const { signal } = this.#listening;
    socket.addEventListener('message', ({ data }) => this.#receive(data), { signal });
    socket.addEventListener('close', ({ code, reason }) => this.#end(closed(code, reason, this.#final)), {
      signal,
    });
  }

  /**
   * @throws RelayClientError the relay's refusal or its reason for closing, `ERR_CLIENT_TIMEOUT` or `ERR_CLIENT_CLOSED`
   */
  request<Method extends keyof ClientRequests>(
    method: Method,
    params?: ClientRequests[Method]['params'],
  ): Promise<ClientRequests[Method]['result']> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      const timer = setTimeout(
        () => settle(timedOut(method, this.#options.requestTimeoutMs)),
        this.#options.requestTimeoutMs,
      );
      const settle: Settle = (error, result) => {
        clearTimeout(timer);
        this.#pending.delete(id);
        if (error) reject(error);
        else resolve(result as ClientRequests[Method]['result']);
      };
      this.#pending.set(id, settle);
      this.#send({ id, method, params });
    });
  }

  notify<Method extends keyof ClientNotifications>(
    method: Method,
    params: ClientNotifications[Method],
  ): void {
    if (!this.#closed) this.#send({ method, params });
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Closes the socket and rejects what is pending. */
  close(error = closed(1000, '')): void {
    this.#socket.close(1000);
    this.#end(error);
  }

  #send(message: { id?: number; method: string; params?: unknown }): void {
    // One that is closing would drop it: the close event then rejects what is pending.
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  #receive(data: unknown): void {
    this.isSilent = false;
    const message = parse(data);
    if (!isRecord(message)) this.#options.onError(malformed('a malformed message'));
    else if (typeof message.method === 'string') this.#options.onNotification(message.method, message.params);
    else this.#answered(message);
  }

  #answered({ id, result, error }: Record<string, unknown>): void {
    const failure = error === undefined ? undefined : refusal(error);
    const settle = this.#pending.get(id as number);
    if (settle) settle(failure, result);
    else if (failure?.closeCode) this.#final = failure;
    // The late answer to a request that timed out concerns nobody any more.
    else if (typeof id !== 'number') this.#options.onError(failure ?? malformed('a malformed message'));
  }

  #end(error: RelayClientError): void {
    if (this.#closed) return;
    this.#listening.abort();
    this.#closed = error;
    for (const settle of [...this.#pending.values()]) settle(error);
    this.#options.onClose(error);
  }
}

function timedOut(method: string, milliseconds: number): RelayClientError {
  const message = `No answer to "${method}" within ${milliseconds} ms.`;
  return new RelayClientError('ERR_CLIENT_TIMEOUT', message, { retryable: true });
}

/** What it is made of need not be what the relay says by its types: a member that is none is as if it were not there. */
function refusal(error: unknown): RelayClientError & { closeCode?: unknown } {
  const { message = 'Refused by the relay.', data } = Object(error) as Partial<ErrorObject>;
  const { code = 'ERR_RELAY_UNKNOWN', method, ...members } = Object(data) as Partial<ErrorData>;
  return new RelayClientError(code, `${method ? `${method}: ` : ''}${message}`, { ...members, cause: error });
}
