import { checkInit } from '../../guard/ice-candidate.js';
import { invalidState, RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { SessionDescription, Subscription, Target } from '../../protocol/types.js';
import { type SfuJoin, type SfuStream, type SfuStreamListener, sfuTimeout } from '../../sfu/sfu.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { withDeadline } from '../../util/deadline.js';
import type { PeerSetup } from './peer-owner.js';
import { PendingReplies } from './pending-replies.js';

/** What a call reports to its peer. */
export interface SfuCallOwner {
  onOffer(offer: SessionDescription): void;
  /** `init` is valid JSON of an RTCIceCandidateInit. */
  onCandidate(target: Target, init: string): void;
  /** The call can't go on. */
  onBroken(error: RelayError): void;
  /** The stream has ended; without an error where the relay ended it. */
  onEnd(error: RelayError | undefined): void;
}

/** One peer's stream on the SFU: its requests, their replies, and its end. */
export class SfuCall implements SfuStreamListener {
  readonly #setup: PeerSetup;
  readonly #owner: SfuCallOwner;
  #stream: SfuStream | undefined;
  /** Set when the peer has left: the error of later requests. */
  #left: (() => RelayError) | undefined;
  /** Answers to the join and to every later offer. */
  readonly #answers = new PendingReplies<SessionDescription>();
  readonly #subscribed = new PendingReplies<void>();

  constructor(setup: PeerSetup, owner: SfuCallOwner) {
    this.#setup = setup;
    this.#owner = owner;
  }

  /** The stream, once it is open. */
  get stream(): SfuStream | undefined {
    return this.#stream;
  }

  async open(cancelled: CancelSignal): Promise<SfuStream> {
    const { sfu, room, userId } = this.#setup;
    const stream = await sfu.open(room, userId, this, cancelled);
    this.#stream = stream;
    if (cancelled.aborted) stream.end();
    return stream;
  }

  /** Without a deadline of its own. */
  join(stream: SfuStream, request: SfuJoin): Promise<SessionDescription> {
    return this.#setup.sfuReplies.join.time(this.#answers.ask(() => stream.join(request)));
  }

  async offer(sdp: string): Promise<SessionDescription> {
    const stream = this.openStream();
    this.checkPending(stream);
    return this.#inTime(this.#setup.sfuReplies.offer.time(this.#answers.ask(() => stream.offer(sdp))));
  }

  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    const stream = this.openStream();
    const reply = this.#subscribed.ask(() => stream.subscribe(subscriptions));
    await this.#inTime(this.#setup.sfuReplies.subscribe.time(reply));
  }

  /** @throws RelayError `ERR_RELAY_TOO_MANY`: too many messages wait for the SFU, and the call is broken */
  checkPending(stream: SfuStream): void {
    if (stream.pending <= LIMITS.maxPendingToSfu) return;
    const error = new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait for the SFU.');
    this.#owner.onBroken(error);
    throw error;
  }

  /** Pending and later requests fail; `end` follows. */
  leave(why: () => RelayError): void {
    this.#left = why;
    this.#answers.refuseAll(why);
    this.#subscribed.refuseAll(why);
  }

  /** The SFU has lost the stream: another one may be opened. */
  lost(error: RelayError): void {
    this.#stream = undefined;
    this.#answers.refuseAll(() => error);
  }

  /** Ends the stream. `silent`: the SFU does not answer. */
  end(silent = false): void {
    this.#stream?.end(silent);
  }

  onJoined(answer: SessionDescription): void {
    this.#answers.answer(answer);
  }

  onRefused(reason: string): void {
    const error = refused('The SFU refused the session.', reason);
    if (!this.#answers.refuse(error)) this.#owner.onBroken(error);
  }

  onAnswer(answer: SessionDescription): void {
    this.#answers.answer(answer);
  }

  onOffer(offer: SessionDescription): void {
    this.#owner.onOffer(offer);
  }

  onCandidate(target: Target, init: string): void {
    const checked = checkInit(init);
    if (checked !== undefined) this.#owner.onCandidate(target, checked);
    else this.#warn({ init: init.slice(0, 200) }, 'The SFU sent a malformed candidate');
  }

  onSubscribed(refusal: string | undefined): void {
    if (refusal === undefined) this.#subscribed.answer();
    else this.#subscribed.refuse(refused('The SFU refused the subscription.', refusal));
  }

  onError(reason: string): void {
    this.#warn({ reason }, 'The SFU reported an error');
  }

  onEnd(error: RelayError | undefined): void {
    this.#owner.onEnd(error);
  }

  /**
   * An offer may have waited for its turn until the peer had left.
   * @throws RelayError why the peer takes no messages
   */
  openStream(): SfuStream {
    if (this.#left) throw this.#left();
    if (!this.#stream) throw invalidState('The session has not joined yet.');
    return this.#stream;
  }

  /** Replies carry no id: a late one would be taken for the next one, so a timeout breaks the call. */
  async #inTime<Value>(reply: Promise<Value>): Promise<Value> {
    try {
      return await withDeadline(reply, this.#setup.joinTimeoutMs, sfuTimeout);
    } catch (error) {
      const failure = RelayError.from(error);
      if (failure.code === 'ERR_RELAY_SFU_TIMEOUT') this.#owner.onBroken(failure);
      throw failure;
    }
  }

  #warn(details: object, message: string): void {
    const { logger, id: sessionId, userId, room } = this.#setup;
    logger.warn({ sessionId, roomId: room.id, userId, ...details }, message);
  }
}

function refused(message: string, reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_REFUSED', message, { cause: new Error(reason) });
}
