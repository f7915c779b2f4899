import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '../../access/authentication.js';
import type { CloseCode } from '../../protocol/close-code.js';
import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { SessionsElsewhere } from '../../relay/shared/handover/sessions-elsewhere.js';
import { noop } from '../../util/noop.js';
import { toForwardedClient } from '../authentication/forwarded-client.js';
import { readTokenHash } from '../authentication/session-ownership.js';
import type { ResolvedConnectionOptions } from '../options.js';
import type { RateLimitGate } from '../rpc/rate-limit-gate.js';
import type { RpcHandler } from '../rpc/rpc-handler.js';
import { ClosingHandshake } from '../socket/closing-handshake.js';
import { restarting } from '../socket/goaway.js';
import type { RelaySocket } from '../socket/socket.js';
import type { SocketChannel } from '../socket/socket-channel.js';
import { tooMuchWaits } from '../wire/byte-budget.js';
import type { RpcMessage } from '../wire/json-rpc.js';
import type { ForwardedFrames, ForwardedOpening } from './forwarded-frames.js';
import { ForwardedSocket } from './forwarded-socket.js';

/** ms that the process of the session has to take frames, and by which it sends something. */
const ANSWER_MS = 8_000;
/** Bytes that a frame takes besides its text, which may be empty. */
const FRAME_BYTES = 32;
/** ms between two looks at a client that is behind with its reading. */
const LOOK_MS = 20;

/** The connection whose client is served in another process. */
interface ForwardingConnection {
  readonly id: string;
  readonly options: ResolvedConnectionOptions;
  readonly socket: RelaySocket;
  readonly channel: SocketChannel;
  joining(): void;
  /** The client does not attach a session of another process: its frames are executed here. */
  notForwarded(error: RelayError, waiting: readonly string[]): void;
  /** The other process has closed the connection. */
  finish(closing: ClosingHandshake): void;
  fail(error: RelayError): void;
}

/** Limits the messages of the client, of which only the first one is executed here. */
type Gate = Pick<RateLimitGate, 'pass'>;

/** Serves a client in another process, if that may have the session which the client attaches. */
export function forwardOf<P extends Principal>(
  relay: SfuRelay<P>,
  connection: ForwardingConnection,
  { handler, gate }: { readonly handler: RpcHandler<P> | undefined; readonly gate: Gate | undefined },
  message: RpcMessage,
): ForwardedConnection<P> | undefined {
  const { elsewhere } = relay;
  const { sessionId } = message.params;
  if (message.method !== 'attach' || !elsewhere || connection.socket instanceof ForwardedSocket)
    return undefined;
  if (!handler || handler.isJoining || handler.served.session) return undefined;
  if (typeof sessionId !== 'string' || relay.getSession(sessionId)) return undefined;
  connection.joining();
  return new ForwardedConnection(connection, elsewhere, { handler, gate }, message);
}

/** Sends the frames of a client to the process that has its session, and those of that process to the client. */
export class ForwardedConnection<P extends Principal> {
  readonly #connection: ForwardingConnection;
  readonly #elsewhere: SessionsElsewhere;
  readonly #handler: RpcHandler<P>;
  readonly #gate: Gate | undefined;
  #processId = '';
  /** What the other process has not got yet. */
  #waiting: string[] = [];
  #waitingBytes = 0;
  #isSending = true;
  /** Once the connection is over: whether the session ends with it. */
  #end: { readonly isFinal: boolean } | undefined;

  constructor(
    connection: ForwardingConnection,
    elsewhere: SessionsElsewhere,
    { handler, gate }: { readonly handler: RpcHandler<P>; readonly gate: Gate | undefined },
    attach: RpcMessage,
  ) {
    this.#connection = connection;
    this.#elsewhere = elsewhere;
    this.#handler = handler;
    this.#gate = gate;
    void this.#open(attach);
  }

  receive(text: string): void {
    const bytes = Buffer.byteLength(text) + FRAME_BYTES;
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > LIMITS.maxWaitingBytes) {
      this.#connection.fail(tooMuchWaits());
      return;
    }
    this.#waiting.push(text);
    this.#waitingBytes += bytes;
    void this.#send();
  }

  /** Counts a frame that is not read: an empty one stands for it, which the other process counts and refuses. */
  count(_bytes: number): void {
    this.receive('');
  }

  /** @param isFinal whether the session ends with the connection */
  end(isFinal: boolean): void {
    this.#end ??= { isFinal };
    void this.#send();
  }

  async #open({ params: { sessionId, sessionToken } }: RpcMessage): Promise<void> {
    const { id, options } = this.#connection;
    // The connection has this object, and what it has received, before anything fails.
    await undefined;
    try {
      await this.#gate?.pass('attach', noop);
      const processId = await this.#elsewhere.processOf(String(sessionId));
      const opening: ForwardedOpening = {
        ...{ id, sessionId: String(sessionId), options: { ...options, allowedOrigins: undefined } },
        client: toForwardedClient(this.#handler.client, readTokenHash(sessionToken)),
      };
      const isOpen =
        processId !== undefined && (await this.#elsewhere.ask(processId, 'linkOpen', opening, ANSWER_MS));
      if (!isOpen) throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
      this.#processId = processId;
    } catch (error) {
      if (!this.#end) this.#connection.notForwarded(RelayError.from(error), this.#waiting);
      return;
    }
    this.#isSending = false;
    // The other process looks after the token's end.
    this.#handler.dispose();
    void this.#send();
    void this.#read();
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length > 0 || this.#end) {
      const texts = this.#waiting.splice(0);
      this.#waitingBytes = 0;
      const end = this.#end;
      try {
        const { id } = this.#connection;
        await this.#elsewhere.ask(this.#processId, 'linkFrames', { id, texts, ...end }, ANSWER_MS);
      } catch (error) {
        // Without an end the other process notices by itself that nothing is read.
        if (!this.#end) this.#lost(error);
        return;
      }
      if (end) return;
    }
    this.#isSending = false;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const { options, id, channel, socket } = this.#connection;
    while (!this.#end) {
      // What the client has not read waits in the other process, where it is bounded.
      if (socket.bufferedAmount > options.maxBufferedBytes / 4) {
        await sleep(LOOK_MS);
        continue;
      }
      try {
        const answer = await this.#elsewhere.ask(this.#processId, 'linkRead', { id }, ANSWER_MS);
        if (answer === undefined) throw restarting();
        const frames = answer as ForwardedFrames;
        channel.describe(() => {
          for (const text of frames.texts) channel.send('repeated', text);
        });
        const { close } = frames;
        if (!close) continue;
        channel.flush();
        const { code, reason } = close;
        this.#connection.finish(
          new ClosingHandshake(socket, { closeCode: code as CloseCode, message: reason }),
        );
      } catch (error) {
        if (!this.#end) this.#lost(error);
        return;
      }
    }
  }

  /** Where the other process lives, the session goes on: the client can resume it. */
  #lost(error: unknown): void {
    const isThere = this.#elsewhere.isAlive(this.#processId);
    this.#connection.fail(isThere ? restarting() : RelayError.from(error));
  }
}
