import type { Principal } from './authentication.js';
import { Cancellation, type CancelSignal } from './cancellation.js';
import type { RelayCounters } from './counters.js';
import { withDeadline } from './deadline.js';
import { RelayError, type RelayErrorCode } from './errors.js';
import { SafeEmitter } from './events.js';
import { type Grants, type LiveGrants, publishLimits } from './grants.js';
import { type CheckedOffer, Guard, type GuardPolicy } from './guard.js';
import type { HookRunner } from './hook-runner.js';
import type { ReplyMessage } from './hooks.js';
import { LIMITS } from './limits.js';
import type { Logger } from './logger.js';
import type { Moderate, Sender } from './messages/room-messages.js';
import { SendQueue } from './messages/send-queue.js';
import type {
  IceCandidate,
  IceServer,
  MessageDeletion,
  MessageReceipt,
  Metadata,
  OutgoingMessage,
  ParticipantsEvent,
  ParticipantUpdate,
  Role,
  RoomMessage,
  SessionDescription,
  SessionStats,
  StatsReport,
  Subscription,
  Target,
  Track,
  TracksEvent,
} from './model.js';
import type { Moderated } from './moderation/moderation.js';
import { Publishing } from './publishing.js';
import type { Member, Room } from './room.js';
import type { SessionCloseReason, SessionEvents, SessionState } from './session-events.js';
import { SessionGrants } from './session-grants.js';
import { SessionHooks } from './session-hooks.js';
import type { Sfu, SfuStream } from './sfu/port.js';
import { encodeUid } from './sfu/uid.js';
import { SfuLink } from './sfu-link.js';
import { StatsMeter } from './stats.js';
import { SubscriberNegotiation } from './subscriber-negotiation.js';
import { checkUpdate } from './update.js';

/** What a session is made of; the relay fills it in. */
export interface SessionSetup<P extends Principal> {
  id: string;
  room: Room;
  userId: string;
  role: Role;
  grants: Grants;
  policy: GuardPolicy;
  autoSubscribe: boolean;
  principal: P | undefined;
  hooks: HookRunner<P> | undefined;
  /** Whether the application says which user it is, and not the client itself. */
  isNamed: boolean;
  logger: Logger;
  joinTimeoutMs: number;
  answerTimeoutMs: number;
  sfuReplies: RelayCounters['sfuReplies'];
  /** The application's word on a message, before it goes to the room. */
  moderate: Moderate | undefined;
  /** Asked for once the session is let in; never rejects. */
  iceServers?: () => readonly IceServer[] | Promise<readonly IceServer[]>;
  /** The SFU has ended the stream by an error, be the session alive, failed or leaving: its peer stays there. */
  onAbandoned?: () => void;
}

/** Whom a session serves. It hears after those who listen. */
export interface Receiver {
  /** A candidate of the SFU's; `init` is the JSON of an RTCIceCandidateInit. */
  trickle(target: Target, init: string): void;
  /** A message of the room. One that may be dropped may be left out where the client is slow. */
  deliver(message: RoomMessage | MessageDeletion, mayDrop: boolean): void;
  /** Any other event; those of candidates and messages have come by the ways above. */
  hear<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): void;
}

/**
 * One participant: one signalling stream on the SFU, one state machine. It knows nothing of the connection that
 * it serves, and can be driven without any.
 * @category Session
 */
