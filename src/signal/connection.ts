import type { Principal } from '../authentication.js';
import { CloseCode } from '../close-code.js';
import { RelayError } from '../errors.js';
import type { Attachment, SfuRelay } from '../relay.js';
import { admitRequest } from './client-request.js';
import { handshakeToken, offeredProtocols, speaksOurs } from './handshake.js';
import {
  encodeError,
  encodeNotification,
  encodeResult,
  parseMessage,
  type RpcMessage,
  RpcRefusal,
} from './jsonrpc.js';
import { encodeMessage } from './messaging.js';
import {
  type ConnectionOptions,
  type ResolvedConnectionOptions,
  resolveConnectionOptions,
} from './options.js';
import { Outbox } from './outbox.js';
import { Participation } from './participation.js';
import type { RelayNotifications } from './protocol.js';
import { closeReason, type HandshakeRequest, type RelaySocket } from './socket.js';
import { welcome } from './visitor.js';

export type { ConnectionOptions } from './options.js';

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
  /** The socket has closed; called once, as the last. */
  closed(): void;
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
  return new Connection(relay, socket, request, resolveConnectionOptions(options));
}

/** ms that a client has for its part of the closing handshake. */
const CLOSING_TIMEOUT_MS = 5_000;

/** One client: its socket, who it is, and the session that it takes part by. */
class Connection<P extends Principal> implements ConnectionHandle, Attachment {
  readonly #relay: SfuRelay<P>;
  readonly #socket: RelaySocket;
  readonly #outbox: Outbox;
  #request: HandshakeRequest;
  readonly #options: ResolvedConnectionOptions;
  readonly #detach: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #closing: NodeJS.Timeout | undefined;
  #handshakeTimer: NodeJS.Timeout | undefined;
  /** Pings since the client was last heard. */
  #silence = 0;
  /** Nothing is read or sent any more. */
  #ended = false;
  #resolveClosed = () => {};
  readonly #closed = new Promise<void>((resolve) => {
    this.#resolveClosed = resolve;
  });

  #authenticating = false;
  #queue: RpcMessage[] = [];
  #participation: Participation<P> | undefined;

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
    this.#outbox = new Outbox(socket, { ...options, onFailure: (error) => this.#sendFailed(error) });
    this.#detach = relay.attach(this);
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatIntervalMs);
    this.#watchHandshake();
    try {
      this.#admit();
    } catch (error) {
      this.#fail(RelayError.from(error));
    }
  }

  receive(text: string): void {
    if (this.#ended) return;
    this.#silence = 0;
    const { maxMessageBytes } = this.#options;
    // A code unit is at most three bytes: most messages need no counting.
    if (text.length * 3 > maxMessageBytes && Buffer.byteLength(text) > maxMessageBytes) {
      this.#fail(
        new RelayError('ERR_RELAY_TOO_LARGE', `The message is longer than ${maxMessageBytes} bytes.`),
      );
      return;
    }
    const message = parseMessage(text);
    if (message instanceof RpcRefusal) this.#send(encodeError(message.id, message.error, message.method));
    else if (this.#participation) this.#handle(message, this.#participation);
    else this.#handleUnauthenticated(message);
  }

  receiveBinary(): void {
    if (this.#ended) return;
    this.#silence = 0;
    this.#send(
      encodeError(null, new RelayError('ERR_RELAY_INVALID_REQUEST', 'Send text frames, not binary ones.')),
    );
  }

  pong(): void {
    this.#silence = 0;
  }

  closed(): void {
    this.#end();
    clearTimeout(this.#closing);
    this.#detach();
    void this.#participation?.leave();
    this.#resolveClosed();
  }

  async drain(): Promise<void> {
    if (!this.#ended) {
      this.#notify('goaway', {
        reason: 'The relay is closing.',
        reconnectAfterMs: Math.round(Math.random() * 2_000),
      });
      await this.#participation?.leave({ by: 'relay' });
      this.#close(CloseCode.GoingAway, 'The relay is closing.');
    }
    await this.#closed;
  }

  terminate(): void {
    this.#end();
    this.#socket.terminate();
  }

  #admit(): void {
    if (this.#relay.isClosing) throw new RelayError('ERR_RELAY_CLOSED', 'The relay is closing.');
    if (!speaksOurs(offeredProtocols(this.#request)))
      throw new RelayError('ERR_RELAY_SUBPROTOCOL', 'Offer the subprotocol sfu-relay.v1, or none.');
    this.#request = admitRequest(this.#request, this.#options);
    const token = handshakeToken(this.#request);
    if (token !== undefined) void this.#authenticate(token);
  }

  #handleUnauthenticated(message: RpcMessage): void {
    if (this.#queue.length >= this.#options.maxQueuedMessages) {
      this.#fail(new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages before authentication.'));
      return;
    }
    this.#queue.push(message);
    if (this.#authenticating) return;
    const { token } = message.params;
    const byRequest = message.method === 'authenticate' && typeof token === 'string';
    void this.#authenticate(byRequest ? token : undefined, message);
  }

  /** @param asked by which message, where the handshake had no token */
  async #authenticate(token: string | undefined, asked?: RpcMessage): Promise<void> {
    this.#authenticating = true;
    try {
      const visitor = await welcome(this.#relay, this.#request, token);
      if (this.#ended) return;
      this.#participation = new Participation(this.#relay, visitor, {
        maxMessageBytes: this.#options.maxMessageBytes,
        notify: (method, params) => this.#notify(method, params),
        deliver: (message, { mayDrop }) => {
          const { text, bytes } = encodeMessage(message);
          this.#outbox.send(text, mayDrop, bytes);
        },
        refuse: (method, error) => this.#send(encodeError(null, error, method)),
        end: (code, reason) => this.#close(code, reason),
        replaced: () => {
          this.#close(CloseCode.Replaced, 'Another connection serves the session now.');
          return [];
        },
      });
    } catch (error) {
      const failure = RelayError.from(error);
      const [first] = this.#queue;
      if (first?.id !== undefined) this.#send(encodeError(first.id, failure));
      this.#fail(failure);
      return;
    }
    const [first, ...rest] = this.#queue;
    this.#queue = [];
    if (first === asked && first?.method === 'authenticate') this.#authenticated(first, this.#participation);
    else if (first) this.#handle(first, this.#participation);
    for (const message of rest) this.#handle(message, this.#participation);
  }

  #authenticated({ id }: RpcMessage, participation: Participation<P>): void {
    const { userId = null } = participation.visitor.principal;
    if (id !== undefined) this.#send(encodeResult(id, { userId }));
  }

  /** One message, start to end; what goes wrong is answered, and harms no other. */
  #handle(message: RpcMessage, participation: Participation<P>): void {
    const { id, method, params } = message;
    const joins = method === 'join' || method === 'attach';
    if (joins) clearTimeout(this.#handshakeTimer);
    const failed = (error: unknown) => {
      this.#refuse(message, error);
      if (joins && !participation.isJoined && !this.#ended) this.#watchHandshake();
    };
    try {
      participation
        .call(method, params, (result) => {
          // A client that is behind with its reading misses figures, and nothing else.
          if (id !== undefined) this.#outbox.send(encodeResult(id, result), method === 'stats');
        })
        ?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #refuse({ id, method }: RpcMessage, error: unknown): void {
    const failure = RelayError.from(error);
    const fields = { err: error, method, remoteAddress: this.#request.remoteAddress };
    if (failure.code === 'ERR_RELAY_INTERNAL') this.#relay.logger.error(fields, 'A message failed');
    else this.#relay.logger.debug(fields, 'A message was refused');
    this.#send(encodeError(id ?? null, failure, method));
  }

  #notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void {
    this.#send(encodeNotification(method, params));
  }

  #send(text: string): void {
    this.#outbox.send(text);
  }

  #sendFailed(error: unknown): void {
    if (error instanceof RelayError) {
      this.#fail(error);
      return;
    }
    this.#relay.logger.warn({ err: error }, 'A socket failed while sending');
    this.terminate();
  }

  #watchHandshake(): void {
    clearTimeout(this.#handshakeTimer);
    this.#handshakeTimer = setTimeout(
      () => this.#fail(new RelayError('ERR_RELAY_CLIENT_TIMEOUT', 'No session was joined in time.')),
      this.#options.handshakeTimeoutMs,
    );
  }

  #beat(): void {
    if (this.#silence >= 2) {
      this.terminate();
      return;
    }
    this.#silence += 1;
    try {
      this.#socket.ping();
    } catch {
      this.terminate();
    }
  }

  #fail(error: RelayError): void {
    this.#relay.logger.info(
      { err: error, remoteAddress: this.#request.remoteAddress },
      'A connection is closed',
    );
    this.#close(error.closeCode, error.message);
  }

  #close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#end();
    // The session ends also where the client never answers, and the socket where it never reads.
    this.#closing = setTimeout(() => this.#socket.terminate(), CLOSING_TIMEOUT_MS);
    void this.#participation?.leave();
    try {
      this.#socket.close(code, closeReason(reason));
    } catch {
      this.#socket.terminate();
    }
  }

  /** Nothing is heard or said from now on. */
  #end(): void {
    this.#ended = true;
    this.#outbox.stop();
    this.#participation?.dispose();
    clearTimeout(this.#handshakeTimer);
    clearInterval(this.#heartbeat);
  }
}
