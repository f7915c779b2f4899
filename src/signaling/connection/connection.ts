import type { AuthRequest, Principal } from '../../access/authentication.js';
import { closing, RelayError, type RelayErrorCode } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Drainable } from '../../relay/shutdown.js';
import { noop } from '../../util/noop.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { admitRequest } from '../authentication/client-request.js';
import { type ForwardedConnection, forwardOf } from '../forwarding/forwarded-connection.js';
import type { ResolvedConnectionOptions } from '../options.js';
import { ClosingHandshake } from '../socket/closing-handshake.js';
import { encodeGoaway, restarting } from '../socket/goaway.js';
import type { ConnectionHandle, RelaySocket } from '../socket/socket.js';
import { SocketChannel } from '../socket/socket-channel.js';
import { checkProtocol, type HandshakeRequest } from '../wire/handshake.js';
import { parseMessage, type RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import { isCounted } from '../wire/methods.js';
import { AuthenticationPhase, type QueuedMessage, readQueued, textOf } from './authentication-phase.js';
import { nothingNew } from './client-frames.js';
import { ClientLink } from './client-link.js';
import { lossByClient, lossByRelay, makeConnectionId, NO_CLOSE_FRAME, TOO_BIG } from './connection-loss.js';
import { Heartbeat } from './heartbeat.js';
import { answerTooLong, binaryFrame, isAnswer, tooLong } from './message-length.js';
import { SessionDeadline } from './session-deadline.js';

/** The life of one WebSocket: opening, authentication, messages, end. */
export class Connection<P extends Principal> implements ConnectionHandle, Drainable {
  readonly id = makeConnectionId();
  readonly channel: SocketChannel;
  readonly options: ResolvedConnectionOptions;
  readonly #relay: SfuRelay<P>;
  readonly socket: RelaySocket;
  readonly #heartbeat: Heartbeat;
  readonly #deadline: SessionDeadline;
  #request: HandshakeRequest;
  /** Until the client is authenticated. */
  #authentication: AuthenticationPhase<P> | undefined;
  /** Once `onConnect` has let it pass. */
  #connectRequest: AuthRequest | undefined;
  /** Serves the client; another one after `resume`. */
  #link: ClientLink<P>;
  /** Where another process serves the client. */
  #forwarded: ForwardedConnection<P> | undefined;
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
    client?: AuthenticatedClient<P>,
  ) {
    this.#relay = relay;
    this.socket = socket;
    this.#request = request;
    this.options = options;
    this.channel = new SocketChannel(socket, options, relay.counters, (error) => this.#sendFailed(error));
    this.#link = new ClientLink<P>(relay, this, options);
    relay.counters.connectionsOpened.add();
    relay.attach(this);
    this.#heartbeat = new Heartbeat(socket, options.heartbeatIntervalMs, this);
    this.#deadline = new SessionDeadline(options, this);
    this.#deadline.awaitJoin();
    try {
      if (client) this.#link.authenticated(client);
      else this.#authentication = this.#open();
      // The client attaches, which its own process has let pass.
      if (client) this.#link.gate?.prepay('attach');
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
    const { maxMessageBytes } = this.options;
    const { received, receivedBytes } = this.#relay.counters;
    const bytes = Buffer.byteLength(text);
    receivedBytes.add(bytes);
    const link = this.#link;
    if (bytes > maxMessageBytes) {
      (this.#forwarded ?? link.frames).count(bytes);
      if (!isAnswer(text)) this.fail(tooLong(maxMessageBytes));
      else if (!link.handler?.served.askToRejoin(1)) this.fail(answerTooLong(maxMessageBytes));
      return;
    }
    if (this.#forwarded) {
      this.#forwarded.receive(text);
      return;
    }
    const message = parseMessage(text);
    if (message.method === undefined || isCounted(message.method)) link.frames.count(bytes);
    received.add(message instanceof RpcRefusal ? 'invalid' : message.method);
    if (message instanceof RpcRefusal) link.refuseMessage(message);
    else if (message.method === 'ack') this.#acknowledged(message);
    else if (link.handler) this.#dispatch(message, text, bytes);
    else this.#authentication?.receive(message, text, bytes);
  }

  receiveBinary(): void {
    if (this.#hasEnded) return;
    this.#heartbeat.heard();
    this.#relay.counters.received.add('invalid');
    (this.#forwarded ?? this.#link.frames).count(0);
    if (!this.#forwarded) this.#link.refuseMessage(binaryFrame());
  }

  pong(): void {
    this.#heartbeat.heard();
  }

  pinged(): void {
    if (!this.#hasEnded) this.channel.check();
  }

  closed(code = NO_CLOSE_FRAME, reason = ''): void {
    // The transport has refused a frame for its length: the client need not send it again.
    if (code === TOO_BIG && !this.#hasEnded) (this.#forwarded ?? this.#link.frames).count(0);
    this.#end(lossByClient(code));
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
        this.#dispatch(readQueued(queued), textOf(queued), queued.bytes);
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

  notForwarded(error: RelayError, [attach = '', ...waiting]: readonly string[]): void {
    const { id, method } = parseMessage(attach);
    this.#forwarded = undefined;
    this.#link.refuse(id ?? undefined, method ?? '', error);
    this.sessionChanged('attach', error.retryAfterMs);
    for (const text of waiting) this.receive(text);
  }

  /** Another process, which serves the client, has closed the connection. */
  finish(closing: ClosingHandshake): void {
    if (!this.#hasEnded) this.#beginClosing(closing, undefined);
  }

  sessionChanged(method: string, retryAfterMs: number | undefined): void {
    const { handler } = this.#link;
    if (handler?.served.session || this.#forwarded) this.#deadline.joined();
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
    if (!this.#hasEnded && (this.#link.canMove || this.#forwarded)) this.#close(restarting());
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
    this.socket.terminate();
  }

  #open(): AuthenticationPhase<P> {
    if (this.#relay.isClosing) throw closing();
    checkProtocol(this.#request);
    this.#request = admitRequest(this.#request, this.options);
    const refuse = (error: RelayError) => this.fail(error);
    this.#releaseAddress = this.#relay.addresses.add(this.#request.remoteAddress, refuse);
    const { maxQueuedMessages } = this.options;
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
    if (!this.#link.frames.acknowledged(params.received)) this.#link.refuseMessage(nothingNew());
  }

  #dispatch(message: RpcMessage, text: string, bytes: number): void {
    this.#forwarded ??= forwardOf(this.#relay, this, this.#link, message);
    if (this.#forwarded) this.#forwarded.receive(text);
    else this.#link.dispatch(message, bytes);
  }

  #close(error: RelayError | undefined): void {
    if (error && !this.#hasEnded) this.channel.sendFinalError(error);
    this.channel.flush();
    if (this.#hasEnded) return;
    this.#beginClosing(new ClosingHandshake(this.socket, error), lossByRelay(error), error?.code);
  }

  #beginClosing(closing: ClosingHandshake, reason: string | undefined, code?: RelayErrorCode): void {
    this.#closing = closing;
    // The session does not wait for the client's close frame.
    this.#end(reason, code);
    closing.begin();
  }

  /** @param reason why a session may go on without the connection; undefined if it ends */
  #end(reason: string | undefined, code?: RelayErrorCode): void {
    this.#hasEnded = true;
    this.channel.stop();
    this.#deadline.stop();
    this.#heartbeat.stop();
    this.#authentication?.stop();
    this.#forwarded?.end(reason === undefined);
    this.#link.lost(this, reason, code);
  }
}
