import { checkType, Guard, type GuardPolicy } from '../../guard/guard.js';
import type { TrackNames } from '../../guard/track-names.js';
import { invalidState, RelayError } from '../../protocol/errors.js';
import type {
  IceCandidate,
  IceServer,
  SessionDescription,
  Subscription,
  Target,
  Track,
} from '../../protocol/types.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { type Admit, JoinAttempt } from './join-attempt.js';
import type { JoinedPeer, PeerOwner, PeerSetup } from './peer-owner.js';
import { PeerSight } from './peer-sight.js';
import { type PeersState, peerElsewhere } from './peers-elsewhere.js';
import { Publisher } from './publisher.js';
import { ReplyFilter } from './reply-filter.js';
import { SfuCall, type SfuCallOwner } from './sfu-call.js';
import { Subscriber } from './subscriber.js';
import type { Takeover } from './takeover.js';

/** A session's peer on the SFU: one signalling stream and both peer connections. The session can replace it. */
export class SfuPeer implements SfuCallOwner {
  /** 1 for the first peer of a session. */
  readonly number: number;
  readonly sight: PeerSight;
  readonly #owner: PeerOwner;
  readonly #guard: Guard;
  readonly #replies: ReplyFilter;
  readonly #call: SfuCall;
  readonly #publisher: Publisher;
  readonly #subscriber: Subscriber;
  /** Undefined once the peer has joined. */
  #attempt: JoinAttempt | undefined;
  #answer: SessionDescription | undefined;
  #iceServers: readonly IceServer[] = [];

