import type { Principal } from '../../access/authentication.js';
import { CloseCode } from '../../protocol/close-code.js';
import { closing, invalidState, RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { Capability, RelayNotifications } from '../../protocol/messages.js';
import type { IceCandidate } from '../../protocol/types.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Drainable } from '../../relay/shutdown.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import type { Backlog, ChannelOwner, Handover, Position } from '../../signaling/rpc/client-channel.js';
import { neededOf, withOffers } from '../../signaling/rpc/handover.js';
import { RateLimitGate } from '../../signaling/rpc/rate-limit-gate.js';
import { RpcHandler } from '../../signaling/rpc/rpc-handler.js';
import { slowConsumer } from '../../signaling/socket/send-buffer.js';
import { ByteBudget, tooMuchWaits } from '../../signaling/wire/byte-budget.js';
import type { RpcMessage } from '../../signaling/wire/json-rpc.js';
import { Deadline } from '../../util/deadline.js';
import { noop } from '../../util/noop.js';
import type { ResolvedHttpOptions } from '../options.js';
import { CandidateCollector } from './candidate-collector.js';
import { EventChannel } from './event-channel.js';
import { EventStream } from './event-stream.js';

interface HttpSessionOptions extends ResolvedHttpOptions {
  /** The user id as the client has sent it, which may be a number. */
  userId: string | number;
}

type Origin =
  /** It was created over HTTP, by a client with these capabilities. */
  | { readonly capabilities: readonly Capability[] }
  /** A WebSocket has served it, or nothing. */
  | { readonly position: Position };

/**
 * A session that is served over HTTP. Its messages go to an event stream, or wait for one, until a WebSocket takes the
 * session over, or no request has asked for it in time.
 */
export class HttpSession<P extends Principal> implements ChannelOwner<P>, Drainable {
  /** An event stream is continued by the header `Last-Event-ID`. */
  readonly resumption = undefined;
  readonly keep = noop;
  readonly session: Session<P>;
  /** The user id as the client has sent it, which may be a number. */
  readonly userId: string | number;
  readonly #relay: SfuRelay<P>;
  readonly #options: ResolvedHttpOptions;
  readonly #channel: EventChannel;
  readonly #handler: RpcHandler<P>;
  readonly #gate: RateLimitGate | undefined;
  /** What the WebSocket has left that has served the session before. */
  readonly #handover: Handover;
  /** Of a session that was created over HTTP, until its first event stream. */
  #candidates: CandidateCollector | undefined;
  #removeListener = noop;
  readonly #pending = new ByteBudget();
  #stream: EventStream | undefined;
  #isListening = false;
  #isReplaced = false;
  #orphanTimer: Deadline | undefined;

  constructor(
    relay: SfuRelay<P>,
    session: Session<P>,
    client: AuthenticatedClient<P>,
    options: HttpSessionOptions,
    origin: Origin,
  ) {
    this.session = session;
    this.userId = options.userId;
    this.#relay = relay;
    this.#options = options;
    this.#channel = new EventChannel(options, relay.counters, () => {
      void session.close({ by: 'relay', error: slowConsumer() });
    });
    this.#handler = new RpcHandler(relay, client, this.#channel, this);
    const { served } = this.#handler;
    if ('capabilities' in origin) {
      this.#candidates = new CandidateCollector(session);
      served.capabilities = origin.capabilities;
      this.#handover = served.adopt(session);
    } else this.#handover = served.adopt(session, origin.position);
    const { rateLimiter } = relay;
    this.#gate =
      rateLimiter &&
      new RateLimitGate(rateLimiter, LIMITS.maxHeldMessages, {
        describe: (method) => ({
          method,
          connectionId: session.id,
          remoteAddress: client.request.remoteAddress,
          userId: client.userId,
          roomId: session.roomId,
        }),
        fail: (error) => void session.close({ by: 'relay', error }),
      });
    relay.attach(this);
    this.#removeListener = session.on('close', ({ error }) => this.end(error));
  }

  /** Whether another connection serves the session. */
  get isReplaced(): boolean {
    return this.#isReplaced;
  }

  /** Waits for the SFU's candidates; returns the answer to the join with them. From then on the session may be orphaned. */
  async completeAnswer(signal: AbortSignal): Promise<string> {
    const { gatherTimeoutMs } = this.#options;
    const { sdp } = this.session.answer;
    const complete = await this.#candidates?.complete(sdp, gatherTimeoutMs, signal);
    this.touch();
    return complete ?? sdp;
  }

  /** A request has asked for the session: the time until it counts as orphaned begins anew. */
  touch(): void {
    this.#orphanTimer?.cancel();
    if (this.#stream || this.#isReplaced || this.session.state !== 'joined') return;
    this.#orphanTimer = new Deadline(() => {
      const error = new RelayError('ERR_RELAY_CLIENT_TIMEOUT', 'Nobody has asked for the session in time.');
      void this.session.close({ by: 'relay', error });
    }, this.#options.orphanTimeoutMs);
  }

  /** A request of the session's user has brought this token: it replaces the old one if it lasts longer. */
  async renew(client: AuthenticatedClient<P>): Promise<void> {
    const { expiresAt } = this.#handler.client.principal;
    const newExpiresAt = client.principal.expiresAt ?? Number.POSITIVE_INFINITY;
    if (expiresAt !== undefined && newExpiresAt > expiresAt && !this.#isReplaced)
      await this.#handler.renew(client);
  }

  /**
   * Opens an event stream; an older one ends. It resumes after `lastEventId` if the buffer still has what follows. Otherwise it begins
   * with the state of the room (`joined`), and with what the client may not have received.
   */
  events(lastEventId: string | undefined): EventStream {
    this.#checkServed();
    this.#stream?.supersede(CloseCode.Replaced, 'Another event stream serves the session now.');
    const { buffer } = this.#channel;
    const resumed = /^\d+$/.test(lastEventId ?? '') && buffer.resumeAfter(Number(lastEventId));
    const stream = new EventStream(buffer, this.#options, () => {
      if (this.#stream !== stream) return;
      this.#setStream(undefined);
      this.touch();
    });
    this.#setStream(stream);
    this.#orphanTimer?.cancel();
    if (!resumed) this.#begin();
    if (!this.#isListening) this.#listen();
    this.#handler.remind();
    return stream;
  }

  /**
   * Executes one message, and resolves with its result.
   * @param bytes length of the message's text
   */
  async call({ method, params }: RpcMessage, bytes: number): Promise<object> {
    if (!this.#pending.hasRoomFor(bytes)) throw tooMuchWaits();
    this.#pending.add(bytes);
    try {
      let result: object = {};
      const execute = () => {
        // The session may have ended while the message waited; a `join` would then begin one that nothing serves.
        this.#checkServed();
        return this.#handler.call(method, params, (value) => {
          result = value;
        });
      };
      await (this.#gate ? this.#gate.pass(method, execute) : execute());
      return result;
    } finally {
      this.#pending.remove(bytes);
    }
  }

  /** The client has disconnected before the response of `POST /session`: it does not know its session. */
  abandon(): void {
    if (!this.#isReplaced) void this.session.close({ by: 'client' });
  }

  end(error: RelayError | undefined): void {
    this.#orphanTimer?.cancel();
    this.#relay.detach(this);
    this.#handler.dispose();
    this.#stream?.close(error?.closeCode ?? CloseCode.Normal, error?.message ?? 'The session was closed.');
  }

  async resume(): Promise<never> {
    throw invalidState('Only a WebSocket can resume a session; an event stream goes on by "Last-Event-ID".');
  }

  replaced(session: Session<P>, { lastEventId }: Position): Handover {
    this.#isReplaced = true;
    const late = this.#stopCollecting().map((candidate) => trickle(candidate));
    const backlog = [...late, ...this.#missed(session, lastEventId)];
    this.end(new RelayError('ERR_RELAY_REPLACED', 'Another connection serves the session now.'));
    this.#removeListener();
    return { backlog };
  }

  #missed(session: Session<P>, lastEventId: number | undefined): Backlog {
    const { buffer } = this.#channel;
    if (lastEventId !== undefined) return buffer.after(lastEventId) ?? buffer.restart();
    // The client reads the open stream to its end.
    if (this.#stream)
      return withOffers(
        session,
        buffer.read().flatMap(({ content }) => content ?? []),
      );
    return buffer.restart();
  }

  async drain(): Promise<void> {
    this.#channel.notify('goaway', {
      reason: 'The relay is closing.',
      reconnectAfterMs: Math.round(Math.random() * 2_000),
    });
    const error = closing();
    this.end(error);
    await this.#handler.leave({ by: 'relay', error });
  }

  terminate(): void {
    this.#stream?.abort();
    this.#relay.detach(this);
  }

  #setStream(stream: EventStream | undefined): void {
    this.#stream = stream;
    this.#channel.hasReader = stream !== undefined;
  }

  #begin(): void {
    // What the client has not been told yet precedes `joined`, which includes it.
    this.session.room.members.catchUp(this.session.id);
    const { backlog: left, received } = this.#handover;
    const kept = this.#channel.buffer.restart();
    const backlog = neededOf(this.session, this.#isListening ? kept : left);
    this.#channel.describe(() => {
      this.#handler.served.describe((result) =>
        this.#channel.notify('joined', { ...result, ...(received !== undefined && { received }) }),
      );
      for (const { method, params } of backlog) this.#channel.notify(method, params);
    });
  }

  #listen(): void {
    this.#isListening = true;
    for (const candidate of this.#stopCollecting()) this.#channel.notify('trickle', { target: 0, candidate });
    this.#handler.served.listen();
  }

  #stopCollecting(): IceCandidate[] {
    const candidates = this.#candidates?.stop() ?? [];
    this.#candidates = undefined;
    return candidates;
  }

  #checkServed(): void {
    if (this.session.state !== 'joined')
      throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
    if (this.#isReplaced) throw servedByWebSocket();
  }
}

/** The refusal of a request that only the session's WebSocket may make. */
export function servedByWebSocket(): RelayError {
  return invalidState('A WebSocket serves this session: send messages there, or open its events first.');
}

function trickle(candidate: RelayNotifications['trickle']['candidate']): Backlog[number] {
  return { method: 'trickle', params: { target: 0, candidate } };
}