export class Session<P extends Principal = Principal>
  extends SafeEmitter<SessionEvents>
  implements Member, Moderated
{
  readonly id: string;
  readonly room: Room;
  readonly userId: string;
  readonly hidden: boolean;
  /** ms since the epoch. */
  readonly createdAt = Date.now();
  readonly #setup: SessionSetup<P>;
  #receiver: Receiver | undefined;
  readonly #guard: Guard;
  readonly #meter: StatsMeter;
  /** Where the application is to be asked of messages to the SFU, and of those from it. */
  readonly #signals: SessionHooks<P> | undefined;
  readonly #replies: SessionHooks<P> | undefined;
  #state: SessionState = 'joining';
  #principal: P | undefined;
  readonly #grants: SessionGrants;
  /** What it may do has changed while it was joining. */
  #isStale = false;
  #iceServers: readonly IceServer[] = [];
  #answer: SessionDescription | undefined;

  readonly #link: SfuLink;
  readonly #publishing: Publishing;
  readonly #subscriber: SubscriberNegotiation;
  /** Made by its first message. */
  #sender: Sender | undefined;

  /** Aborts the join. */
  #cancel: Cancellation | undefined = new Cancellation();
  #reason: SessionCloseReason | undefined;
  /** Whom its end is awaited by. */
  #ended: { promise: Promise<void>; resolve(): void } | undefined;

  /** @internal */
  constructor(setup: SessionSetup<P>) {
    super(setup.logger);
    this.#setup = setup;
    this.id = setup.id;
    this.room = setup.room;
    this.userId = setup.userId;
    this.#grants = new SessionGrants(setup.grants, setup.role);
    this.hidden = setup.grants.hidden === true;
    this.#principal = setup.principal;
    this.#guard = new Guard(setup.policy, setup.room, setup);
    this.#meter = new StatsMeter({
      sessionId: this.id,
      roomId: this.roomId,
      userId: this.userId,
      role: this.role,
    });
    const { hooks } = setup;
    const [onSignal, onReply] = [hooks?.has('onSignal'), hooks?.has('onReply')];
    const asked = hooks && (onSignal || onReply) ? new SessionHooks(hooks, this) : undefined;
    this.#signals = onSignal ? asked : undefined;
    this.#replies = onReply ? asked : undefined;
    this.#link = new SfuLink({
      gate: setup.room.gate,
      logger: setup.logger,
      fields: () => this.#fields(),
      onOffer: (offer) => this.#receiveOffer(offer),
      onCandidate: (target, init) => this.#receiveCandidate(target, init),
      onRefused: (error) => void this.#break(error),
      onAbandoned: () => setup.onAbandoned?.(),
      onEnd: (error) => this.#streamEnded(error),
    });
    this.#publishing = new Publishing({
      guard: this.#guard,
      send: (sdp) => this.#sendOffer(sdp),
      onAccepted: ({ tracks, cut }) => this.room.setTracks(this, tracks, cut),
      onCut: (trackId, muted) => this.emit('mute', { trackId, muted }),
    });
    this.#subscriber = new SubscriberNegotiation({
      answerTimeoutMs: setup.answerTimeoutMs,
      deliver: (event) =>
        event.name === 'offer'
          ? this.emit('offer', event.value)
          : this.#deliverCandidate(event.target, event.init),
      onUnanswered: () => this.#unanswered(),
    });
  }

  get role(): Role {
    return this.#grants.role;
  }

  /** What it may do by now. */
  get grants(): Readonly<Grants> {
    return this.#grants.current;
  }

  /** @internal */
  get isNamed(): boolean {
    return this.#setup.isNamed;
  }

  /** Those of its tracks, by their ids, that a moderator has cut off. */
  get cutTracks(): readonly string[] {
    return [...this.#publishing.cut];
  }

  /** What `authenticate` returned, where the session was authenticated; for the newest token since. */
  get principal(): P | undefined {
    return this.#principal;
  }

  /** @internal */
  set principal(principal: P) {
    this.#principal = principal;
  }

  /** For its client's peer connections. */
  get iceServers(): readonly IceServer[] {
    return this.#iceServers;
  }

  get roomId(): string {
    return this.room.id;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** @internal Whether it ever was in the room. */
  get hasJoined(): boolean {
    return this.#cancel === undefined;
  }

  /** The SFU's answer to the join, or to the newest offer since. */
  get answer(): SessionDescription {
    if (!this.#answer) throw notNow('The session has not joined.');
    return this.#answer;
  }

  /** What it publishes. */
  get tracks(): readonly Track[] {
    return this.room.tracksOf(this.id);
  }

  get stats(): SessionStats {
    return { ...this.#meter.current, role: this.role };
  }

  /**
   * @internal Joins on the SFU, once `admit` has let it, and said what the room gets to know of it; where that fails
   * nothing is left on either side.
   */
  async join(
    sfu: Sfu,
    sdp: string,
    admit: (until: CancelSignal) => Metadata | undefined | Promise<Metadata | undefined>,
    signal?: CancelSignal,
  ): Promise<void> {
    const cancel = this.#cancel ?? new Cancellation();
    const abort = () => cancel.abort(() => signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const offer = { type: 'offer', sdp } as const;
      const asked = this.#signals?.signal({ method: 'join', params: offer }, (params) => params) ?? offer;
      const passed = asked instanceof Promise ? await this.#application(asked) : asked;
      const checked = this.#guard.offer(passed, () => true);
      const admitted = admit(cancel);
      const metadata = admitted instanceof Promise ? await this.#application(admitted) : admitted;
      this.#checkCancelled();
      const joining = this.#deadline(this.#openAndJoin(sfu, checked, cancel));
      const given = this.#setup.iceServers?.() ?? [];
      if (given instanceof Promise) [this.#iceServers] = await Promise.all([this.#deadline(given), joining]);
      else this.#iceServers = given;
      const { answer, released } = await joining;
      this.#answer = this.#replies
        ? await this.#application(this.#passAnswer(this.#replies, answer))
        : answer;
      this.#checkCancelled();
      this.#cancel = undefined;
      this.#state = 'joined';
      this.#publishing.joined(released);
      this.room.add(this, released.tracks, released.cut, metadata);
      this.#subscriber.open();
      if (this.#isStale) void this.#revise();
    } catch (error) {
      const failure = cancel.aborted ? this.#cancellation() : RelayError.from(error);
      cancel.abort(() => failure);
      void this.#link.end(failure.code === 'ERR_RELAY_SFU_TIMEOUT');
      this.#finish({ by: 'relay', error: failure });
      throw failure;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @internal A session that takes the place of this one on the SFU, seen by nobody. */
  successor(room: Room): Session<P> {
    const { policy } = this.#setup;
    const offer = { ...policy.offer, dataChannels: true };
    const { onAbandoned: _, iceServers: __, ...setup } = this.#setup;
    return new Session({
      ...setup,
      room,
      policy: { ...policy, offer },
      grants: { hidden: true },
      autoSubscribe: false,
      hooks: undefined,
    });
  }

  /**
   * A new offer of the client's publisher connection: a track more or less, an ICE restart. One is with the SFU at
   * a time, one waits; a newer one takes its place, and the older is refused by `ERR_RELAY_INVALID_STATE`.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_SDP`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_SFU_STREAM_ENDED`
   */
  async offer(description: SessionDescription): Promise<SessionDescription> {
    this.#joinedStream();
    const negotiate = (offer: SessionDescription) =>
      this.#publishing.offer(offer, (answer) => this.#answered(answer));
    if (!this.#signals) return negotiate(description);
    return this.#signals.signal({ method: 'offer', params: description }, negotiate);
  }

  /**
   * The client's answer to the SFU's pending offer. Gives a promise where `onSignal` does.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_INVALID_SDP`
   */
  answerOffer(description: SessionDescription): void | Promise<void> {
    if (!this.#signals) return this.#sendAnswer(description);
    this.#joinedStream();
    const message = { method: 'answer', params: description } as const;
    return heard(this.#signals.signal(message, (params) => this.#sendAnswer(params)));
  }

  /**
   * A candidate of the client. An empty one says that there are no more. Gives a promise where `onSignal` does.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_SDP`
   */
  addIceCandidate(trickle: { target: Target; candidate: IceCandidate }): void | Promise<void> {
    if (!this.#signals) return this.#sendCandidate(trickle);
    this.#joinedStream();
    const message = { method: 'trickle', params: trickle } as const;
    return heard(this.#signals.signal(message, (params) => this.#sendCandidate(params)));
  }

  /**
   * Which of the room's tracks to receive.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_SFU_TIMEOUT`
   */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    if (!this.#signals) return this.#sendSubscriptions(subscriptions);
    this.#joinedStream();
    const message = { method: 'subscribe', params: { subscriptions } } as const;
    return this.#signals.signal(message, (params) => this.#sendSubscriptions(params.subscriptions));
  }

  /**
   * What the participant says of itself, to the room.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`
   */
  update(update: ParticipantUpdate): void {
    this.#joinedStream();
    checkUpdate(update, this.tracks);
    this.room.update(this, update);
  }

  /**
   * A message to the room, in the name of the session's user: `onMessage` is asked, and its messages are delivered in
   * the order in which they were sent. With an `id`, one that was sent already is acknowledged again, and that is all.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_TOO_LARGE`, `ERR_RELAY_TOO_MANY`
   */
  async send(message: OutgoingMessage): Promise<MessageReceipt> {
    if (this.#state === 'joining') throw notNow('The session has not joined yet.');
    if (this.#state !== 'joined') throw notNow('The session has ended.');
    this.#checkMessages();
    this.#sender ??= this.#makeSender();
    return this.room.messages.send(message, this.#sender);
  }

  /**
   * A client's `getStats()`; figures come of the difference to its last one.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`
   */
  reportStats(report: StatsReport): SessionStats {
    this.#joinedStream();
    const stats = this.#meter.report(report);
    this.emit('stats', stats);
    return stats;
  }

  /** @internal Who gets all that it says from now on, and first what has waited for somebody. */
  serve(receiver: Receiver | undefined): void {
    this.#receiver = receiver;
    if (receiver) this.#subscriber.release();
  }

  /**
   * @internal Changes what it may do. Resolves when the SFU takes no more than that of what it publishes; where that
   * can't be had, the session ends.
   */
  async changeGrants(changes: LiveGrants): Promise<void> {
    if (this.#grants.change(changes)) await this.#grantsChanged();
  }

  /** @internal Another token of its client says what it may do; what was changed in the meantime stays so. */
  renewGrants(grants: Grants): Promise<void> | undefined {
    return this.#grants.renew(grants) ? this.#grantsChanged() : undefined;
  }

  /** @internal */
  applyMutes(): Promise<void> {
    return this.#revise();
  }

  /** Leaves the SFU; resolves when the SFU has ended the stream. Never rejects, and may be called again. */
  close(reason: SessionCloseReason = { by: 'application' }): Promise<void> {
    if (this.#state === 'joining') this.#cancel?.abort(() => reason.error);
    else {
      this.#leave(reason);
      void this.#link.end();
    }
    if (this.#state === 'closed') return Promise.resolve();
    this.#ended ??= deferred();
    return this.#ended.promise;
  }

  override on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): this {
    super.on(name, listener);
    this.#releaseHeld();
    return this;
  }

  override once<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): this {
    super.once(name, listener);
    this.#releaseHeld();
    return this;
  }

  protected override emit<Name extends keyof SessionEvents>(
    name: Name,
    ...args: SessionEvents[Name]
  ): boolean {
    const isHeard = super.emit(name, ...args);
    if (!this.#receiver) return isHeard;
    try {
      this.#receiver.hear(name, ...args);
    } catch (error) {
      this.#deliveryFailed(error);
    }
    return true;
  }

  /** @internal */
  notifyParticipants(event: ParticipantsEvent): void {
    this.emit('participants', event);
  }

  /** @internal */
  notifyTracks(event: TracksEvent): void {
    this.emit('tracks', event);
  }

  /** @internal */
  notifyRoom(state: { locked: boolean }): void {
    this.emit('room', state);
  }

  /** @internal */
  notifyMessage(message: RoomMessage, mayDrop: boolean): void {
    this.#receive(message, mayDrop);
    this.emit('message', message);
  }

  /** @internal */
  notifyDeletion(deletion: MessageDeletion): void {
    this.#receive(deletion, false);
    this.emit('messagedeleted', deletion);
  }

  #receive(message: RoomMessage | MessageDeletion, mayDrop: boolean): void {
    try {
      this.#receiver?.deliver(message, mayDrop);
    } catch (error) {
      this.#deliveryFailed(error);
    }
  }

  #deliveryFailed(error: unknown): void {
    this.#setup.logger.error({ err: error, ...this.#fields() }, 'A message could not be delivered');
  }

  #makeSender(): Sender {
    return {
      sessionId: this.id,
      userId: this.userId,
      queue: new SendQueue(LIMITS.maxWaitingMessages),
      check: () => this.#checkMessages(),
      moderate: this.#setup.moderate,
    };
  }

  /** What was sent before a connection broke is carried out, what comes of somebody who was put out is not. */
  #checkMessages(): void {
    if (this.grants.canPublishData === false)
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not send messages in this room.');
    if (this.#reason && this.#reason.by !== 'client' && this.#reason.by !== 'sfu')
      throw notNow('The session has ended.');
  }

  /** It may have waited for its turn until the session was over. */
  async #sendOffer(sdp: string): Promise<SessionDescription> {
    if (this.#reason) throw endOf(this.#reason);
    return this.#reply(this.#setup.sfuReplies.offer.time(this.#link.offer(this.#joinedStream(), sdp)));
  }

  #sendAnswer(description: SessionDescription): void {
    const stream = this.#joinedStream();
    const sdp = this.#guard.answer(description, this.#subscriber.pendingOffer);
    this.#subscriber.answered();
    stream.answer(sdp);
  }

  #sendCandidate({ target, candidate }: { target: Target; candidate: IceCandidate }): void {
    const stream = this.#joinedStream();
    const init = this.#guard.candidate(target, candidate);
    if (init !== undefined) stream.candidate(target, init);
  }

  async #sendSubscriptions(subscriptions: readonly Subscription[]): Promise<void> {
    const stream = this.#joinedStream();
    this.#guard.subscriptions(subscriptions);
    if (subscriptions.length === 0) return;
    await this.#reply(this.#setup.sfuReplies.subscribe.time(this.#link.subscribe(stream, subscriptions)));
  }

  async #openAndJoin(sfu: Sfu, checked: CheckedOffer, cancelled: CancelSignal) {
    const stream = await this.#link.open(sfu, cancelled);
    this.#checkCancelled();
    await this.#link.enter(cancelled);
    this.#checkCancelled();
    const released = this.#publishing.begin(checked);
    const asked = this.#link.join(stream, {
      roomId: this.roomId,
      uid: encodeUid({ roomId: this.roomId, userId: this.userId, sessionId: this.id }),
      sdp: released.sdp,
      autoSubscribe: this.#setup.autoSubscribe && this.#guard.policy.canSubscribe,
    });
    const answer = await this.#setup.sfuReplies.join.time(asked);
    this.#checkCancelled();
    // Not for the application, too.
    this.#link.joined();
    return { answer, released };
  }

  async #grantsChanged(): Promise<void> {
    const { grants, role } = this;
    const { policy } = this.#guard;
    const canSubscribe = grants.canSubscribe !== false;
    const offer = { ...policy.offer, ...publishLimits(grants, role) };
    const isOtherRole = (policy.offer.kinds.size === 0) !== (offer.kinds.size === 0);
    this.#guard.policy = { ...policy, offer, canSubscribe };
    if (policy.canSubscribe && !canSubscribe) {
      // Ion adds every new track to a peer that takes all, and an unanswered offer of it would be for good.
      const error = new RelayError('ERR_RELAY_FORBIDDEN', 'You may no longer receive media in this room.');
      await this.close({ by: 'application', error });
      return;
    }
    if (this.#state === 'joined') {
      if (isOtherRole) this.room.refresh(this);
      this.emit('grants', { grants, role });
    }
    await this.#revise();
  }

  /** What it publishes is held against what it may by now. */
  async #revise(): Promise<void> {
    this.#isStale = this.#state === 'joining';
    try {
      await this.#publishing.revise(() => this.#state === 'joined');
    } catch (error) {
      if (this.#state === 'joined') this.#break(RelayError.from(error));
    }
  }

  async #answered(answer: SessionDescription): Promise<SessionDescription> {
    this.#answer = this.#replies ? await this.#passAnswer(this.#replies, answer) : answer;
    this.emit('answer', this.#answer);
    return this.#answer;
  }

  async #passAnswer(hooks: SessionHooks<P>, answer: SessionDescription): Promise<SessionDescription> {
    return (await hooks.reply({ method: 'answer', params: answer }, (params) => params)) ?? answer;
  }

  /** What the SFU says of its own accord, as the application lets it pass. */
  #passReply<Message extends ReplyMessage>(
    hooks: SessionHooks<P>,
    message: Message,
    act: (params: Message['params']) => void,
  ): void {
    const failed = (error: unknown) => {
      // A candidate less is no loss that anybody notices; an offer less is every later track.
      if (message.method !== 'trickle') this.#fail(RelayError.from(error));
    };
    try {
      const passing = hooks.reply(message, act);
      if (passing instanceof Promise) passing.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #receiveOffer(offer: SessionDescription): void {
    if (!this.#replies) this.#subscriber.offer(offer);
    else
      this.#passReply(this.#replies, { method: 'offer', params: offer }, (shown) =>
        this.#subscriber.offer(offer, shown),
      );
  }

  #receiveCandidate(target: Target, init: string): void {
    if (target === 0) this.#publishing.candidate();
    if (!this.#replies) this.#subscriber.candidate(target, init);
    else {
      const params = { target, candidate: JSON.parse(init) as IceCandidate };
      this.#passReply(this.#replies, { method: 'trickle', params }, (shown) =>
        this.#subscriber.candidate(shown.target, JSON.stringify(shown.candidate)),
      );
    }
  }

  /** False where nobody listens yet. */
  #deliverCandidate(target: Target, init: string): boolean {
    try {
      this.#receiver?.trickle(target, init);
    } catch (error) {
      this.#deliveryFailed(error);
    }
    // Read for those who listen, and for nobody else.
    if (this.listenerCount('candidate') === 0) return this.#receiver !== undefined;
    return this.emit('candidate', { target, candidate: JSON.parse(init) });
  }

  /** What the application is asked of: it has as long as the SFU. */
  #application<Value>(answer: Promise<Value>): Promise<Value> {
    return this.#deadline(answer, 'ERR_RELAY_INTERNAL', 'The application does not answer.');
  }

  #checkCancelled(): void {
    if (this.#cancel?.aborted) throw this.#cancellation();
  }

  #cancellation(): RelayError {
    return RelayError.from(this.#cancel?.reason, 'ERR_RELAY_ABORTED', 'The join was cancelled.');
  }

  /** The stream, where messages may go to it. */
  #joinedStream(): SfuStream {
    const { stream } = this.#link;
    if (this.#state !== 'joined' || !stream)
      throw notNow(this.#state === 'joining' ? 'The session has not joined yet.' : 'The session has ended.');
    if (stream.pending > LIMITS.maxPendingToSfu)
      throw this.#break(new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait for the SFU.'));
    return stream;
  }

  #deadline<Value>(
    promise: Promise<Value>,
    code: RelayErrorCode = 'ERR_RELAY_SFU_TIMEOUT',
    message = 'The SFU does not answer.',
  ): Promise<Value> {
    const late = () => new RelayError(code, message);
    return withDeadline(promise, this.#setup.joinTimeoutMs, late, this.#cancel);
  }

  /** A reply that is overdue could not be told from the next one: the session is over. */
  async #reply<Value>(promise: Promise<Value>): Promise<Value> {
    try {
      return await this.#deadline(promise);
    } catch (error) {
      const failure = RelayError.from(error);
      throw failure.code === 'ERR_RELAY_SFU_TIMEOUT' ? this.#break(failure) : failure;
    }
  }

  #streamEnded(error: RelayError | undefined): void {
    if (this.#state === 'joining') this.#cancel?.abort(() => error);
    else this.#finish({ by: 'sfu', ...(error && { error }) });
  }

  #fail(error: RelayError): void {
    if (this.#state === 'joining') this.#cancel?.abort(() => error);
    else this.#break(error);
  }

  /** An offer without an answer leaves the client deaf to every later track, and nobody says so. */
  #unanswered(): void {
    const message = "The SFU's offer was not answered in time: join afresh.";
    this.#break(new RelayError('ERR_RELAY_CLIENT_TIMEOUT', message));
  }

  #break(error: RelayError): RelayError {
    this.#leave({ by: error.code.startsWith('ERR_RELAY_SFU') ? 'sfu' : 'relay', error });
    void this.#link.end(error.code === 'ERR_RELAY_SFU_TIMEOUT');
    return error;
  }

  /** Out of the room at once; the stream's end may take a moment. */
  #leave(reason: SessionCloseReason): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#state = 'closing';
    this.#subscriber.stop();
    this.room.remove(this);
    const why = () => endOf(reason);
    this.#link.refuseAll(why);
    (this.#signals ?? this.#replies)?.close(why);
  }

  #finish(reason: SessionCloseReason): void {
    if (this.#state === 'closed') return;
    this.#leave(reason);
    this.#state = 'closed';
    this.emit('close', this.#reason ?? reason);
    this.removeAllListeners();
    this.#ended?.resolve();
  }

  #releaseHeld(): void {
    // When all are there that come in this turn: the client too, where the application listens since `sessionopen`.
    if (this.#subscriber.isHolding) process.nextTick(() => this.#subscriber.release());
  }

  #fields() {
    return { sessionId: this.id, roomId: this.roomId, userId: this.userId };
  }
}

/** Whoever ignores the promise has seen none where there is no hook: a refusal is no unhandled rejection. */
function heard<Value>(result: Value | Promise<Value>): Value | Promise<Value> {
  if (result instanceof Promise) result.catch(() => {});
  return result;
}

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** What becomes of whatever is under way. */
function endOf({ error }: SessionCloseReason): RelayError {
  return error ?? new RelayError('ERR_RELAY_ABORTED', 'The session was closed.');
}

function notNow(message: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_STATE', message);
}
