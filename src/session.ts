import type { Principal } from './authentication.js';
import type { CancelSignal } from './cancellation.js';
import type { RelayCounters } from './counters.js';
import { dataChannelsLost } from './data-channels.js';
import { withDeadline } from './deadline.js';
import { RelayError } from './errors.js';
import { type Grants, type LiveGrants, publishLimits } from './grants.js';
import { checkType, Guard, type GuardPolicy } from './guard.js';
import type { HookRunner } from './hook-runner.js';
import { type Admit, Joining } from './joining.js';
import { Lane } from './lane.js';
import { LIMITS } from './limits.js';
import type { Logger } from './logger.js';
import { checkMessage } from './messages/draft.js';
import type { Moderate, Sender } from './messages/room-messages.js';
import type {
  IceCandidate,
  IceServer,
  MessageReceipt,
  OutgoingMessage,
  ParticipantUpdate,
  Role,
  SessionDescription,
  SessionStats,
  StatsReport,
  Subscription,
  Target,
  Track,
} from './model.js';
import type { Moderated } from './moderation/moderation.js';
import { isPromise } from './promise.js';
import { Publishing } from './publishing.js';
import { ReplyPassage } from './reply-passage.js';
import type { Member, Room } from './room.js';
import type { SessionCloseReason, SessionState } from './session-events.js';
import { SessionGrants } from './session-grants.js';
import { SessionHooks } from './session-hooks.js';
import { SessionVoice } from './session-voice.js';
import type { Sfu, SfuStream } from './sfu/port.js';
import { encodeUid } from './sfu/uid.js';
import { SfuLink, sfuTimeout } from './sfu-link.js';
import { StatsMeter } from './stats.js';
import { SubscriberNegotiation } from './subscriber-negotiation.js';
import { checkUpdate } from './update.js';
import { wallClock } from './wall-clock.js';

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
  surplusCandidates: RelayCounters['surplusCandidates'];
  /** The application's word on a message, before it goes to the room. */
  moderate: Moderate | undefined;
  /** Asked for once the session is let in; never rejects. */
  iceServers?: () => readonly IceServer[] | Promise<readonly IceServer[]>;
  /** The SFU has ended the stream by an error, be the session alive, failed or leaving: its peer stays there. */
  onAbandoned?: () => void;
}

/**
 * One participant: one signalling stream on the SFU, one state machine. It knows nothing of the connection that
 * it serves, and can be driven without any.
 * @category Session
 */
export class Session<P extends Principal = Principal> extends SessionVoice implements Member, Moderated {
  readonly id: string;
  readonly room: Room;
  readonly userId: string;
  readonly hidden: boolean;
  /** ms since the epoch. */
  readonly createdAt = wallClock();
  readonly #setup: SessionSetup<P>;
  readonly #guard: Guard;
  readonly #meter: StatsMeter;
  /** Where the application is to be asked of messages to the SFU, or of those from it. */
  readonly #hooks: SessionHooks<P> | undefined;
  readonly #signals: SessionHooks<P> | undefined;
  readonly #replies: ReplyPassage<P>;
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

