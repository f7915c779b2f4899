import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { SessionDescription, Target } from '../../protocol/types.js';
import { Deadline } from '../../util/deadline.js';
import type { SessionEmitter } from '../events/session-emitter.js';

/** An offer or a candidate of the SFU. */
type NegotiationEvent =
  | { name: 'offer'; value: SessionDescription }
  /** `init` is the JSON of an RTCIceCandidateInit. */
  | { name: 'candidate'; target: Target; init: string };

interface SubscriberSetup {
  /** Of the peer. */
  number: number;
  emitter: SessionEmitter;
  answerTimeoutMs: number;
  /** The client has not answered an offer in time. */
  onUnanswered(): void;
}

/**
 * The subscriber connection of a peer: emits the SFU's offers and candidates in the order that a client needs. Ion sends
 * candidates of the subscriber connection before their offer, and no further offer until the last one is answered.
 */
export class Subscriber {
  readonly #setup: SubscriberSetup;
  /** Candidates of the subscriber connection before its first offer. */
  #early: string[] | undefined = [];
  /** Events that wait for a listener. */
  #held: NegotiationEvent[] = [];
  #open = false;
  /** The unanswered offer. */
  #pending: SessionDescription | undefined;
  /** As the client gets it. */
  #shown: SessionDescription | undefined;
  #timer: Deadline | undefined;

  constructor(setup: SubscriberSetup) {
    this.#setup = setup;
  }

  /** The unanswered offer as it was emitted. */
  get unansweredOffer(): SessionDescription | undefined {
    return this.#held.some(({ name }) => name === 'offer') ? undefined : this.#shown;
  }

  /** Whether an offer is unanswered. */
  get hasPending(): boolean {
    return this.#pending !== undefined;
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** `shown`: the offer as the client gets it. */
  offer(offer: SessionDescription, shown = offer): void {
    this.#pending = offer;
    this.#shown = shown;
    // A newer offer replaces one that no listener has got.
    this.#held = this.#held.filter(({ name }) => name !== 'offer');
    this.#pass({ name: 'offer', value: shown });
    for (const init of this.#early ?? []) this.#pass({ name: 'candidate', target: 1, init });
    this.#early = undefined;
  }

  candidate(target: Target, init: string): void {
    if (target === 0 || !this.#early) this.#pass({ name: 'candidate', target, init });
    else if (this.#early.length < LIMITS.maxHeldCandidates) this.#early.push(init);
  }

  /**
   * The SDP of the unanswered offer.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`: an answer without an offer ends the stream on the SFU.
   */
  get pendingOffer(): string {
    if (!this.#pending)
      throw new RelayError('ERR_RELAY_INVALID_STATE', 'There is no offer of the SFU to answer.');
    return this.#pending.sdp;
  }

  answered(): void {
    this.#pending = undefined;
    this.#shown = undefined;
    this.#unwatch();
  }

  /** Gives the client the full time again to answer the offer that it was sent, if it has not answered yet. */
  restartAnswerTime(): void {
    if (this.#open && !this.#held.some(({ name }) => name === 'offer')) this.#watch();
  }

  /** From now on events are emitted as they arrive. */
  open(): void {
    this.#open = true;
    this.release();
  }

  /** Emits the held events that have a listener now. */
  release(): void {
    if (!this.#open) return;
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#pass(event);
  }

  stop(): void {
    this.#unwatch();
    this.#open = false;
    this.#held = [];
    this.#early = undefined;
  }

  #pass(event: NegotiationEvent): void {
    if (this.#open && !this.#waitsForOffer(event) && this.#emit(event)) {
      if (event.name === 'offer') this.#watch();
      return;
    }
    if (event.name === 'candidate' && this.#held.length > LIMITS.maxHeldCandidates) return;
    this.#held.push(event);
  }

  #emit(event: NegotiationEvent): boolean {
    const { emitter, number } = this.#setup;
    return event.name === 'offer'
      ? emitter.offer(event.value, number)
      : emitter.candidate(event.target, event.init, number);
  }

  /** A candidate of the subscriber connection stays behind a held offer. */
  #waitsForOffer(event: NegotiationEvent): boolean {
    return (
      event.name === 'candidate' && event.target === 1 && this.#held.some(({ name }) => name === 'offer')
    );
  }

  #watch(): void {
    this.#unwatch();
    if (this.#pending)
      this.#timer = new Deadline(() => this.#setup.onUnanswered(), this.#setup.answerTimeoutMs);
  }

  /** Releases the timer, too: for most of a session's life no offer waits for an answer. */
  #unwatch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
