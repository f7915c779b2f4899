import { randomUUID } from 'node:crypto';
import type { AuthRequest, Principal } from '../../access/authentication.js';
import { CloseCode } from '../../protocol/close-code.js';
import { closing, invalidParams, RelayError, type RelayErrorCode } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Drainable } from '../../relay/shutdown.js';
import { noop } from '../../util/noop.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { admitRequest } from '../authentication/client-request.js';
import type { ResolvedConnectionOptions } from '../options.js';
import { type HandshakeRequest, offeredProtocols, speaksOurs } from '../wire/handshake.js';
import { parseMessage, type RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import { isCounted } from '../wire/methods.js';
import { AuthenticationPhase, type QueuedMessage, readQueued } from './authentication-phase.js';
import { ClientLink } from './client-link.js';
import { ClosingHandshake } from './closing-handshake.js';
import { encodeGoaway, restarting } from './goaway.js';
import { Heartbeat } from './heartbeat.js';
import { answerTooLong, isAnswer, tooLong } from './message-length.js';
import { SessionDeadline } from './session-deadline.js';
import type { ConnectionHandle, RelaySocket } from './socket.js';
import { SocketChannel } from './socket-channel.js';

/** As `acceptConnection`, with options that its transport has resolved once for all connections. */
export function serveConnection<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  request: HandshakeRequest,
  options: ResolvedConnectionOptions,
): ConnectionHandle {
  return new Connection(relay, socket, request, options);
}

/** `randomUUID` returns a rope of twenty strings, half a KiB for as long as it is referenced; this flattens it. */
function makeConnectionId(): string {
  return Buffer.from(randomUUID()).toString('latin1');
}

/** The close code of a connection without a close frame (RFC 6455 § 7.4.1). */
const NO_CLOSE_FRAME = 1006;
/** The transport's close code for a frame that is too long. */
const TOO_BIG = 1009;

/** Of a client: it has ended, or its page. */
const ENDS_SESSION: readonly number[] = [CloseCode.Normal, CloseCode.GoingAway];

/** Faults that end a connection, but no session whose client can resume it. */
const SURVIVED = new Set(['ERR_RELAY_SLOW_CONSUMER', 'ERR_RELAY_TOO_LARGE', 'ERR_RELAY_RESTART']);

