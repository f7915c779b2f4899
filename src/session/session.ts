import type { Principal } from '../access/authentication.js';
import { publishLimits } from '../access/grants.js';
import { rejoinSoon } from '../guard/crowd.js';
import { dataChannelsLost } from '../guard/data-channels.js';
import { checkMessage } from '../messages/draft.js';
import type { Moderate, Sender } from '../messages/room-messages.js';
import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { SessionCloseReason, SessionState } from '../protocol/session-state.js';
import type {
  Grants,
  IceCandidate,
  IceServer,
  LiveGrants,
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
} from '../protocol/types.js';
import { checkUpdate } from '../room/participant-update.js';
import type { Room } from '../room/room.js';
import type { Sfu } from '../sfu/sfu.js';
import type { CancelSignal } from '../util/cancellation.js';
import { isPromise } from '../util/is-promise.js';
import { Lane } from '../util/ordered-queue.js';
import { wallClock } from '../util/wall-clock.js';
import type { Admit } from './join.js';
import type { MessageFilters, SignalFilter } from './message-filter.js';
import type { PeerSetup } from './peer-owner.js';
import { SessionEmitter } from './session-emitter.js';
import { SessionGrants } from './session-grants.js';
import { type NextPeer, SessionPeers, type SessionPeersOwner } from './session-peers.js';
import type { SfuPeer } from './sfu-peer.js';
import { StatsMeter } from './stats-meter.js';
import type { Predecessor, Takeover } from './takeover.js';

/** What a session is made of; the relay fills it in. */
export interface SessionSetup<P extends Principal> extends PeerSetup {
  role: Role;
  grants: Grants;
  principal: P | undefined;
  /** What stands between its client and the SFU; undefined where all messages pass. */
  filters: ((session: Session<P>) => MessageFilters) | undefined;
  /** Whether the application says which user it is, and not the client itself. */
  isNamed: boolean;
  /** The application's word on a message, before it goes to the room. */
  moderate: Moderate | undefined;
}

/**
 * One participant: one peer after the other on the SFU, one state machine. It knows nothing of the connection that it serves, and can be
 * driven without any.
 * @category Session
 */
export class Session<P extends Principal = Principal> extends SessionEmitter {
  readonly id: string;
  readonly room: Room;
  readonly userId: string;
  readonly hidden: boolean;
  /** ms since the epoch. */
  readonly createdAt = wallClock();
  /** @internal The session in this room that it takes the place of. */
  readonly replaces: string | undefined;
  /** @internal */
  readonly predecessor: Predecessor | undefined;
  /** @internal The newest that is to take its place. */
  heir: Session<P> | undefined;
  readonly #setup: SessionSetup<P>;
  readonly #meter: StatsMeter;
  /** Where the application is to be asked of messages to the SFU, or of those from it. */
  readonly #filters: MessageFilters | undefined;
  readonly #signals: SignalFilter | undefined;
  #state: SessionState = 'joining';
  #principal: P | undefined;
  readonly #grants: SessionGrants;
  /** What it may do has changed while it was joining. */
  #isStale = false;
  readonly #peers: SessionPeers;
  /** Made by its first message. */
  #sender: Sender | undefined;

  #hasJoined = false;
  readonly #since = performance.now();
  #reason: SessionCloseReason | undefined;
  /** Whom its end is awaited by. */
  #ended: { promise: Promise<void>; resolve(): void } | undefined;

