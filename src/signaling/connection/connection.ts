import { randomUUID } from 'node:crypto';
import type { AuthRequest, Principal } from '../../access/authentication.js';
import type { LimitedMessage } from '../../limits/rate-limiter.js';
import { CloseCode } from '../../protocol/close-code.js';
import { closing, RelayError } from '../../protocol/errors.js';
import type { RelayNotifications } from '../../protocol/messages.js';
import type { Target } from '../../protocol/types.js';
import type { Attachment, SfuRelay } from '../../relay/relay.js';
import type { SentMessage } from '../../telemetry/relay-counters.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { admitRequest } from '../authentication/client-request.js';
import {
  type ConnectionOptions,
  type ResolvedConnectionOptions,
  resolveConnectionOptions,
} from '../options.js';
import { Dispatcher } from '../rpc/dispatcher.js';
import { RateLimitGate } from '../rpc/rate-limit-gate.js';
import { type Backlog, type ClientChannel, RpcHandler } from '../rpc/rpc-handler.js';
import { encodeMessage } from '../wire/encode-once.js';
import { type HandshakeRequest, offeredProtocols, speaksOurs } from '../wire/handshake.js';
import {
  encodeError,
  encodeFinalError,
  encodeNotification,
  encodeResult,
  encodeTrickle,
  parseMessage,
  type RpcId,
  RpcRefusal,
} from '../wire/json-rpc.js';
import { checkAccepted } from './accepted.js';
import { AuthenticationPhase, type QueuedMessage, readQueued } from './authentication-phase.js';
import { Heartbeat } from './heartbeat.js';
import { SendBuffer } from './send-buffer.js';
import { SessionDeadline } from './session-deadline.js';
import { closeReason, type RelaySocket } from './socket.js';
import { answerTooLong, isAnswer, tooLong } from './too-long.js';

export type { ConnectionOptions } from '../options.js';

/**
 * What the transport tells the relay of its socket. Nothing here throws.
 * @category Transport
 */
export interface ConnectionHandle {
  /** A text frame came. */
  receive(text: string): void;
  /** A binary frame came: refused. */
  receiveBinary(): void;
  /** A pong frame came. */
  pong(): void;
  /**
   * A ping frame came, and the transport answers it. Pongs that the client does not read count as what waits for it.
   * A transport that bounds them itself need not call this.
   */
  pinged(): void;
  /**
   * The socket has closed; called once, as the last. `code` and `reason` are those of the client's close frame; 1006
   * where there was none.
   */
  closed(code?: number, reason?: string): void;
}

/**
 * The core's own door: serves a client on a socket of any transport. `sfu-relay/ws` is one, in a few lines.
 * @category Transport
 */
export function acceptConnection<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  request: HandshakeRequest,
  options: ConnectionOptions = {},
): ConnectionHandle {
  checkAccepted(relay, socket, request);
  return serveConnection(relay, socket, request, resolveConnectionOptions('acceptConnection', options));
}

/** As `acceptConnection`, by options that are resolved once for all connections of a transport. */
export function serveConnection<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  request: HandshakeRequest,
  options: ResolvedConnectionOptions,
): ConnectionHandle {
  return new Connection(relay, socket, request, options);
}

function noop(): void {}

/** As it comes from `randomUUID` it is a rope of twenty pieces, which takes half a KiB for as long as it is held. */
function makeConnectionId(): string {
  return Buffer.from(randomUUID()).toString('latin1');
}

/** RFC 6455 § 7.4.1. */
const NO_CLOSE_FRAME = 1006;

/** ms that a client has for its part of the closing handshake. */
const CLOSING_TIMEOUT_MS = 5_000;

/** One client: its socket, who it is, and the session that it takes part by. */
class Connection<P extends Principal> implements ConnectionHandle, Attachment, ClientChannel {
  readonly #relay: SfuRelay<P>;
  readonly #socket: RelaySocket;
  readonly #sendBuffer: SendBuffer;
  #request: HandshakeRequest;
  readonly #options: ResolvedConnectionOptions;
  readonly #heartbeat: Heartbeat;
  readonly #deadline: SessionDeadline;
  #closing: NodeJS.Timeout | undefined;
  /** Nothing is read or sent any more. */
  #ended = false;
  /** The socket has closed. */
  #isGone = false;
  /** Who waits for that. */
  #onGone = noop;

  readonly #id = makeConnectionId();
  #authentication: AuthenticationPhase<P> | undefined;
  /** What `onConnect` let in. */
  #connectRequest: AuthRequest | undefined;
  #handler: RpcHandler<P> | undefined;
  readonly #dispatcher: Dispatcher<P>;
  /** Counts it no longer among its address' connections. */
  #uncount = noop;
  /** The close frame of this side, where it was the first. */
  #sentClose: { code: number; reason: string } | undefined;

