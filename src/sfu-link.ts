import type { CancelSignal } from './cancellation.js';
import { RelayError } from './errors.js';
import { checkInit } from './ice.js';
import type { Logger } from './logger.js';
import type { SessionDescription, Subscription, Target } from './model.js';
import { Replies } from './replies.js';
import type { Passage, RoomGate } from './room-gate.js';
import type { Sfu, SfuJoin, SfuStream, SfuStreamListener } from './sfu/port.js';

interface Setup {
  gate: RoomGate;
  logger: Logger;
  /** For the log. */
  fields(): object;
  onOffer(offer: SessionDescription): void;
  /** `init` is sound JSON of an RTCIceCandidateInit. */
  onCandidate(target: Target, init: string): void;
  /** The SFU refuses, and nobody asked. */
  onRefused(error: RelayError): void;
  /** The SFU has ended the stream by an error, and keeps its peer. */
  onAbandoned(): void;
  /** The stream has ended; without an error where this side has left. */
  onEnd(error: RelayError | undefined): void;
}

/** One session's stream on the SFU: its way through the room's gate, its questions and their replies, its end. */
export class SfuLink implements SfuStreamListener {
  readonly #setup: Setup;
  #stream: SfuStream | undefined;
  /** Its way through the room's gate. */
  #passage: Passage | undefined;
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

  /** Resolves when it may join. */
  async enter(cancelled: CancelSignal): Promise<void> {
    this.#passage = await this.#setup.gate.enter(cancelled);
  }

  join(stream: SfuStream, request: SfuJoin): Promise<SessionDescription> {
    return this.#answers.ask(() => stream.join(request));
  }

  /** Others wait for this one to have joined. */
  joined(): void {
    this.#passage?.joined();
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

  /** Half-closes it, also where the join is not answered yet: the SFU would carry out a cancelled one all the same. */
  async end(silent = false): Promise<void> {
    await this.#passage?.leave();
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
    if (this.#passage && error?.code === 'ERR_RELAY_SFU_STREAM_ENDED') this.#setup.onAbandoned();
    this.#passage?.ended();
    this.#setup.onEnd(error);
  }

  #warn(what: object, message: string): void {
    const { logger, fields } = this.#setup;
    logger.warn({ ...fields(), ...what }, message);
  }
}

export function sfuTimeout(): RelayError {
  return new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.');
}

function refused(message: string, reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_REFUSED', message, { cause: new Error(reason) });
}
