import { randomUUID } from 'node:crypto';
import type { AuthRequest, Principal } from '../../access/authentication.js';
import type { LimitedMessage } from '../../limits/rate-limiter.js';
import { closing, RelayError } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Drainable } from '../../relay/shutdown.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { admitRequest } from '../authentication/client-request.js';
import type { ResolvedConnectionOptions } from '../options.js';
import type { Backlog, ChannelOwner } from '../rpc/client-channel.js';
import { Dispatcher } from '../rpc/dispatcher.js';
import { RateLimitGate } from '../rpc/rate-limit-gate.js';
import { RpcHandler } from '../rpc/rpc-handler.js';
import { type HandshakeRequest, offeredProtocols, speaksOurs } from '../wire/handshake.js';
import { parseMessage, type RpcId, RpcRefusal } from '../wire/json-rpc.js';
import { AuthenticationPhase, type QueuedMessage, readQueued } from './authentication-phase.js';
import { ClosingHandshake } from './closing-handshake.js';
import { Heartbeat } from './heartbeat.js';
import { SessionDeadline } from './session-deadline.js';
import type { ConnectionHandle, RelaySocket } from './socket.js';
import { SocketChannel } from './socket-channel.js';
import { answerTooLong, isAnswer, tooLong } from './too-long.js';

/** As `acceptConnection`, with options that its transport has resolved once for all connections. */
export function serveConnection<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  request: HandshakeRequest,
  options: ResolvedConnectionOptions,
): ConnectionHandle {
  return new Connection(relay, socket, request, options);
}

function noop(): void {}

/** `randomUUID` returns a rope of twenty strings, half a KiB for as long as it is referenced; this flattens it. */
function makeConnectionId(): string {
  return Buffer.from(randomUUID()).toString('latin1');
}

/** The close code of a connection without a close frame (RFC 6455 § 7.4.1). */
const NO_CLOSE_FRAME = 1006;

