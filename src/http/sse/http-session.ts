import type { Principal } from '../../access/authentication.js';
import { CloseCode } from '../../protocol/close-code.js';
import { closing, RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { RelayNotifications } from '../../protocol/messages.js';
import type { Target } from '../../protocol/types.js';
import type { Attachment, SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import { RateLimitGate } from '../../signaling/rpc/rate-limit-gate.js';
import { type Backlog, type ClientChannel, RpcHandler } from '../../signaling/rpc/rpc-handler.js';
import { ByteBudget, tooMuchWaits } from '../../signaling/wire/byte-budget.js';
import { encodeMessage } from '../../signaling/wire/encode-once.js';
import { encodeError, encodeNotification, type RpcMessage } from '../../signaling/wire/json-rpc.js';
import type { RelayCounters, SentMessage } from '../../telemetry/relay-counters.js';
import { Deadline } from '../../util/deadline.js';
import type { ResolvedHttpOptions } from '../options.js';
import { CandidateCollector } from './candidate-collector.js';
import { EventStream } from './event-stream.js';
import { ReplayBuffer } from './replay-buffer.js';

/**
 * A session that was created over HTTP: its messages go to an event stream, or wait for one, until a WebSocket takes
 * it over, or nobody has asked for it for too long.
 */
export class HttpSession<P extends Principal> implements ClientChannel, Attachment {
  readonly session: Session<P>;
  /** As the client gave it. */
  readonly userId: string | number;
  readonly maxMessageBytes: number;
  readonly #options: ResolvedHttpOptions;
  readonly #counters: RelayCounters;
  readonly #handler: RpcHandler<P>;
  readonly #gate: RateLimitGate | undefined;
  readonly #buffer: ReplayBuffer<Backlog[number]>;
  readonly #candidates: CandidateCollector;
  readonly #waiting = new ByteBudget();
  readonly #relay: SfuRelay<P>;
  #stream: EventStream | undefined;
  #isListening = false;
  #isReplaced = false;
  #orphanTimer: Deadline | undefined;

  constructor(
    relay: SfuRelay<P>,
    session: Session<P>,
    client: AuthenticatedClient<P>,
    userId: string | number,
    options: ResolvedHttpOptions,
  ) {
    this.session = session;
    this.userId = userId;
    this.maxMessageBytes = options.maxMessageBytes;
    this.#options = options;
    this.#counters = relay.counters;
    this.#buffer = new ReplayBuffer(options.maxBufferedBytes);
    this.#candidates = new CandidateCollector(session);
    this.#handler = new RpcHandler(relay, client, this);
    this.#handler.adopt(session);
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
        onFlood: (error) => void session.close({ by: 'relay', error }),
      });
    this.#relay = relay;
    relay.attach(this);
    session.on('close', ({ error }) => this.end(error));
  }

  /** The answer to the join, with the SFU's candidates. Once it is there somebody has to ask for the session. */
  async completeAnswer(signal: AbortSignal): Promise<string> {
    const { gatherTimeoutMs } = this.#options;
    const sdp = await this.#candidates.complete(this.session.answer.sdp, gatherTimeoutMs, signal);
    this.touch();
    return sdp;
  }

  /** Somebody has asked for it: it is no orphan yet. */
  touch(): void {
    this.#orphanTimer?.cancel();
    if (this.#stream || this.#isReplaced || this.session.state !== 'joined') return;
    this.#orphanTimer = new Deadline(() => {
      const error = new RelayError('ERR_RELAY_CLIENT_TIMEOUT', 'Nobody has asked for the session in time.');
      void this.session.close({ by: 'relay', error });
    }, this.#options.orphanTimeoutMs);
  }

  /** Its user has asked with a token that lasts longer: the session does, too, as that one says. */
  async renew(client: AuthenticatedClient<P>): Promise<void> {
    const { expiresAt } = this.#handler.client.principal;
    const lasts = client.principal.expiresAt ?? Number.POSITIVE_INFINITY;
    if (expiresAt !== undefined && lasts > expiresAt && !this.#isReplaced) await this.#handler.renew(client);
  }

  /**
   * The session's messages, from the one after `lastEventId` on where it is still there; otherwise what is unread, and
   * the room as it is (`joined`). An older stream ends.
   */
  events(lastEventId: string | undefined): EventStream {
    this.#checkServed();
    this.#stream?.supersede(CloseCode.Replaced, 'Another event stream serves the session now.');
    const resumed = lastEventId !== undefined && this.#buffer.resumeAfter(Number(lastEventId));
    const stream = new EventStream(this.#buffer, this.#options, () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.touch();
    });
    this.#stream = stream;
    this.#orphanTimer?.cancel();
    if (!resumed) this.notify('joined', this.#handler.describe());
    if (!this.#isListening) this.#listen();
    this.#handler.remind();
    return stream;
  }

  /** Carries out one message; resolves with its result. `bytes`: of its text. */
  async call({ method, params }: RpcMessage, bytes: number): Promise<object> {
    if (!this.#waiting.hasRoomFor(bytes)) throw tooMuchWaits();
    this.#waiting.add(bytes);
    try {
      let result: object = {};
      const carryOut = () => {
        // It may have waited until the session was left: a join would then be one that nobody serves.
        this.#checkServed();
        return this.#handler.call(method, params, (value) => {
          result = value;
        });
      };
      await (this.#gate ? this.#gate.pass(method, carryOut) : carryOut());
      return result;
    } finally {
      this.#waiting.remove(bytes);
    }
  }

  /** The client that has created it has gone before it heard of it. */
  abandon(): void {
    if (!this.#isReplaced) void this.session.close({ by: 'client' });
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.notify('trickle', { target, candidate: JSON.parse(init), ...(peer && { peer }) });
  }

  deliver(params: RelayNotifications['message'], mayDrop: boolean): void {
    if (mayDrop && this.#buffer.unreadBytes > this.#options.maxBufferedBytes / 4)
      this.#counters.dropped.add('message');
    else this.#push('message', encodeMessage(params).text, { method: 'message', params });
  }

  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void {
    // An event stream begins with the room; it is reminded then.
    if (method === 'expiring' && !this.#stream) return;
    const content = { method, params } as Backlog[number];
    this.#push(
      method,
      encodeNotification(method, params),
      method === 'offer' || method === 'trickle' || method === 'message' ? content : undefined,
    );
  }

  notificationRefused(method: string, error: RelayError): void {
    this.#counters.refused.add(error.code);
    this.#push('error', encodeError(null, error, method));
  }

  end(error: RelayError | undefined): void {
    this.#orphanTimer?.cancel();
    this.#relay.detach(this);
    this.#handler.dispose();
    this.#stream?.close(error?.closeCode ?? CloseCode.Normal, error?.message ?? 'The session was closed.');
  }

  replaced(): Backlog {
    this.#isReplaced = true;
    this.end(new RelayError('ERR_RELAY_REPLACED', 'Another connection serves the session now.'));
    const unread = this.#buffer.read().flatMap(({ content }) => content ?? []);
    const late = this.#candidates.stop().map((candidate) => trickle(candidate));
    return [...late, ...unread];
  }

  async drain(): Promise<void> {
    this.notify('goaway', {
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

  #listen(): void {
    this.#isListening = true;
    for (const candidate of this.#candidates.stop()) this.notify('trickle', { target: 0, candidate });
    this.#handler.listen();
  }

  #push(what: SentMessage, text: string, content?: Backlog[number]): void {
    if (this.#buffer.push(text, content)) {
      this.#counters.sent.add(what);
      return;
    }
    const error = new RelayError('ERR_RELAY_SLOW_CONSUMER', 'The client does not read what it is sent.');
    void this.session.close({ by: 'relay', error });
  }

  #checkServed(): void {
    if (this.session.state !== 'joined')
      throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
    if (this.#isReplaced)
      throw new RelayError(
        'ERR_RELAY_INVALID_STATE',
        'A WebSocket serves this session: send messages there.',
      );
  }
}

function trickle(candidate: RelayNotifications['trickle']['candidate']): Backlog[number] {
  return { method: 'trickle', params: { target: 0, candidate } };
}