  constructor(
    relay: SfuRelay<P>,
    socket: RelaySocket,
    request: HandshakeRequest,
    options: ResolvedConnectionOptions,
  ) {
    this.#relay = relay;
    this.#socket = socket;
    this.#request = request;
    this.#options = options;
    this.#sendBuffer = new SendBuffer(socket, options, (error) => this.#sendFailed(error));
    const { rateLimiter } = relay;
    const gate = rateLimiter && new RateLimitGate(rateLimiter, options.maxQueuedMessages, this);
    this.#dispatcher = new Dispatcher(this, gate);
    relay.counters.connectionsOpened.add();
    relay.attach(this);
    this.#heartbeat = new Heartbeat(socket, options.heartbeatIntervalMs, this);
    this.#deadline = new SessionDeadline(options, this);
    this.#deadline.awaitJoin();
    try {
      this.#authentication = this.#open();
    } catch (error) {
      this.#fail(RelayError.from(error));
    }
  }

  receive(text: string): void {
    if (this.#ended) return;
    this.#heartbeat.heard();
    const { maxMessageBytes } = this.#options;
    const { received, receivedBytes } = this.#relay.counters;
    const bytes = Buffer.byteLength(text);
    receivedBytes.add(bytes);
    if (bytes > maxMessageBytes) {
      if (!isAnswer(text)) this.#fail(tooLong(maxMessageBytes));
      else if (!this.#handler?.replacePeer()) this.#fail(answerTooLong(maxMessageBytes));
      return;
    }
    const message = parseMessage(text);
    received.add(message instanceof RpcRefusal ? 'invalid' : message.method);
    if (message instanceof RpcRefusal) this.#dispatcher.refuse(message);
    else if (this.#handler) this.#dispatcher.dispatch(message, bytes, this.#handler);
    else this.#authentication?.receive(message, text, bytes);
  }

  receiveBinary(): void {
    if (this.#ended) return;
    this.#heartbeat.heard();
    this.#relay.counters.received.add('invalid');
    const error = new RelayError('ERR_RELAY_INVALID_REQUEST', 'Send text frames, not binary ones.');
    this.#dispatcher.refuse(new RpcRefusal(null, error));
  }

  pong(): void {
    this.#heartbeat.heard();
  }

  pinged(): void {
    if (!this.#ended) this.#sendBuffer.check();
  }

  closed(code = NO_CLOSE_FRAME, reason = ''): void {
    this.#end();
    clearTimeout(this.#closing);
    this.#relay.detach(this);
    this.#uncount();
    void this.#handler?.leave();
    this.#isGone = true;
    this.#onGone();
    const { client, relay } = this.#relay.counters.connectionsClosed;
    if (this.#sentClose) relay.add(String(this.#sentClose.code));
    else client.add(String(code));
    if (!this.#connectRequest) return;
    const principal = this.#handler?.client.principal;
    this.#relay.hooks.tell('onClose', {
      request: this.#connectRequest,
      principal,
      ...(this.#sentClose ?? { code, reason }),
    });
  }

  describe(method: string): LimitedMessage {
    const { remoteAddress } = this.#request;
    const { client, roomId } = this.#handler ?? {};
    return { method, connectionId: this.#id, remoteAddress, userId: client?.userId, roomId };
  }

  get maxMessageBytes(): number {
    return this.#options.maxMessageBytes;
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

  get hasEnded(): boolean {
    return this.#ended;
  }

  sendResult(id: RpcId, result: object, method: string): void {
    // A client that is behind with its reading misses figures, and nothing else.
    this.#send('result', encodeResult(id, result), method === 'stats');
  }

  refuse(id: RpcId | undefined, method: string, error: unknown): void {
    const failure = RelayError.from(error);
    const fields = { err: error, method, remoteAddress: this.#request.remoteAddress };
    if (failure.code === 'ERR_RELAY_INTERNAL') this.#relay.logger.error(fields, 'A message failed');
    else this.#relay.logger.debug(fields, 'A message was refused');
    this.sendError(id ?? null, failure, method);
  }

  sendError(id: RpcId | null, error: RelayError, method?: string): void {
    this.#relay.counters.refused.add(error.code);
    this.#send('error', encodeError(id, error, method));
  }

  joining(): void {
    this.#deadline.pause();
  }

  sessionChanged(method: string): void {
    if (this.#handler?.isJoined) this.#deadline.joined();
    else if (this.#handler?.isJoining) return;
    else if (method === 'leave') this.#deadline.left();
    else this.#deadline.awaitJoin();
  }

  end(error: RelayError | undefined): void {
    this.#close(error);
  }

  replaced(): Backlog {
    this.#close(new RelayError('ERR_RELAY_REPLACED', 'Another connection serves the session now.'));
    return [];
  }

  onFlood(error: RelayError): void {
    this.#fail(error);
  }

  onLate(error: RelayError): void {
    this.#fail(error);
  }

  onBeat(): void {
    this.#sendBuffer.check();
  }

  onDead(): void {
    this.terminate();
  }

  async drain(): Promise<void> {
    if (!this.#ended) {
      this.notify('goaway', {
        reason: 'The relay is closing.',
        reconnectAfterMs: Math.round(Math.random() * 2_000),
      });
      const error = closing();
      await this.#handler?.leave({ by: 'relay', error });
      this.#close(error);
    }
    if (!this.#isGone)
      await new Promise<void>((resolve) => {
        this.#onGone = resolve;
      });
  }

  terminate(): void {
    this.#end();
    this.#socket.terminate();
  }

  #open(): AuthenticationPhase<P> {
    if (this.#relay.isClosing) throw closing();
    if (!speaksOurs(offeredProtocols(this.#request)))
      throw new RelayError('ERR_RELAY_SUBPROTOCOL', 'Offer the subprotocol sfu-relay.v1, or none.');
    this.#request = admitRequest(this.#request, this.#options);
    this.#uncount = this.#relay.addresses.add(this.#request.remoteAddress);
    return new AuthenticationPhase(this.#relay, this.#request, {
      connectionId: this.#id,
      maxQueuedMessages: this.#options.maxQueuedMessages,
      onConnectAllowed: (request) => {
        this.#connectRequest = request;
      },
      onAuthenticated: (client, waiting, asked) => this.#authenticated(client, waiting, asked),
      onRefused: (error, first) => this.#refused(error, first),
      onInvalid: (refusal) => this.#dispatcher.refuse(refusal),
    });
  }

  #authenticated(
    client: AuthenticatedClient<P>,
    waiting: readonly QueuedMessage[],
    asked: QueuedMessage | undefined,
  ): void {
    if (this.#ended) return;
    const handler = new RpcHandler(this.#relay, client, this);
    this.#handler = handler;
    this.#authentication = undefined;
    for (const queued of waiting) {
      if (queued === asked && queued.method === 'authenticate') this.#answerAuthenticate(queued, handler);
      else this.#dispatcher.dispatch(readQueued(queued), queued.bytes, handler);
    }
  }

  #refused(error: RelayError, first: QueuedMessage | undefined): void {
    if (first?.id !== undefined) this.sendError(first.id, error);
    this.#fail(error);
  }

  #answerAuthenticate({ id }: QueuedMessage, handler: RpcHandler<P>): void {
    const { userId = null } = handler.client;
    if (id !== undefined) this.#send('result', encodeResult(id, { userId }));
  }

  #send(what: SentMessage, text: string, mayDrop = false, bytes = Buffer.byteLength(text)): void {
    const { sent, sentBytes, dropped } = this.#relay.counters;
    if (this.#sendBuffer.send(text, mayDrop, bytes)) {
      sent.add(what);
      sentBytes.add(bytes);
    } else if (mayDrop && !this.#ended) dropped.add(what);
  }

  #sendFailed(error: unknown): void {
    if (error instanceof RelayError) {
      this.#fail(RelayError.from(error));
      return;
    }
    this.#relay.logger.warn({ err: error }, 'A socket failed while sending');
    this.terminate();
  }

  #fail(error: RelayError): void {
    this.#relay.logger.info(
      { err: error, remoteAddress: this.#request.remoteAddress },
      'A connection is closed',
    );
    this.#close(error);
  }

  #close(error: RelayError | undefined): void {
    if (error && !this.#ended) this.#send('error', encodeFinalError(error));
    this.#sendBuffer.endTurn();
    if (this.#ended) return;
    this.#end();
    const code = error?.closeCode ?? CloseCode.Normal;
    const reason = closeReason(error?.message ?? 'The session was closed.');
    this.#sentClose = { code, reason };
    // The session ends also where the client never answers, and the socket where it never reads.
    this.#closing = setTimeout(() => this.#socket.terminate(), CLOSING_TIMEOUT_MS);
    void this.#handler?.leave();
    try {
      this.#socket.close(code, reason);
    } catch {
      this.#socket.terminate();
    }
  }

  /** Nothing is heard or said from now on. */
  #end(): void {
    this.#ended = true;
    this.#sendBuffer.stop();
    this.#handler?.dispose();
    this.#deadline.stop();
    this.#heartbeat.stop();
    this.#authentication?.stop();
  }
}
