import type { RelayError } from '../../protocol/errors.js';
import type { RelayNotifications } from '../../protocol/messages.js';
import type { Target } from '../../protocol/types.js';
import type { RelayCounters, SentMessage } from '../../telemetry/relay-counters.js';
import type { FrameLog } from '../resumption/frame-log.js';
import type { ClientChannel } from '../rpc/client-channel.js';
import type { SocketChannel } from '../socket/socket-channel.js';
import { encodeOnce } from '../wire/encode-once.js';
import {
  encodeError,
  encodeNotification,
  encodeResult,
  encodeTrickle,
  type RpcId,
} from '../wire/json-rpc.js';
import { isCounted } from '../wire/methods.js';

/** Notifications whose content is in a snapshot, too. */
const IN_SNAPSHOT: ReadonlySet<string> = new Set([
  'participants',
  'tracks',
  'message',
  'room',
  'grants',
  'mute',
  'rejoin',
  'interrupted',
]);

/** Encodes the messages to one client, and sends them over the connection that serves it; without one, keeps them in its log. */
export class LinkChannel implements ClientChannel {
  readonly maxMessageBytes: number;
  readonly #counters: RelayCounters;
  #socket: SocketChannel | undefined;
  /** Counted frames before those of the log. */
  #sent = 0;
  #log: FrameLog | undefined;

  constructor(maxMessageBytes: number, counters: RelayCounters, socket: SocketChannel | undefined) {
    this.maxMessageBytes = maxMessageBytes;
    this.#counters = counters;
    this.#socket = socket;
  }

  /** The number of counted frames so far. */
  get sent(): number {
    return this.#log?.sent ?? this.#sent;
  }

  /** Keeps the client's unacknowledged frames from now on. */
  set log(log: FrameLog | undefined) {
    this.#sent = this.sent;
    this.#log = log;
  }

  get log(): FrameLog | undefined {
    return this.#log;
  }

  /** The connection that serves the client from now on. */
  set socket(socket: SocketChannel | undefined) {
    this.#socket = socket;
  }

  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void {
    const { text, bytes } = encodeOnce(method, params);
    this.#send(method, text, false, bytes);
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.#send('trickle', encodeTrickle(target, init, peer));
  }

  deliver(message: RelayNotifications['message'], mayDrop: boolean): void {
    const { text, bytes } = encodeOnce('message', message);
    this.#send('message', text, mayDrop, bytes);
  }

  describe(send: () => void): void {
    if (this.#socket) this.#socket.describe(send);
    else send();
  }

  notificationRefused(method: string, error: RelayError): void {
    this.sendError(null, error, method);
  }

  sendResult(id: RpcId, result: object, method: string): void {
    const text = encodeResult(id, result);
    if (isCounted(method)) {
      // A client that is behind with its reading can do without statistics; one without a connection gets them later.
      this.#send('result', text, method === 'stats' && this.#socket !== undefined);
    } else this.#socket?.send('result', text);
  }

  sendError(id: RpcId | null, error: RelayError, method?: string): void {
    this.#counters.refused.add(error.code);
    const text = encodeError(id, error, method);
    if (id === null || method === undefined || isCounted(method)) this.#send('error', text);
    else this.#socket?.send('error', text);
  }

  /** Tells the client how many of its frames have arrived. */
  acknowledge(received: number): void {
    this.#socket?.send('ack', encodeNotification('ack', { received }));
  }

  /** Sends what the client has missed; it was counted when it was sent first. */
  repeat(texts: readonly string[]): void {
    const socket = this.#socket;
    socket?.describe(() => {
      for (const text of texts) socket.send('repeated', text);
    });
  }

  #send(what: SentMessage, text: string, mayDrop = false, bytes = Buffer.byteLength(text)): void {
    // What is dropped was never sent.
    if (mayDrop && !this.#socket?.send(what, text, true, bytes)) return;
    if (this.#log) this.#log.push(text, bytes, IN_SNAPSHOT.has(what));
    else this.#sent += 1;
    if (!mayDrop) this.#socket?.send(what, text, false, bytes);
  }
}