/** The life of one WebSocket: opening, authentication, messages, end. */
class Connection<P extends Principal> implements ConnectionHandle, Drainable {
  readonly id = makeConnectionId();
  readonly channel: SocketChannel;
  readonly #relay: SfuRelay<P>;
  readonly #socket: RelaySocket;
  readonly #options: ResolvedConnectionOptions;
  readonly #heartbeat: Heartbeat;
  readonly #deadline: SessionDeadline;
  #request: HandshakeRequest;
  /** Until the client is authenticated. */
  #authentication: AuthenticationPhase<P> | undefined;
  /** Once `onConnect` has let it pass. */
  #connectRequest: AuthRequest | undefined;
  /** Serves the client; another one after `resume`. */
  #link: ClientLink<P>;
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
    this.channel = new SocketChannel(socket, options, relay.counters, (error) => this.#sendFailed(error));
    this.#link = new ClientLink<P>(relay, this, options);
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

  get remoteAddress(): string | undefined {
    return this.#request.remoteAddress;
  }

  receive(text: string): void {
    if (this.#hasEnded) return;
    this.#heartbeat.heard();
    const { maxMessageBytes } = this.#options;
    const { received, receivedBytes } = this.#relay.counters;
    const bytes = Buffer.byteLength(text);
    receivedBytes.add(bytes);
    const link = this.#link;
    if (bytes > maxMessageBytes) {
      link.frames.count(bytes);
      if (!isAnswer(text)) this.fail(tooLong(maxMessageBytes));
      else if (!link.handler?.served.askToRejoin(1)) this.fail(answerTooLong(maxMessageBytes));
      return;
    }
    const message = parseMessage(text);
    if (message.method === undefined || isCounted(message.method)) link.frames.count(bytes);
    received.add(message instanceof RpcRefusal ? 'invalid' : message.method);
    if (message instanceof RpcRefusal) link.refuseMessage(message);
    else if (message.method === 'ack') this.#acknowledged(message);
    else if (link.handler) link.dispatch(message, bytes);
    else this.#authentication?.receive(message, text, bytes);
  }

  receiveBinary(): void {
    if (this.#hasEnded) return;
    this.#heartbeat.heard();
    this.#relay.counters.received.add('invalid');
    this.#link.frames.count(0);
    const error = new RelayError('ERR_RELAY_INVALID_REQUEST', 'Send text frames, not binary ones.');
    this.#link.refuseMessage(new RpcRefusal(null, error));
  }

  pong(): void {
    this.#heartbeat.heard();
  }

  pinged(): void {
    if (!this.#hasEnded) this.channel.check();
  }

  closed(code = NO_CLOSE_FRAME, reason = ''): void {
    // The transport has refused a frame for its length: the client need not send it again.
    if (code === TOO_BIG && !this.#hasEnded) this.#link.frames.count(0);
    this.#end(ENDS_SESSION.includes(code) ? undefined : `The connection has closed with ${code}.`);
    this.#closing?.end();
    this.#relay.detach(this);
    this.#releaseAddress();
    this.#isClosed = true;
    this.#onClosed();
    const { client, relay } = this.#relay.counters.connectionsClosed;
    const frame = this.#closing ?? { code, reason };
    (this.#closing ? relay : client).add(String(frame.code));
    if (!this.#connectRequest) return;
    this.#relay.hooks.tell('onClose', {
      request: this.#connectRequest,
      principal: this.#link.handler?.client.principal,
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
    this.#link.authenticated(client);
    this.#authentication = undefined;
    for (const queued of waiting) {
      if (queued !== asked || queued.method !== 'authenticate')
        this.#link.dispatch(readQueued(queued), queued.bytes);
      else if (queued.id !== undefined)
        this.#link.channel.sendResult(queued.id, { userId: client.userId ?? null }, queued.method);
    }
  }

  authenticationFailed(error: RelayError, asked: QueuedMessage | undefined): void {
    if (asked?.id !== undefined) this.#link.channel.sendError(asked.id, error);
    this.fail(error);
  }

  notQueued(refusal: RpcRefusal): void {
    this.#link.refuseMessage(refusal);
  }

  joining(): void {
    this.#deadline.pause();
  }

  sessionChanged(method: string, retryAfterMs: number | undefined): void {
    const { handler } = this.#link;
    if (handler?.served.session) this.#deadline.joined();
    else if (handler?.isJoining) return;
    else if (method === 'leave') this.#deadline.left();
    else this.#deadline.awaitJoin(retryAfterMs);
  }

  adopt(link: ClientLink<P>): void {
    this.#link = link;
    this.#deadline.joined();
  }

  end(error: RelayError | undefined): void {
    this.#close(error);
  }

  /** Closes the connection because of a fault of its client. */
  fail(error: RelayError): void {
    const { remoteAddress } = this.#request;
    this.#relay.logger.info({ err: error, remoteAddress }, 'A connection is closed');
    this.#close(error);
  }

  onBeat(): void {
    this.channel.check();
    this.#link.frames.acknowledge();
  }

  async drain(): Promise<void> {
    if (!this.#hasEnded && this.#link.canMove) this.#close(restarting());
    if (!this.#hasEnded) {
      this.channel.send('goaway', encodeGoaway());
      const error = closing();
      await this.#link.handler?.leave({ by: 'relay', error });
      this.#close(error);
    }
    if (!this.#isClosed)
      await new Promise<void>((resolve) => {
        this.#onClosed = resolve;
      });
  }

  terminate(): void {
    this.#end('The client does not answer.');
    this.#socket.terminate();
  }

  #open(): AuthenticationPhase<P> {
    if (this.#relay.isClosing) throw closing();
    if (!speaksOurs(offeredProtocols(this.#request)))
      throw new RelayError('ERR_RELAY_SUBPROTOCOL', 'Offer the subprotocol sfu-relay.v1, or none.');
    this.#request = admitRequest(this.#request, this.#options);
    const refuse = (error: RelayError) => this.fail(error);
    this.#releaseAddress = this.#relay.addresses.add(this.#request.remoteAddress, refuse);
    const { maxQueuedMessages } = this.#options;
    return new AuthenticationPhase(this.#relay, this.#request, this.id, maxQueuedMessages, this);
  }

  #sendFailed(error: unknown): void {
    if (error instanceof RelayError) {
      this.fail(RelayError.from(error));
      return;
    }
    this.#relay.logger.warn({ err: error }, 'A socket failed while sending');
    this.terminate();
  }

  #acknowledged({ params }: RpcMessage): void {
    if (!this.#link.frames.acknowledged(params.received))
      this.#link.refuseMessage(new RpcRefusal(null, nothingNew(), 'ack'));
  }

  #close(error: RelayError | undefined): void {
    if (error && !this.#hasEnded) this.channel.sendFinalError(error);
    this.channel.flush();
    if (this.#hasEnded) return;
    this.#closing = new ClosingHandshake(this.#socket, error);
    // The session does not wait for the client's close frame.
    this.#end(error && SURVIVED.has(error.code) ? error.message : undefined, error?.code);
    this.#closing.begin();
  }

  /** @param reason why a session may go on without the connection; undefined if it ends */
  #end(reason: string | undefined, code?: RelayErrorCode): void {
    this.#hasEnded = true;
    this.channel.stop();
    this.#deadline.stop();
    this.#heartbeat.stop();
    this.#authentication?.stop();
    this.#link.lost(this, reason, code);
  }
}

function nothingNew(): RelayError {
  return invalidParams(
    '"received" must be the number of frames received: more than last time, and no more than were sent.',
  );
}
