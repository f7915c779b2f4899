import type { ClientNotifications, ClientRequests, ErrorObject } from '../../protocol/messages.js';
import { isRecord } from '../../util/is-record.js';
import { closed } from '../common/close.js';
import { malformed, RelayClientError } from '../common/errors.js';
import { isString, parse } from '../common/wire-forms.js';
import { type FrameCounts, frameCounts, isCounted, type RelayCounts } from './frame-counts.js';

export interface RpcOptions {
  requestTimeoutMs: number;
  onNotification(method: string, params: unknown): void;
  /** A malformed message, or the refusal of a notification. */
  onError(error: RelayClientError): void;
  /**
   * The socket has closed, or is dead.
   * @returns whether to wait for another socket: requests are pending until then
   */
  onBreak(error: RelayClientError): boolean;
  /** @param error rejects pending and later requests; `cause` is the CloseInfo */
  onClose(error: RelayClientError): void;
}

type Settle<Result> = (error: RelayClientError | undefined, result: Result) => void;

/** JSON-RPC 2.0 over an open WebSocket, one message in a text frame. Another socket can take the place of a broken one. */
export interface Rpc {
  /** False while it waits for another socket, and after the end. */
  readonly isOpen: boolean;
  /** False once a message has arrived. */
  isSilent: boolean;
  readonly counts: FrameCounts;
  /**
   * Without a socket the request waits for one, and so does its deadline.
   * @throws RelayClientError the relay's refusal or its reason for closing, `ERR_CLIENT_TIMEOUT` or `ERR_CLIENT_CLOSED`
   */
  request<Method extends keyof ClientRequests>(
    method: Method,
    params?: ClientRequests[Method]['params'],
  ): Promise<ClientRequests[Method]['result']>;
  authenticate(token: string): Promise<ClientRequests['authenticate']['result']>;
  /** As `request`; `settle` is called before the next message is read. */
  exchange<Method extends keyof ClientRequests>(
    method: Method,
    params: ClientRequests[Method]['params'],
    settle: Settle<ClientRequests[Method]['result']>,
  ): void;
  notify<Method extends keyof ClientNotifications>(method: Method, params: ClientNotifications[Method]): void;
  /** Stops listening to the open socket, and returns it. */
  handOver(): WebSocket;
  /**
   * Continues on the socket of another connection, and sends what the relay has not received.
   * @returns the number of these frames
   */
  moveTo(other: Rpc, counts: RelayCounts): number;
  /** The socket is dead: closes it so that the relay does not take it for the end of the session. */
  abandon(error: RelayClientError): void;
  /** Closes the socket and rejects pending requests. */
  close(error?: RelayClientError): void;
}

/** Requests that are pointless on another connection. The relay may leave `stats` unanswered. */
const TRANSIENT = /^(ping|resume|stats)$/;

type ErrorData = NonNullable<ErrorObject['data']>;

interface Pending {
  method: string;
  settle: Settle<unknown>;
  /** The number of counted frames up to the request. */
  frame: number;
  /** Starts the deadline. */
  begin(): void;
  timer?: ReturnType<typeof setTimeout>;
}