  /** Its way in, until it has joined. */
  #joining: Joining<P> | undefined;
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
    this.#hooks = hooks && (onSignal || onReply) ? new SessionHooks(hooks, this) : undefined;
    this.#signals = onSignal ? this.#hooks : undefined;
    this.#replies = new ReplyPassage(onReply ? this.#hooks : undefined, (error) => this.#fail(error));
    this.#link = new SfuLink({
      gate: setup.room.gate,
      logger: setup.logger,
      fields: () => this.fields(),
      onOffer: (offer) => this.#replies.offer(offer, (shown) => this.#subscriber.offer(offer, shown)),
      onCandidate: (target, init) => {
        if (target === 0) this.#publishing.candidate();
        this.#replies.candidate(target, init, (...shown) => this.#subscriber.candidate(...shown));
      },
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
          : this.tellCandidate(event.target, event.init),
      onUnanswered: () => this.#unanswered(),
    });
    this.#joining = new Joining({
      guard: this.#guard,
      signals: this.#signals,
      replies: this.#replies,
      link: this.#link,
      publishing: this.#publishing,
      timeoutMs: setup.joinTimeoutMs,
      sfuReplies: setup.sfuReplies,
      iceServers: setup.iceServers,
      request: (sdp) => ({
        roomId: this.roomId,
        uid: encodeUid({ roomId: this.roomId, userId: this.userId, sessionId: this.id }),
        sdp,
        autoSubscribe: setup.autoSubscribe && this.#guard.policy.canSubscribe,
      }),
    });
  }

  get role(): Role {
    return this.#grants.role;
  }

  /** @internal ms since it was made, whatever becomes of the system's clock. */
  get ageMs(): number {
    return this.#guard.ageMs;
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
    return this.#joining === undefined;
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
  async join(sfu: Sfu, sdp: string, admit: Admit, signal?: CancelSignal): Promise<void> {
    const joining = this.#joining;
    if (!joining) throw notNow('The session has joined before.');
    const abort = () => joining.abort(() => signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const { answer, released, metadata, iceServers } = await joining.run(sfu, sdp, admit);
      joining.check();
      this.#joining = undefined;
      this.#state = 'joined';
      this.#answer = answer;
      this.#iceServers = iceServers;
      this.#publishing.joined(released);
      this.room.add(this, released.tracks, released.cut, metadata);
      this.#subscriber.open();
      if (this.#isStale) void this.#revise();
    } catch (error) {
      const failure = joining.fail(error);
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
    const offer = { ...policy.offer, dataChannels: true, canPublishData: true };
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
    if (typeof trickle !== 'object' || trickle === null)
      throw new RelayError(
        'ERR_RELAY_INVALID_PARAMS',
        'addIceCandidate() needs an object: write session.addIceCandidate({ target: 0, candidate }).',
      );
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
    // A client may send members that are not known here.
    if (typeof message !== 'object') checkMessage('session.send', message);
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

  protected override get isHolding(): boolean {
    return this.#subscriber.isHolding;
  }

  protected override release(): void {
    this.#subscriber.release();
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
    if (this.#state === 'joining') this.#joining?.abort(() => reason.error);
    else {
      this.#leave(reason);
      void this.#link.end();
    }
    if (this.#state === 'closed') return Promise.resolve();
    this.#ended ??= deferred();
    return this.#ended.promise;
  }

  #makeSender(): Sender {
    return {
      sessionId: this.id,
      userId: this.userId,
      lane: new Lane(LIMITS.maxWaitingMessages),
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
    checkType(description, 'answer');
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
      return this.close({ by: 'application', error });
    }
    if (!offer.canPublishData && this.#guard.hasDataChannels)
      return this.close({ by: 'relay', error: dataChannelsLost() });
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
    this.#answer = await this.#replies.answer(answer);
    this.emit('answer', this.#answer);
    return this.#answer;
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

  /** A reply that is overdue could not be told from the next one: the session is over. */
  async #reply<Value>(promise: Promise<Value>): Promise<Value> {
    try {
      return await withDeadline(promise, this.#setup.joinTimeoutMs, sfuTimeout);
    } catch (error) {
      const failure = RelayError.from(error);
      throw failure.code === 'ERR_RELAY_SFU_TIMEOUT' ? this.#break(failure) : failure;
    }
  }

  #streamEnded(error: RelayError | undefined): void {
    if (this.#state === 'joining') this.#joining?.abort(() => error);
    else this.#finish({ by: 'sfu', ...(error && { error }) });
  }

  #fail(error: RelayError): void {
    if (this.#state === 'joining') this.#joining?.abort(() => error);
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
    this.#hooks?.close(why);
  }

  #finish(reason: SessionCloseReason): void {
    if (this.#state === 'closed') return;
    this.#leave(reason);
    this.#state = 'closed';
    this.emit('close', this.#reason ?? reason);
    this.removeAllListeners();
    this.#ended?.resolve();
  }

  protected override fields() {
    return { sessionId: this.id, roomId: this.roomId, userId: this.userId };
  }
}

/** Whoever ignores the promise has seen none where there is no hook: a refusal is no unhandled rejection. */
function heard<Value>(result: Value | Promise<Value>): Value | Promise<Value> {
  if (isPromise(result)) result.then(undefined, () => {});
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
