import type { RelayError } from '../../protocol/errors.js';
import type { RelayCounters, SentMessage } from '../../telemetry/relay-counters.js';
import type { ResolvedConnectionOptions } from '../options.js';
import { encodeFinalError } from '../wire/json-rpc.js';
import { SendBuffer } from './send-buffer.js';
import type { RelaySocket } from './socket.js';

/** Counts and sends the messages to the client of one WebSocket. */
export class SocketChannel {
  readonly #counters: RelayCounters;
  readonly #buffer: SendBuffer;

  /** `onFailure` is called once: the client does not read, or the socket cannot be written to. */
  constructor(
    socket: RelaySocket,
    options: ResolvedConnectionOptions,
    counters: RelayCounters,
    onFailure: (error: unknown) => void,
  ) {
    this.#counters = counters;
    this.#buffer = new SendBuffer(socket, options, onFailure);
  }

  /**
   * @param bytes the length of the text
   * @returns false if it is not sent: the client is behind with its reading and the message may be dropped, or the connection has ended
   */
  send(what: SentMessage, text: string, mayDrop = false, bytes = Buffer.byteLength(text)): boolean {
    const { sent, sentBytes, dropped } = this.#counters;
    const isSent = this.#buffer.send(text, mayDrop, bytes);
    if (isSent) {
      sent.add(what);
      sentBytes.add(bytes);
    } else if (mayDrop && !this.#buffer.isStopped) dropped.add(what);
    return isSent;
  }

  /** The texts that `send` sends are bounded as one. */
  describe(send: () => void): void {
    this.#buffer.together(send);
  }

  /** Sends the error that ends the connection. */
  sendFinalError(error: RelayError): void {
    this.send('error', encodeFinalError(error));
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
}