  /** @internal */
  constructor(setup: SessionSetup<P>, takeover?: Takeover) {
    super(setup.logger);
    this.#setup = setup;
    this.id = setup.id;
    this.room = setup.room;
    this.userId = setup.userId;
    this.#grants = new SessionGrants(setup.grants, setup.role);
    this.hidden = setup.grants.hidden === true;
    this.#principal = setup.principal;
    this.replaces = takeover?.seatIn(setup.room)?.id;
    this.predecessor = takeover?.predecessor;
    this.#meter = new StatsMeter({
      sessionId: this.id,
      roomId: this.roomId,
      userId: this.userId,
      role: this.role,
    });
    this.#filters = setup.filters?.(this);
    this.#signals = this.#filters?.signals;
    this.#peers = new SessionPeers(setup, this.#makeOwner(), takeover);
  }

  get role(): Role {
    return this.#grants.role;
  }

  /** @internal ms since it was made, whatever becomes of the system's clock. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }

  /** What it may do by now. */
  get grants(): Readonly<Grants> {
    return this.#grants.current;
  }

  /** @internal */
  get isNamed(): boolean {
    return this.#setup.isNamed;
  }

  /** Those of its tracks, by the ids that its client gave them, that a moderator has cut off. */
  get cutTracks(): readonly string[] {
    return [...this.#peers.current.cut].map((trackId) => this.#peers.current.names.ofClient(trackId));
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
    return this.#peers.current.iceServers;
  }

  get roomId(): string {
    return this.room.id;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** @internal Whether it ever was in the room. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** The SFU's answer to the join, or to the newest offer since. */
  get answer(): SessionDescription {
    const { answer } = this.#peers.current;
    if (!answer) throw notNow('The session has not joined.');
    return answer;
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
  join(sfu: Sfu, sdp: string, admit: Admit, signal?: CancelSignal): Promise<void> {
    const peer = this.#peers.current;
    return peer.join(
      sfu,
      sdp,
      admit,
      signal,
      ({ released, metadata }) => {
        this.#hasJoined = true;
        this.#state = 'joined';
        this.room.add(this, released.tracks, released.cut, metadata);
        peer.open();
        if (this.#isStale) void this.#revise();
      },
      (error) => this.#finish({ by: 'relay', error }),
    );
  }

  /**
   * @internal Replaces its peer on the SFU; the session, its seat in the room and its messages stay. The SFU's messages
   * to the new peer wait for `openPeer`.
   * @throws RelayError nothing has changed then
   */
  async rejoin(sfu: Sfu, next: NextPeer, signal: CancelSignal): Promise<void> {
    this.#joinedPeer();
    await this.#peers.replace(sfu, next, signal);
    // A moderator, or other grants, may have overtaken the offer.
    void this.#revise();
  }

  /** @internal */
  openPeer(): void {
    this.#peers.current.open();
  }

  /** @internal Its client needs the peer no more that was replaced. */
  leavePeer(number: number): Promise<void> {
    return this.#peers.leave(number);
  }

  /** @internal The number of the peer that serves it. */
  get peer(): number {
    return this.#peers.current.number;
  }

  /**
   * A new offer of the client's publisher connection: a track more or less, an ICE restart. One is with the SFU at
   * a time, one waits; a newer one takes its place, and the older is refused by `ERR_RELAY_INVALID_STATE`.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_SDP`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_SFU_STREAM_ENDED`
   */
  async offer(description: SessionDescription, number?: number): Promise<SessionDescription> {
    const peer = this.#joinedPeer(number);
    const negotiate = (offer: SessionDescription) =>
      peer.offer(offer, (answer) => this.emit('answer', answer));
    if (!this.#signals) return negotiate(description);
    return this.#signals.signal({ method: 'offer', params: description }, negotiate);
  }

  /**
   * The client's answer to the SFU's pending offer. Gives a promise where `onSignal` does.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_INVALID_SDP`
   */
  answerOffer(description: SessionDescription, number?: number): void | Promise<void> {
    if (!this.#signals) return this.#sendAnswer(description, number);
    this.#joinedPeer();
    const message = { method: 'answer', params: description } as const;
    return heard(this.#signals.signal(message, (params) => this.#sendAnswer(params, number)));
  }

  /**
   * A candidate of the client. An empty one says that there are no more. Gives a promise where `onSignal` does.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_SDP`
   */
  addIceCandidate(
    trickle: { target: Target; candidate: IceCandidate },
    number?: number,
  ): void | Promise<void> {
    if (typeof trickle !== 'object' || trickle === null)
      throw new RelayError(
        'ERR_RELAY_INVALID_PARAMS',
        'addIceCandidate() needs an object: write session.addIceCandidate({ target: 0, candidate }).',
      );
    if (!this.#signals) return this.#sendCandidate(trickle, number);
    this.#joinedPeer();
    const message = { method: 'trickle', params: trickle } as const;
    return heard(this.#signals.signal(message, (params) => this.#sendCandidate(params, number)));
  }

  /**
   * Which of the room's tracks to receive.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_SFU_TIMEOUT`
   */
  async subscribe(subscriptions: readonly Subscription[], number?: number): Promise<void> {
    if (!this.#signals) return this.#sendSubscriptions(subscriptions, number);
    this.#joinedPeer();
    const message = { method: 'subscribe', params: { subscriptions } } as const;
    return this.#signals.signal(message, (params) => this.#sendSubscriptions(params.subscriptions, number));
  }

  /**
   * What the participant says of itself, to the room.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`
   */
  update(update: ParticipantUpdate): void {
    this.#joinedPeer();
    this.room.update(this, checkUpdate(update, this.tracks, this.#peers.current.names));
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
    this.#joinedPeer();
    const stats = this.#meter.report(report);
    this.emit('stats', stats);
    return stats;
  }

  /** @internal */
  protected override get isHolding(): boolean {
    return this.#peers.isHolding;
  }

  /** @internal */
  protected override release(): void {
    this.#peers.release();
  }

  /**
   * @internal Changes what it may do. Resolves when the SFU takes no more than that of what it publishes; where that
   * can't be had, the session ends.
   */
  async changeGrants(changes: LiveGrants): Promise<void> {
    if (this.#grants.change(changes)) await this.#grantsChanged();
  }

  /** @internal What `changeGrants` has changed. */
  get grantChanges(): LiveGrants {
    return this.#grants.changes;
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
    if (this.#state === 'joining') this.#peers.current.abort(() => reason.error);
    else {
      this.#leave(reason);
      this.#peers.endAll();
    }
    if (this.#state === 'closed') return Promise.resolve();
    this.#ended ??= deferred();
    return this.#ended.promise;
  }

  #makeOwner(): SessionPeersOwner {
    return {
      signals: this.#signals,
      replies: this.#filters?.replies,
      onOffer: (offer) => this.emit('offer', offer),
      onCandidate: (target, init, peer) => this.tellCandidate(target, init, peer),
      onTracks: (offer) => this.room.setTracks(this, offer),
      onCut: (trackId, muted) =>
        this.emit('mute', { trackId: this.#peers.current.names.ofClient(trackId), muted }),
      onCrowded: (peer, crowd) => this.emit('rejoin', rejoinSoon(peer, crowd)),
      onBroken: (error) => this.#break(error),
      onEnded: (error) => this.#finish({ by: 'sfu', ...(error && { error }) }),
    };
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

  #sendAnswer(description: SessionDescription, number: number | undefined): void {
    this.#peerOf(number)?.answerOffer(description);
  }

  #sendCandidate(
    { target, candidate }: { target: Target; candidate: IceCandidate },
    number: number | undefined,
  ): void {
    this.#peerOf(number)?.addIceCandidate(target, candidate);
  }

  async #sendSubscriptions(
    subscriptions: readonly Subscription[],
    number: number | undefined,
  ): Promise<void> {
    return this.#joinedPeer(number).subscribe(subscriptions);
  }

  async #grantsChanged(): Promise<void> {
    const { grants, role } = this;
    const { policy } = this.#peers.current;
    const canSubscribe = grants.canSubscribe !== false;
    const offer = publishLimits(grants, role, policy.offer.dataChannels);
    const isOtherRole = (policy.offer.kinds.size === 0) !== (offer.kinds.size === 0);
    this.#peers.policy = { ...policy, offer, canSubscribe };
    if (policy.canSubscribe && !canSubscribe) {
      // Ion adds every new track to a peer that takes all, and an unanswered offer of it would be for good.
      const error = new RelayError('ERR_RELAY_FORBIDDEN', 'You may no longer receive media in this room.');
      return this.close({ by: 'application', error });
    }
    if (!offer.canPublishData && this.#peers.hasDataChannels)
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
      await this.#peers.revise(() => this.#state === 'joined');
    } catch (error) {
      if (this.#state === 'joined') this.#break(RelayError.from(error));
    }
  }

  /** The current peer, where messages may go to it; or the one of that number, undefined where it is gone. */
  #peerOf(number: number | undefined): SfuPeer | undefined {
    return number === undefined || number === this.peer ? this.#joinedPeer() : this.#peers.find(number);
  }

  /** The peer, where messages may go to it. */
  #joinedPeer(number = this.peer): SfuPeer {
    const peer = this.#peers.find(number);
    if (!peer) throw notNow('The session has no such peer any more.');
    const { pending } = peer;
    if (this.#state !== 'joined' || pending === undefined)
      throw notNow(this.#state === 'joining' ? 'The session has not joined yet.' : 'The session has ended.');
    if (pending > LIMITS.maxPendingToSfu) throw peer.overrun();
    return peer;
  }

  #break(error: RelayError): void {
    this.#leave({ by: error.code.startsWith('ERR_RELAY_SFU') ? 'sfu' : 'relay', error });
    this.#peers.endAll(error.code === 'ERR_RELAY_SFU_TIMEOUT');
  }

  /** Out of the room at once; the stream's end may take a moment. */
  #leave(reason: SessionCloseReason): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#state = 'closing';
    const why = () => endOf(reason);
    this.#peers.leaveAll(why);
    this.room.remove(this);
    this.room.publishers.disclaim(this.id);
    this.#filters?.close(why);
  }

  #finish(reason: SessionCloseReason): void {
    if (this.#state === 'closed') return;
    this.#leave(reason);
    this.#state = 'closed';
    this.emit('close', this.#reason ?? reason);
    this.removeAllListeners();
    this.#ended?.resolve();
  }

  /** @internal */
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
