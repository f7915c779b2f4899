import { checkType, Guard, type GuardPolicy } from '../guard/guard.js';
import type { TrackNames } from '../guard/track-names.js';
import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type {
  IceCandidate,
  IceServer,
  SessionDescription,
  Subscription,
  Target,
  Track,
} from '../protocol/types.js';
import { type Sfu, type SfuStream, sfuTimeout } from '../sfu/sfu.js';
import type { CancelSignal } from '../util/cancellation.js';
import { withDeadline } from '../util/deadline.js';
import { type Admit, Joining } from './join.js';
import type { JoinedPeer, PeerOwner, PeerSetup } from './peer-owner.js';
import { Publishing } from './publisher.js';
import { ReplyPassage } from './reply-filter.js';
import { SfuCall } from './sfu-call.js';
import { SubscriberNegotiation } from './subscriber.js';
import type { Takeover } from './takeover.js';

/**
 * A session's presence on the SFU: one signalling stream, and the negotiation of both connections. The session can
 * replace it by another one.
 */
export class SfuPeer {
  /** 1 for the first peer of a session. */
  readonly number: number;
  readonly #setup: PeerSetup;
  readonly #owner: PeerOwner;
  readonly #guard: Guard;
  readonly #replies: ReplyPassage;
  readonly #call: SfuCall;
  readonly #publishing: Publishing;
  readonly #subscriber: SubscriberNegotiation;
  #joining: Joining | undefined;
  #answer: SessionDescription | undefined;
  #iceServers: readonly IceServer[] = [];
  /** Set when it has left: why requests fail from then on. */
  #left: (() => RelayError) | undefined;

