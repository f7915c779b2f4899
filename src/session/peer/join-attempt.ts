import type { CheckedOffer, Guard, ReleasedOffer } from '../../guard/guard.js';
import { RelayError } from '../../protocol/errors.js';
import type { Metadata, SessionDescription } from '../../protocol/types.js';
import { type SfuStream, sfuTimeout } from '../../sfu/sfu.js';
import { Cancellation, type CancelSignal } from '../../util/cancellation.js';
import { withDeadline } from '../../util/deadline.js';
import { isPromise } from '../../util/is-promise.js';
import type { SignalMessageFilter } from './message-filters.js';
import type { PeerSetup } from './peer-owner.js';
import type { Publisher } from './publisher.js';
import type { ReplyFilter } from './reply-filter.js';
import type { SfuCall } from './sfu-call.js';
import type { Takeover } from './takeover.js';

interface JoinAttemptSetup {
  /** Of the peer; the application sees the first peer's offer as `join`, others as `offer`. */
  number: number;
  options: PeerSetup;
  /** The sessions that the joining one replaces. */
  takeover: Takeover | undefined;
  signals: SignalMessageFilter | undefined;
  guard: Guard;
  replies: ReplyFilter;
  call: SfuCall;
  publisher: Publisher;
}

/** How often a join is repeated whose node has failed. */
const MAX_REPEATS = 3;

interface SfuAnswer {
  answer: SessionDescription;
  released: ReleasedOffer;
}

/** Decides whether the session may join; returns the metadata that the room gets. */
export type Admit = (until: CancelSignal) => Metadata | undefined | Promise<Metadata | undefined>;

/** The join of one peer: the application's filter, the guard, the admission, the SFU. It can be cancelled at any point. */
export class JoinAttempt {
  readonly #setup: JoinAttemptSetup;
  readonly #cancel = new Cancellation();
  /** Ends the SFU's part of the join; undefined before and after it. */
  #sfuCancel: Cancellation | undefined;
  #released: ReleasedOffer | undefined;

  constructor(setup: JoinAttemptSetup) {
    this.#setup = setup;
  }

  /** Runs all steps. After a failure call `fail`, which cancels the pending ones. */
  async run(sdp: string, admit: Admit) {
    const { number, options, signals, guard, replies } = this.#setup;
    const method = number === 1 ? 'join' : 'offer';
    const offer = { type: 'offer', sdp } as const;
    const asked = signals?.signal({ method, params: offer }, (params) => params) ?? offer;
    const passed = isPromise(asked) ? await this.#application(asked) : asked;
    const checked = guard.offer(passed, () => true);
    const admitted = admit(this.#cancel);
    const metadata = isPromise(admitted) ? await this.#application(admitted) : admitted;
    this.check();
    const joining = this.#inTime(this.#openAndJoin(checked), sfuTimeout);
    const given = options.iceServers?.() ?? [];
    const [servers, joined] = isPromise(given)
      ? await Promise.all([this.#inTime(given, sfuTimeout), joining])
      : [given, await joining];
    const shown = replies.answer(joined.answer);
    const answer = isPromise(shown) ? await this.#application(shown) : shown;
    return { answer, released: joined.released, metadata, iceServers: servers };
  }

  abort(why: () => unknown): void {
    this.#cancel.abort(why);
  }

  /** The stream has ended. The join is repeated if its node has failed, and the room is placed on another one. */
  streamEnded(error: RelayError | undefined): void {
    if (this.#sfuCancel && error?.code === 'ERR_RELAY_SFU_UNAVAILABLE') {
      this.#sfuCancel.abort(() => error);
      this.#setup.call.lost(error);
    } else this.abort(() => error);
  }

  /** @throws RelayError why it was aborted */
  check(): void {
    if (this.#cancel.aborted) throw this.#cancellation();
  }

  /** Cancels the pending steps; returns the reason of the failure. */
  fail(error: unknown): RelayError {
    const failure = this.#cancel.aborted ? this.#cancellation() : RelayError.from(error);
    this.#cancel.abort(() => failure);
    return failure;
  }

  async #openAndJoin(checked: CheckedOffer): Promise<SfuAnswer> {
    const { options, call } = this.#setup;
    if (!options.sfu.canMove) return this.#join(await call.open(this.#cancel), checked, this.#cancel);
    for (let repeats = 0; ; repeats += 1) {
      this.check();
      const cancel = new Cancellation();
      const abort = () => cancel.abort(() => this.#cancel.reason);
      this.#cancel.addEventListener('abort', abort);
      this.#sfuCancel = cancel;
      let generation: number | undefined;
      try {
        const stream = await call.open(cancel);
        generation = stream.generation;
        return await this.#join(stream, checked, cancel);
      } catch (error) {
        const isLost = cancel.aborted && !this.#cancel.aborted && generation !== undefined;
        if (!isLost || repeats === MAX_REPEATS) throw error;
        if (!(await options.sfu.hasFailed(options.room, generation as number, this.#cancel))) throw error;
      } finally {
        this.#cancel.removeEventListener('abort', abort);
        this.#sfuCancel = undefined;
      }
    }
  }

  async #join(stream: SfuStream, checked: CheckedOffer, cancel: Cancellation): Promise<SfuAnswer> {
    const { number, options, call, publisher, takeover, guard } = this.#setup;
    const roomId = options.room.id;
    cancel.throwIfAborted();
    if (takeover) {
      await takeover.complete();
      cancel.throwIfAborted();
    }
    if (!this.#released) await guard.claim(checked, () => cancel.throwIfAborted());
    await stream.enter(roomId, cancel, options.room.gate);
    cancel.throwIfAborted();
    this.#released ??= publisher.begin(checked);
    const answer = await call.join(stream, {
      roomId,
      userId: options.userId,
      sessionId: options.id,
      peer: number,
      sdp: this.#released.sdp,
      autoSubscribe: options.autoSubscribe && guard.policy.canSubscribe,
    });
    cancel.throwIfAborted();
    return { answer, released: this.#released };
  }

  /** The application has as long for its answer as the SFU. */
  #application<Value>(answer: PromiseLike<Value>): Promise<Value> {
    return this.#inTime(
      answer,
      () => new RelayError('ERR_RELAY_INTERNAL', 'The application does not answer.'),
    );
  }

  #inTime<Value>(promise: PromiseLike<Value>, late: () => RelayError): Promise<Value> {
    return withDeadline(promise, this.#setup.options.joinTimeoutMs, late, this.#cancel);
  }

  #cancellation(): RelayError {
    return RelayError.from(this.#cancel.reason, 'ERR_RELAY_ABORTED', 'The join was cancelled.');
  }
}