export function jsonRpc(
  first: WebSocket,
  { requestTimeoutMs, onNotification, onError, onBreak, onClose }: RpcOptions,
): Rpc {
  const pending = new Map<unknown, Pending>();
  let lastId = 0;
  let socket: WebSocket | undefined;
  /** The relay's last message before it closes the connection. */
  let final: RelayClientError | undefined;
  let failure: RelayClientError | undefined;

  const transmit = (frame: string) => {
    // A closing socket would drop the frame: its close event follows.
    if (socket?.readyState === 1) socket.send(frame);
  };
  const send = (message: { id?: number; method: string; params?: unknown }) => {
    const frame = JSON.stringify({ jsonrpc: '2.0', ...message });
    if (isCounted(message)) counts.keep(frame);
    transmit(frame);
  };
  const counts = frameCounts((received) => send({ method: 'ack', params: { received } }));

  const receive = (data: unknown) => {
    rpc.isSilent = false;
    const message = Object(parse(data));
    const { method, params } = message;
    if (isCounted(message)) counts.receive((data as string).length);
    if (!isRecord(message)) onError(malformed('message'));
    else if (!isString(method)) answered(message);
    else if (method === 'ack') counts.release(Number(Object(params).received));
    else onNotification(method, params);
  };
  const answered = ({ id, result, error }: Record<string, unknown>) => {
    const refused = error === undefined ? undefined : refusal(error);
    const request = pending.get(id);
    if (request) {
      // The relay has received everything up to the request.
      counts.release(request.frame);
      request.settle(refused, result);
    } else if (refused?.closeCode) final = refused;
    // A late answer to a request that timed out is ignored.
    else if (typeof id !== 'number') onError(refused ?? malformed('message'));
  };
  const listen = (next: WebSocket) => {
    socket = next;
    final = undefined;
    next.addEventListener('message', ({ data }) => socket === next && receive(data));
    next.addEventListener(
      'close',
      ({ code, reason }) => socket === next && broken(closed(code, reason, final)),
    );
  };
  const broken = (error: RelayClientError) => {
    socket = undefined;
    for (const { method, timer, settle } of [...pending.values()]) {
      clearTimeout(timer);
      // The others are answered later.
      if (TRANSIENT.test(method)) settle(error, undefined);
    }
    if (!onBreak(error)) end(error);
  };
  const end = (error: RelayClientError) => {
    if (failure) return;
    failure = error;
    socket = undefined;
    counts.stop();
    for (const { settle } of [...pending.values()]) settle(error, undefined);
    onClose(error);
  };

  const rpc: Rpc = {
    isSilent: true,
    counts,
    get isOpen() {
      return !!socket;
    },
    request: (method, params) =>
      new Promise((resolve, reject) => {
        rpc.exchange(method, params as never, (error, result) => (error ? reject(error) : resolve(result)));
      }),
    authenticate: (token) => rpc.request('authenticate', { token }),
    exchange(method, params, settle) {
      if (failure) return settle(failure, undefined as never);
      const isKept = isCounted({ method });
      const id = isKept ? ++lastId : -++lastId;
      const request: Pending = {
        method,
        frame: counts.sent + (isKept ? 1 : 0),
        begin() {
          request.timer = setTimeout(
            () =>
              request.settle(timedOut(`No answer to "${method}" within ${requestTimeoutMs} ms`), undefined),
            requestTimeoutMs,
          );
        },
        settle(error, result) {
          clearTimeout(request.timer);
          pending.delete(id);
          settle(error, result as never);
        },
      };
      pending.set(id, request);
      if (socket) request.begin();
      send({ id, method, params });
    },
    notify(method, params) {
      send({ method, params });
    },
    handOver() {
      const own = socket as WebSocket;
      socket = undefined;
      return own;
    },
    moveTo(other, relayCounts) {
      listen(other.handOver());
      counts.resume(relayCounts);
      for (const request of pending.values()) request.begin();
      const frames = [...(counts.kept ?? [])];
      frames.forEach(transmit);
      return frames.length;
    },
    abandon(error) {
      socket?.close();
      if (socket) broken(error);
    },
    close(error = closed()) {
      socket?.close(1000);
      end(error);
    },
  };
  listen(first);
  return rpc;
}

const timedOut = (message: string) =>
  new RelayClientError('ERR_CLIENT_TIMEOUT', message, { retryable: true });

/** Members of a malformed error count as missing. */
function refusal(error: unknown): RelayClientError & { closeCode?: unknown } {
  const { message = 'Refused.', data } = Object(error) as Partial<ErrorObject>;
  const { code = 'ERR_RELAY_UNKNOWN', method, ...members } = Object(data) as Partial<ErrorData>;
  return new RelayClientError(code, `${method ? `${method}: ` : ''}${message}`, { ...members, cause: error });
}