  constructor(number: number, setup: PeerSetup, owner: PeerOwner, takeover?: Takeover) {
    this.number = number;
    this.#setup = setup;
    this.#owner = owner;
    this.#guard = new Guard(setup.policy, setup.room, setup, takeover?.sessionIds);
    this.#replies = new ReplyPassage(owner.replies, (error) => this.#failed(error));
    const { id: sessionId, userId, room, logger } = setup;
    this.#call = new SfuCall({
      logger,
      fields: () => ({ sessionId, roomId: room.id, userId }),
      onOffer: (offer) => this.#replies.offer(offer, (shown) => this.#subscriber.offer(offer, shown)),
      onCandidate: (target, init) => {
        if (target === 0) this.#publishing.candidate();
        this.#replies.candidate(target, init, (...shown) => this.#subscriber.candidate(...shown));
      },
      onRefused: (error) => owner.onBroken(number, error),
      onEnd: (error) => {
        if (this.#joining) this.#joining.abort(() => error);
        else owner.onEnded(number, error);
      },
    });
    this.#publishing = new Publishing({
      guard: this.#guard,
      send: (sdp) => this.#sendOffer(sdp),
      onAccepted: (offer) => owner.onTracks(number, offer),
      onCut: (trackId, isCut) => owner.onCut(number, trackId, isCut),
    });
    this.#subscriber = new SubscriberNegotiation({
      answerTimeoutMs: setup.answerTimeoutMs,
      deliver: (event) =>
        event.name === 'offer'
          ? owner.onOffer(number, event.value)
          : owner.onCandidate(number, event.target, event.init),
      onUnanswered: () => owner.onBroken(number, unanswered()),
    });
    this.#joining = new Joining({
      guard: this.#guard,
      signals: owner.signals,
      method: number === 1 ? 'join' : 'offer',
      replies: this.#replies,
      call: this.#call,
      publishing: this.#publishing,
      roomId: room.id,
      timeoutMs: setup.joinTimeoutMs,
      sfuReplies: setup.sfuReplies,
      iceServers: setup.iceServers,
      takeOver: takeover && (() => takeover.complete()),
      request: (sdp) => ({
        roomId: room.id,
        userId,
        sessionId,
        peer: number,
        sdp,
        autoSubscribe: setup.autoSubscribe && this.#guard.policy.canSubscribe,
      }),
    });
  }

  /** What the room calls its tracks. */
  get names(): TrackNames {
    return this.#guard.names;
  }

  /** Called once, with the tracks of its first offer, before that is held against the mutes. */
  set onFirstOffer(told: (tracks: readonly Track[]) => void) {
    this.#guard.onRelease = (tracks) => {
      this.#guard.onRelease = undefined;
      told(tracks);
    };
  }

  /** Another peer has taken its place: it sends nothing but these tracks, by their ids. */
  keepOnly(trackIds: ReadonlySet<string>): void {
    this.#guard.only = trackIds;
  }

  /** What its client may send; it may change. */
  get policy(): GuardPolicy {
    return this.#guard.policy;
  }

  set policy(policy: GuardPolicy) {
    this.#guard.policy = policy;
  }

  /** Whether the SFU serves data channels on it, whatever later offers say. */
  get hasDataChannels(): boolean {
    return this.#guard.hasDataChannels;
  }

  /** Its tracks that a moderator has cut off, by their ids. */
  get cut(): ReadonlySet<string> {
    return this.#publishing.cut;
  }

  /** The SFU's answer to the join, or to the newest offer since. */
  get answer(): SessionDescription | undefined {
    return this.#answer;
  }

  get iceServers(): readonly IceServer[] {
    return this.#iceServers;
  }

  /** Messages that the SFU has not taken yet; undefined where none may go to it. */
  get pending(): number | undefined {
    return this.#joining ? undefined : this.#call.stream?.pending;
  }

  get isHolding(): boolean {
    return this.#subscriber.isHolding;
  }

  /** Hands on what has waited for a listener. */
  release(): void {
    this.#subscriber.release();
  }

  /**
   * Joins, once `admit` has let it. `joined` is called in the turn in which that is settled; `open` hands on what the SFU
   * says. Where it fails nothing is left on the SFU, and `failed` is called.
   */
  async join(
    sfu: Sfu,
    sdp: string,
    admit: Admit,
    signal: CancelSignal | undefined,
    joined: (peer: JoinedPeer) => void,
    failed: (error: RelayError) => void,
  ): Promise<void> {
    const joining = this.#joining;
    if (!joining) throw new RelayError('ERR_RELAY_INVALID_STATE', 'The session has joined before.');
    const abort = () => joining.abort(() => signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const { answer, released, metadata, iceServers } = await joining.run(sfu, sdp, admit);
      joining.check();
      this.#joining = undefined;
      this.#answer = answer;
      this.#iceServers = iceServers;
      this.#publishing.joined(released);
      joined({ released, metadata });
    } catch (error) {
      const failure = joining.fail(error);
      this.#call.end(failure.code === 'ERR_RELAY_SFU_TIMEOUT');
      failed(failure);
      throw failure;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** From now on it hands on what the SFU says, as it comes. */
  open(): void {
    this.#subscriber.open();
  }

  /** Ends the join that is under way. */
  abort(why: () => unknown): void {
    this.#joining?.abort(why);
  }

  /** `shown` is told of the answer that the client gets. */
  offer(
    description: SessionDescription,
    shown: (answer: SessionDescription) => void,
  ): Promise<SessionDescription> {
    return this.#publishing.offer(description, async (answer) => {
      this.#answer = await this.#replies.answer(answer);
      shown(this.#answer);
      this.#checkCrowd();
      return this.#answer;
    });
  }

  answerOffer(description: SessionDescription): void {
    checkType(description, 'answer');
    const { sdp, rejected } = this.#guard.answer(description, this.#subscriber.pendingOffer);
    this.#subscriber.answered();
    this.#call.stream?.answer(sdp);
    this.#checkCrowd();
    if (rejected.length > 0) void this.#withdraw(rejected);
  }

  /** Ion sends the media of a section that was rejected all the same, and offers it again each time. */
  async #withdraw(trackIds: string[]): Promise<void> {
    try {
      await this.subscribe(trackIds.map((trackId) => ({ trackId, subscribe: false })));
    } catch {
      // The session is over, or receives nothing any more.
    }
  }

  addIceCandidate(target: Target, candidate: IceCandidate): void {
    const init = this.#guard.candidate(target, candidate);
    if (init !== undefined) this.#call.stream?.candidate(target, init);
  }

  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    this.#guard.subscriptions(subscriptions);
    if (subscriptions.length === 0) return;
    const { sfuReplies } = this.#setup;
    await this.#reply(sfuReplies.subscribe.time(this.#call.subscribe(this.#stream, subscriptions)));
  }

  /** What it publishes is held against what it may by now; nothing where `isJoined` says no. */
  revise(isJoined: () => boolean): Promise<void> {
    return this.#publishing.revise(isJoined);
  }

  /** Nothing is told or taken any more; `end` follows. */
  leave(why: () => RelayError): void {
    this.#left = why;
    this.#subscriber.stop();
    this.#call.refuseAll(why);
  }

  /** Leaves the SFU. `silent` where the SFU does not answer. */
  end(silent = false): void {
    this.#call.end(silent);
  }

  #checkCrowd(): void {
    const { crowd } = this.#guard;
    if (crowd > 0) this.#owner.onCrowded(this.number, crowd);
  }

  get #stream(): SfuStream {
    const { stream } = this.#call;
    if (!stream) throw new RelayError('ERR_RELAY_INVALID_STATE', 'The session has not joined yet.');
    return stream;
  }

  /** It may have waited for its turn until the peer was gone. */
  async #sendOffer(sdp: string): Promise<SessionDescription> {
    if (this.#left) throw this.#left();
    const stream = this.#stream;
    if (stream.pending > LIMITS.maxPendingToSfu) throw this.overrun();
    return this.#reply(this.#setup.sfuReplies.offer.time(this.#call.offer(stream, sdp)));
  }

  /** Too much waits for the SFU: the peer is over. */
  overrun(): RelayError {
    const error = new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait for the SFU.');
    this.#owner.onBroken(this.number, error);
    return error;
  }

  /** A reply that is overdue could not be told from the next one: the peer is over. */
  async #reply<Value>(promise: Promise<Value>): Promise<Value> {
    try {
      return await withDeadline(promise, this.#setup.joinTimeoutMs, sfuTimeout);
    } catch (error) {
      const failure = RelayError.from(error);
      if (failure.code === 'ERR_RELAY_SFU_TIMEOUT') this.#owner.onBroken(this.number, failure);
      throw failure;
    }
  }

  #failed(error: RelayError): void {
    if (this.#joining) this.#joining.abort(() => error);
    else this.#owner.onBroken(this.number, error);
  }
}

/** An offer without an answer leaves the client deaf to every later track, and nobody says so. */
function unanswered(): RelayError {
  return new RelayError('ERR_RELAY_CLIENT_TIMEOUT', "The SFU's offer was not answered in time: join afresh.");
}