  constructor(number: number, setup: PeerSetup, owner: PeerOwner, takeover?: Takeover) {
    this.number = number;
    this.#owner = owner;
    this.#guard = new Guard(setup.policy, setup.room, setup, takeover?.sessionIds);
    this.#replies = new ReplyFilter(owner.replies, (error) => this.onBroken(error));
    this.#call = new SfuCall(setup, this);
    this.#publisher = new Publisher({ number, owner, guard: this.#guard, call: this.#call });
    this.#subscriber = new Subscriber({
      number,
      emitter: owner.emitter,
      answerTimeoutMs: setup.answerTimeoutMs,
      onUnanswered: () => owner.onBroken(number, unanswered()),
    });
    this.sight = new PeerSight(setup, this.#call, this.#subscriber);
    this.#attempt = new JoinAttempt({
      number,
      options: setup,
      takeover,
      signals: owner.signals,
      guard: this.#guard,
      replies: this.#replies,
      call: this.#call,
      publisher: this.#publisher,
    });
  }

  /** The room's ids of the client's tracks. */
  get names(): TrackNames {
    return this.#guard.names;
  }

  /** Of the room's placement that the peer is in; undefined before its stream is open. */
  get generation(): number | undefined {
    return this.#call.stream?.generation;
  }

  /** Called once, with the tracks of the first offer, before mutes are applied to it. */
  set onFirstOffer(callback: (tracks: readonly Track[]) => void) {
    this.#guard.onRelease = (tracks) => {
      this.#guard.onRelease = undefined;
      callback(tracks);
    };
  }

  /** Another peer has replaced this one, which may go on sending these tracks only. */
  keepOnly(trackIds: ReadonlySet<string>): void {
    this.#guard.only = trackIds;
  }

  /** What the client may send. */
  get policy(): GuardPolicy {
    return this.#guard.policy;
  }

  set policy(policy: GuardPolicy) {
    this.#guard.policy = policy;
  }

  /** Whether the SFU serves data channels on this peer, whatever later offers say. */
  get hasDataChannels(): boolean {
    return this.#guard.hasDataChannels;
  }

  /** The ids of tracks that a moderator has muted. */
  get cut(): ReadonlySet<string> {
    return this.#publisher.cut;
  }

  /**
   * The SFU's answer to the join, or to the newest offer since.
   * @throws RelayError `ERR_RELAY_INVALID_STATE` before the join
   */
  get answer(): SessionDescription {
    if (!this.#answer) throw invalidState('The session has not joined.');
    return this.#answer;
  }

  get iceServers(): readonly IceServer[] {
    return this.#iceServers;
  }

  /** The offer of the SFU that the client has to answer, as it was sent to it. */
  get unansweredOffer(): SessionDescription | undefined {
    return this.#subscriber.unansweredOffer;
  }

  get isHolding(): boolean {
    return this.#subscriber.isHolding;
  }

  /** Emits what has waited for a listener. */
  release(): void {
    this.#subscriber.release();
  }

  /** @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_TOO_MANY`, `ERR_RELAY_REJOIN`: the peer takes no messages */
  requireOpen(): void {
    if (this.#attempt) throw invalidState('The session has ended.');
    this.#call.checkPending(this.#call.openStream());
  }

  /**
   * Joins, once `admit` allows it. `joined` is called in the same turn as the join is settled; `open` then starts the SFU's
   * messages. After a failure nothing is left on the SFU, and `failed` is called.
   */
  async join(
    sdp: string,
    admit: Admit,
    signal: CancelSignal | undefined,
    joined: (peer: JoinedPeer) => void,
    failed: (error: RelayError) => void,
  ): Promise<void> {
    const attempt = this.#attempt;
    if (!attempt) throw invalidState('The session has joined before.');
    const abort = () => attempt.abort(() => signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const { answer, released, metadata, iceServers } = await attempt.run(sdp, admit);
      attempt.check();
      this.#attempt = undefined;
      this.#answer = answer;
      this.#iceServers = iceServers;
      this.#publisher.joined(released);
      joined({ released, metadata });
    } catch (error) {
      const failure = attempt.fail(error);
      this.#call.end(failure.code === 'ERR_RELAY_SFU_TIMEOUT');
      failed(failure);
      throw failure;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** For another process, which continues the session with a peer of its own. */
  get state() {
    const { number: peer, answer, iceServers, names, cut } = this;
    return { peer, answer, iceServers, names: names.ids, cut: [...cut] };
  }

  /** The peer is in another process: here it takes no messages. */
  assume({ answer, iceServers, names, cut }: PeersState): void {
    this.#attempt = undefined;
    this.#answer = answer;
    this.#iceServers = iceServers;
    this.names.ids = names;
    this.#publisher.joined({ cut: new Set(cut) });
    this.leave(peerElsewhere);
  }

  /** From now on the SFU's messages are emitted as they arrive. */
  open(): void {
    this.#subscriber.open();
  }

  /** The client has another connection: it has the full time to answer a pending offer. */
  restartAnswerTime(): void {
    this.#subscriber.restartAnswerTime();
  }

  /** Ends a pending join. */
  abort(why: () => unknown): void {
    this.#attempt?.abort(why);
  }

  /** `shown` is called with the answer that the client gets. */
  offer(
    description: SessionDescription,
    shown: (answer: SessionDescription) => void,
  ): Promise<SessionDescription> {
    return this.#publisher.offer(description, async (answer) => {
      this.#answer = await this.#replies.answer(answer);
      shown(this.#answer);
      this.#checkSaturation();
      return this.#answer;
    });
  }

  answerOffer(description: SessionDescription): void {
    checkType(description, 'answer');
    const { sdp, rejected } = this.#guard.answer(description, this.#subscriber.pendingOffer);
    this.#subscriber.answered();
    this.#call.stream?.answer(sdp);
    this.#checkSaturation();
    if (rejected.length > 0) void this.#unsubscribe(rejected);
  }

  /** Ion keeps sending the media of a rejected section, and offers it again each time. */
  async #unsubscribe(trackIds: string[]): Promise<void> {
    try {
      await this.subscribe(trackIds.map((trackId) => ({ trackId, subscribe: false })));
    } catch {
      // The session has ended, or may not receive any more.
    }
  }

  addIceCandidate(target: Target, candidate: IceCandidate): void {
    const init = this.#guard.candidate(target, candidate);
    if (init === undefined) return;
    if (target === 0) this.#publisher.addIceCandidate(init);
    else this.#call.stream?.candidate(target, init);
  }

  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    this.#guard.subscriptions(subscriptions);
    if (subscriptions.length > 0) await this.#call.subscribe(subscriptions);
  }

  /** Applies changed grants and mutes to what the peer publishes; nothing where `isJoined` returns false. */
  revise(isJoined: () => boolean): Promise<void> {
    return this.#publisher.revise(isJoined);
  }

  /** The peer emits and accepts no messages any more; `end` follows. */
  leave(why: () => RelayError): void {
    this.#subscriber.stop();
    this.#call.leave(why);
  }

  /** Leaves the SFU. `silent`: the SFU does not answer. */
  end(silent = false): void {
    this.#call.end(silent);
  }

  onOffer(offer: SessionDescription): void {
    this.sight.note(offer.sdp);
    this.#replies.offer(offer, (shown) => this.#subscriber.offer(offer, shown));
  }

  onCandidate(target: Target, init: string): void {
    if (target === 0) this.#publisher.candidate();
    this.#replies.candidate(target, init, (...shown) => this.#subscriber.candidate(...shown));
  }

  onBroken(error: RelayError): void {
    if (this.#attempt) this.#attempt.abort(() => error);
    else this.#owner.onBroken(this.number, error);
  }

  onEnd(error: RelayError | undefined): void {
    if (this.#attempt) this.#attempt.streamEnded(error);
    else this.#owner.onEnded(this.number, error);
  }

  #checkSaturation(): void {
    const { saturation } = this.#guard;
    if (saturation > 0) this.#owner.onSaturated(this.number, saturation);
  }
}

/** Ion sends no further offer before the answer, so the client would receive no later track. */
function unanswered(): RelayError {
  return new RelayError('ERR_RELAY_CLIENT_TIMEOUT', "The SFU's offer was not answered in time: join afresh.");
}