/** The life of one WebSocket: opening, authentication, messages, end. */
class Connection<P extends Principal> implements ConnectionHandle, Drainable, ChannelOwner {
  readonly #id = makeConnectionId();
  readonly #relay: SfuRelay<P>;
  readonly #socket: RelaySocket;
  readonly #options: ResolvedConnectionOptions;
  readonly #channel: SocketChannel;
  readonly #dispatcher: Dispatcher<P>;
  readonly #heartbeat: Heartbeat;
  readonly #deadline: SessionDeadline;
  #request: HandshakeRequest;
  /** Until the client is authenticated. */
  #authentication: AuthenticationPhase<P> | undefined;
  /** Once `onConnect` has let it pass. */
  #connectRequest: AuthRequest | undefined;
  /** Once the client is authenticated. */
  #handler: RpcHandler<P> | undefined;
  /** Nothing is received or sent any more. */
  #hasEnded = false;
  /** Once the relay has sent the first close frame. */
  #closing: ClosingHandshake | undefined;
  /** The socket has closed. */
  #isClosed = false;
  /** Resolves a `drain` that waits for that. */
  #onClosed = noop;
  /** Frees the connection's place among those of its address. */
  #releaseAddress = noop;

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
    this.#channel = new SocketChannel(socket, options, relay.counters, (error) => this.#sendFailed(error));
    const { rateLimiter } = relay;
    const gate = rateLimiter && new RateLimitGate(rateLimiter, options.maxQueuedMessages, this);
    this.#dispatcher = new Dispatcher(this, this.#channel, gate);
    relay.counters.connectionsOpened.add();
    relay.attach(this);
    this.#heartbeat = new Heartbeat(socket, options.heartbeatIntervalMs, this);
    this.#deadline = new SessionDeadline(options, this);
    this.#deadline.awaitJoin();
    try {
      this.#authentication = this.#open();
    } catch (error) {
      this.fail(RelayError.from(error));
    }
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What the rate limiter is told of a message. */
  describe(method: string): LimitedMessage {
    const { remoteAddress } = this.#request;
    const { client, served } = this.#handler ?? {};
    const roomId = served?.session?.roomId;
    return { method, connectionId: this.#id, remoteAddress, userId: client?.userId, roomId };
  }

  receive(text: string): void {
    if (this.#hasEnded) return;
    this.#heartbeat.heard();
    const { maxMessageBytes } = this.#options;
    const { received, receivedBytes } = this.#relay.counters;
    const bytes = Buffer.byteLength(text);
    receivedBytes.add(bytes);
    if (bytes > maxMessageBytes) {
      if (!isAnswer(text)) this.fail(tooLong(maxMessageBytes));
      else if (!this.#handler?.served.askToRejoin(1)) this.fail(answerTooLong(maxMessageBytes));
      return;
    }
    const message = parseMessage(text);
    received.add(message instanceof RpcRefusal ? 'invalid' : message.method);
    if (message instanceof RpcRefusal) this.#dispatcher.refuse(message);
    else if (this.#handler) this.#dispatcher.dispatch(message, bytes, this.#handler);
    else this.#authentication?.receive(message, text, bytes);
  }

  receiveBinary(): void {
    if (this.#hasEnded) return;
    this.#heartbeat.heard();
    this.#relay.counters.received.add('invalid');
    const error = new RelayError('ERR_RELAY_INVALID_REQUEST', 'Send text frames, not binary ones.');
    this.#dispatcher.refuse(new RpcRefusal(null, error));
  }

  pong(): void {
    this.#heartbeat.heard();
  }

  pinged(): void {
    if (!this.#hasEnded) this.#channel.check();
  }

  closed(code = NO_CLOSE_FRAME, reason = ''): void {
    this.#end();
    this.#closing?.end();
    this.#relay.detach(this);
    this.#releaseAddress();
    void this.#handler?.leave();
    this.#isClosed = true;
    this.#onClosed();
    const { client, relay } = this.#relay.counters.connectionsClosed;
    const frame = this.#closing ?? { code, reason };
    (this.#closing ? relay : client).add(String(frame.code));
    if (!this.#connectRequest) return;
    this.#relay.hooks.tell('onClose', {
      request: this.#connectRequest,
      principal: this.#handler?.client.principal,
      code: frame.code,
      reason: frame.reason,
    });
  }

  connectAllowed(request: AuthRequest): void {
    this.#connectRequest = request;
  }

  /** `asked` is the message that brought the token, if the handshake did not. */
  authenticated(
    client: AuthenticatedClient<P>,
    waiting: readonly QueuedMessage[],
    asked: QueuedMessage | undefined,
  ): void {
    if (this.#hasEnded) return;
    const handler = new RpcHandler(this.#relay, client, this.#channel, this);
    this.#handler = handler;
    this.#authentication = undefined;
    for (const queued of waiting) {
      if (queued !== asked || queued.method !== 'authenticate')
        this.#dispatcher.dispatch(readQueued(queued), queued.bytes, handler);
      else if (queued.id !== undefined)
        this.#channel.sendResult(queued.id, { userId: client.userId ?? null }, queued.method);
    }
  }

  authenticationFailed(error: RelayError, asked: QueuedMessage | undefined): void {
    if (asked?.id !== undefined) this.#channel.sendError(asked.id, error);
    this.fail(error);
  }

  notQueued(refusal: RpcRefusal): void {
    this.#dispatcher.refuse(refusal);
  }

  refuse(id: RpcId | undefined, method: string, error: unknown): void {
    const failure = RelayError.from(error);
    const fields = { err: error, method, remoteAddress: this.#request.remoteAddress };
    if (failure.code === 'ERR_RELAY_INTERNAL') this.#relay.logger.error(fields, 'A message failed');
    else this.#relay.logger.debug(fields, 'A message was refused');
    this.#channel.sendError(id ?? null, failure, method);
  }

  joining(): void {
    this.#deadline.pause();
  }

  sessionChanged(method: string): void {
    if (this.#handler?.served.session) this.#deadline.joined();
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

  /** Closes the connection because of a fault of its client. */
  fail(error: RelayError): void {
    const { remoteAddress } = this.#request;
    this.#relay.logger.info({ err: error, remoteAddress }, 'A connection is closed');
    this.#close(error);
  }

  onBeat(): void {
    this.#channel.check();
  }

  async drain(): Promise<void> {
    if (!this.#hasEnded) {
      this.#channel.notify('goaway', {
        reason: 'The relay is closing.',
        reconnectAfterMs: Math.round(Math.random() * 2_000),
      });
      const error = closing();
      await this.#handler?.leave({ by: 'relay', error });
      this.#close(error);
    }
    if (!this.#isClosed)
      await new Promise<void>((resolve) => {
        this.#onClosed = resolve;
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
    this.#releaseAddress = this.#relay.addresses.add(this.#request.remoteAddress);
    const { maxQueuedMessages } = this.#options;
    return new AuthenticationPhase(this.#relay, this.#request, this.#id, maxQueuedMessages, this);
  }

  #sendFailed(error: unknown): void {
    if (error instanceof RelayError) {
      this.fail(RelayError.from(error));
      return;
    }
    this.#relay.logger.warn({ err: error }, 'A socket failed while sending');
    this.terminate();
  }

  #close(error: RelayError | undefined): void {
    if (error && !this.#hasEnded) this.#channel.sendFinalError(error);
    this.#channel.flush();
    if (this.#hasEnded) return;
    this.#end();
    this.#closing = new ClosingHandshake(this.#socket, error);
    // The session does not wait for the client's close frame.
    void this.#handler?.leave();
    this.#closing.begin();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#channel.stop();
    this.#handler?.dispose();
    this.#deadline.stop();
    this.#heartbeat.stop();
    this.#authentication?.stop();
  }
}
