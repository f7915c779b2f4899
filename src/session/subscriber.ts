import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { SessionDescription, Target } from '../protocol/types.js';
import { Deadline } from '../util/deadline.js';

/** What the SFU says of a session's peer connections, to be handed on in its order. */
export type NegotiationEvent =
  | { name: 'offer'; value: SessionDescription }
  /** `init` is the JSON of an RTCIceCandidateInit. */
  | { name: 'candidate'; target: Target; init: string };

interface Setup {
  answerTimeoutMs: number;
  /** Hands an event on; false where nobody listens yet. */
  deliver(event: NegotiationEvent): boolean;
  /** The offer handed on was not answered in time. */
  onUnanswered(): void;
}

/**
 * The SFU's side of the negotiation. Ion sends candidates of the subscriber connection before the offer that
 * they belong to, and sends no further offer until its last one is answered.
 */
export class SubscriberNegotiation {
  readonly #setup: Setup;
  /** Of the subscriber connection, before its first offer. */
  #early: string[] | undefined = [];
  /** What nobody has listened to yet. */
  #held: NegotiationEvent[] = [];
  #open = false;
  /** The offer that has no answer yet. */
  #pending: SessionDescription | undefined;
  #timer: Deadline | undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** `shown` is what the client gets to see of it. */
  offer(offer: SessionDescription, shown = offer): void {
    this.#pending = offer;
    // A newer offer makes an unheard one void.
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
   * The SDP of the offer that is to be answered.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`: an answer without an offer ends the stream on the SFU.
   */
  get pendingOffer(): string {
    if (!this.#pending)
      throw new RelayError('ERR_RELAY_INVALID_STATE', 'There is no offer of the SFU to answer.');
    return this.#pending.sdp;
  }

  answered(): void {
    this.#pending = undefined;
    this.#unwatch();
  }

  /** From now on events are handed on as they come. */
  open(): void {
    this.#open = true;
    this.release();
  }

  /** Hands on what has a listener now. */
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
    if (this.#open && !this.#waitsForOffer(event) && this.#setup.deliver(event)) {
      if (event.name === 'offer') this.#watch();
      return;
    }
    if (event.name === 'candidate' && this.#held.length > LIMITS.maxHeldCandidates) return;
    this.#held.push(event);
  }

  /** A candidate of the subscriber connection stays behind the offer that nobody has listened to yet. */
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

  /** Nothing is kept of the timer, either: most of a session's life there is no offer to be answered. */
  #unwatch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
