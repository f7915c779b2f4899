import type { ClientNotifications, ClientRequests, ErrorObject } from '../../protocol/messages.js';
import { closed } from '../common/close.js';
import { malformed, RelayClientError } from '../common/errors.js';
import { isRecord, isString, parse } from '../common/wire-forms.js';

export interface RpcOptions {
  requestTimeoutMs: number;
  onNotification(method: string, params: unknown): void;
  /** A malformed message, or the refusal of a notification. */
  onError(error: RelayClientError): void;
  /** @param error what pending and later requests are rejected with; `cause` is the CloseInfo */
  onClose(error: RelayClientError): void;
}

/** JSON-RPC 2.0 over an open WebSocket, one message a text frame. */
export interface Rpc {
  readonly isOpen: boolean;
  /** False once a message has arrived. */
  isSilent: boolean;
  /** @throws RelayClientError the relay's refusal or its reason for closing, `ERR_CLIENT_TIMEOUT` or `ERR_CLIENT_CLOSED` */
  request<Method extends keyof ClientRequests>(
    method: Method,
    params?: ClientRequests[Method]['params'],
  ): Promise<ClientRequests[Method]['result']>;
  notify<Method extends keyof ClientNotifications>(method: Method, params: ClientNotifications[Method]): void;
  /** Closes the socket and rejects what is pending. */
  close(error?: RelayClientError): void;
}

type ErrorData = NonNullable<ErrorObject['data']>;
type Settle = (error: RelayClientError | undefined, result?: unknown) => void;

export function jsonRpc(
  socket: WebSocket,
  { requestTimeoutMs, onNotification, onError, onClose }: RpcOptions,
): Rpc {
  const pending = new Map<unknown, Settle>();
  const listening = new AbortController();
  const { signal } = listening;
  let lastId = 0;
  /** What the relay has named as the reason of the close that follows. */
  let final: RelayClientError | undefined;
  let failure: RelayClientError | undefined;

  const send = (message: { id?: number; method: string; params?: unknown }) => {
    // A closing socket would drop it: the close event then rejects what is pending.
    if (socket.readyState === 1) socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  };
  const receive = (data: unknown) => {
    rpc.isSilent = false;
    const message = parse(data);
    if (!isRecord(message)) onError(malformed('message'));
    else if (isString(message.method)) onNotification(message.method, message.params);
    else answered(message);
  };
  const answered = ({ id, result, error }: Record<string, unknown>) => {
    const refused = error === undefined ? undefined : refusal(error);
    const settle = pending.get(id);
    if (settle) settle(refused, result);
    else if (refused?.closeCode) final = refused;
    // A late answer to a request that timed out is ignored.
    else if (typeof id !== 'number') onError(refused ?? malformed('message'));
  };
  const end = (error: RelayClientError) => {
    if (failure) return;
    listening.abort();
    failure = error;
    for (const settle of [...pending.values()]) settle(error);
    onClose(error);
  };

  socket.addEventListener('message', ({ data }) => receive(data), { signal });
  socket.addEventListener('close', ({ code, reason }) => end(closed(code, reason, final)), { signal });

  const rpc: Rpc = {
    isSilent: true,
    get isOpen() {
      return !failure;
    },
    request(method, params) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        const timer = setTimeout(() => settle(timedOut(method, requestTimeoutMs)), requestTimeoutMs);
        const settle: Settle = (error, result) => {
          clearTimeout(timer);
          pending.delete(id);
          if (error) reject(error);
          else resolve(result as never);
        };
        pending.set(id, settle);
        send({ id, method, params });
      });
    },
    notify(method, params) {
      if (!failure) send({ method, params });
    },
    close(error = closed()) {
      socket.close(1000);
      end(error);
    },
  };
  return rpc;
}

function timedOut(method: string, milliseconds: number): RelayClientError {
  const message = `No answer to "${method}": not within ${milliseconds} ms`;
  return new RelayClientError('ERR_CLIENT_TIMEOUT', message, { retryable: true });
}

/** The relay's error need not have the members of its type: one of a wrong type counts as missing. */
function refusal(error: unknown): RelayClientError & { closeCode?: unknown } {
  const { message = 'Refused.', data } = Object(error) as Partial<ErrorObject>;
  const { code = 'ERR_RELAY_UNKNOWN', method, ...members } = Object(data) as Partial<ErrorData>;
  return new RelayClientError(code, `${method ? `${method}: ` : ''}${message}`, { ...members, cause: error });
}
