import { checkInit } from '../guard/ice-candidate.js';
import { RelayError } from '../protocol/errors.js';
import type { SessionDescription, Subscription, Target } from '../protocol/types.js';
import type { Sfu, SfuJoin, SfuStream, SfuStreamListener } from '../sfu/sfu.js';
import type { CancelSignal } from '../util/cancellation.js';
import type { Logger } from '../util/logger.js';
import { Replies } from './pending-replies.js';

interface Setup {
  logger: Logger;
  /** For the log. */
  fields(): object;
  onOffer(offer: SessionDescription): void;
  /** `init` is sound JSON of an RTCIceCandidateInit. */
  onCandidate(target: Target, init: string): void;
  /** The SFU refuses, and nobody asked. */
  onRefused(error: RelayError): void;
  /** The stream has ended; without an error where this side has left. */
  onEnd(error: RelayError | undefined): void;
}

/** One peer's stream on the SFU: its requests and their replies, and its end. */
export class SfuCall implements SfuStreamListener {
  readonly #setup: Setup;
  #stream: SfuStream | undefined;
  /** To the join and to every later offer. */
  readonly #answers = new Replies<SessionDescription>();
  readonly #subscribed = new Replies<void>();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** The stream, once it is open. */
  get stream(): SfuStream | undefined {
    return this.#stream;
  }

  async open(sfu: Sfu, cancelled: CancelSignal): Promise<SfuStream> {
    const stream = await sfu.open(this, cancelled);
    this.#stream = stream;
    if (cancelled.aborted) stream.end();
    return stream;
  }

  join(stream: SfuStream, request: SfuJoin): Promise<SessionDescription> {
    return this.#answers.ask(() => stream.join(request));
  }

  offer(stream: SfuStream, sdp: string): Promise<SessionDescription> {
    return this.#answers.ask(() => stream.offer(sdp));
  }

  subscribe(stream: SfuStream, subscriptions: readonly Subscription[]): Promise<void> {
    return this.#subscribed.ask(() => stream.subscribe(subscriptions));
  }

  /** Nobody waits for a reply any more. */
  refuseAll(why: () => RelayError): void {
    this.#answers.refuseAll(why);
    this.#subscribed.refuseAll(why);
  }

  /** Leaves. `silent` where the SFU does not answer. */
  end(silent = false): void {
    this.#stream?.end(silent);
  }

  onJoined(answer: SessionDescription): void {
    this.#answers.answer(answer);
  }

  onRefused(reason: string): void {
    const error = refused('The SFU refused the session.', reason);
    if (!this.#answers.refuse(error)) this.#setup.onRefused(error);
  }

  onAnswer(answer: SessionDescription): void {
    this.#answers.answer(answer);
  }

  onOffer(offer: SessionDescription): void {
    this.#setup.onOffer(offer);
  }

  onCandidate(target: Target, init: string): void {
    const checked = checkInit(init);
    if (checked !== undefined) this.#setup.onCandidate(target, checked);
    else this.#warn({ init: init.slice(0, 200) }, 'The SFU sent a malformed candidate');
  }

  onSubscribed(refusal: string | undefined): void {
    if (refusal === undefined) this.#subscribed.answer();
    else this.#subscribed.refuse(refused('The SFU refused the subscription.', refusal));
  }

  onError(reason: string): void {
    this.#warn({ reason }, 'The SFU complains');
  }

  onEnd(error: RelayError | undefined): void {
    this.#setup.onEnd(error);
  }

  #warn(what: object, message: string): void {
    const { logger, fields } = this.#setup;
    logger.warn({ ...fields(), ...what }, message);
  }
}

function refused(message: string, reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_REFUSED', message, { cause: new Error(reason) });
}
