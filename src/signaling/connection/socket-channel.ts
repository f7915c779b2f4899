import type { RelayError } from '../../protocol/errors.js';
import type { RelayNotifications } from '../../protocol/messages.js';
import type { Target } from '../../protocol/types.js';
import type { RelayCounters, SentMessage } from '../../telemetry/relay-counters.js';
import type { ResolvedConnectionOptions } from '../options.js';
import type { ClientChannel } from '../rpc/client-channel.js';
import { encodeMessage } from '../wire/encode-once.js';
import {
  encodeError,
  encodeFinalError,
  encodeNotification,
  encodeResult,
  encodeTrickle,
  type RpcId,
} from '../wire/json-rpc.js';
import { SendBuffer } from './send-buffer.js';
import type { RelaySocket } from './socket.js';

/** Encodes, counts and sends the messages to the client of one WebSocket. */
export class SocketChannel implements ClientChannel {
  readonly maxMessageBytes: number;
  readonly #counters: RelayCounters;
  readonly #buffer: SendBuffer;

  /** `onFailure` is called once: the client does not read, or the socket cannot be written to. */
  constructor(
    socket: RelaySocket,
    options: ResolvedConnectionOptions,
    counters: RelayCounters,
    onFailure: (error: unknown) => void,
  ) {
    this.maxMessageBytes = options.maxMessageBytes;
    this.#counters = counters;
    this.#buffer = new SendBuffer(socket, options, onFailure);
  }

  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void {
    this.#send(method, encodeNotification(method, params));
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.#send('trickle', encodeTrickle(target, init, peer));
  }

  deliver(message: RelayNotifications['message'], mayDrop: boolean): void {
    const { text, bytes } = encodeMessage(message);
    this.#send('message', text, mayDrop, bytes);
  }

  notificationRefused(method: string, error: RelayError): void {
    this.sendError(null, error, method);
  }

  sendResult(id: RpcId, result: object, method: string): void {
    // A client that is behind with its reading can do without statistics.
    this.#send('result', encodeResult(id, result), method === 'stats');
  }

  sendError(id: RpcId | null, error: RelayError, method?: string): void {
    this.#counters.refused.add(error.code);
    this.#send('error', encodeError(id, error, method));
  }

  /** Sends the error that ends the connection. */
  sendFinalError(error: RelayError): void {
    this.#send('error', encodeFinalError(error));
  }

  /** Fails the client if it leaves too much unread. */
  check(): void {
    this.#buffer.check();
  }

  /** Hands the messages of this tick to the socket. */
  flush(): void {
    this.#buffer.flush();
  }

  /** Sends nothing more. */
  stop(): void {
    this.#buffer.stop();
  }

  #send(what: SentMessage, text: string, mayDrop = false, bytes = Buffer.byteLength(text)): void {
    const { sent, sentBytes, dropped } = this.#counters;
    if (this.#buffer.send(text, mayDrop, bytes)) {
      sent.add(what);
      sentBytes.add(bytes);
    } else if (mayDrop && !this.#buffer.isStopped) dropped.add(what);
  }
}
