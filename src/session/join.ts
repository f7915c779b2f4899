import type { CheckedOffer, Guard, ReleasedOffer } from '../guard/guard.js';
import { RelayError } from '../protocol/errors.js';
import type { IceServer, Metadata, SessionDescription } from '../protocol/types.js';
import { type Sfu, type SfuJoin, sfuTimeout } from '../sfu/sfu.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import { Cancellation, type CancelSignal } from '../util/cancellation.js';
import { withDeadline } from '../util/deadline.js';
import { isPromise } from '../util/is-promise.js';
import type { SignalFilter } from './message-filter.js';
import type { Publishing } from './publisher.js';
import type { ReplyPassage } from './reply-filter.js';
import type { SfuCall } from './sfu-call.js';

interface Setup {
  guard: Guard;
  signals: SignalFilter | undefined;
  /** What the application is told that its offer is. */
  method: 'join' | 'offer';
  replies: ReplyPassage;
  call: SfuCall;
  publishing: Publishing;
  roomId: string;
  timeoutMs: number;
  sfuReplies: RelayCounters['sfuReplies'];
  /** Asked for once the session is let in; never rejects. */
  iceServers: (() => readonly IceServer[] | Promise<readonly IceServer[]>) | undefined;
  /** What the SFU is asked for, by this offer. */
  request(sdp: string): SfuJoin;
  /** Ends the sessions that this one replaces. */
  takeOver: (() => Promise<void>) | undefined;
}

/** Whether the session may join; gives what the room gets to know of it. */
export type Admit = (until: CancelSignal) => Metadata | undefined | Promise<Metadata | undefined>;

/** A session's way into its room: past the guard, by the application's leave and the SFU's, until it is cancelled. */
export class Joining {
  readonly #setup: Setup;
  readonly #cancel = new Cancellation();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** Goes all the way; where it fails, `fail` says so to whatever is still under way. */
  async run(sfu: Sfu, sdp: string, admit: Admit) {
    const { signals, method, guard, replies, iceServers } = this.#setup;
    const offer = { type: 'offer', sdp } as const;
    const asked = signals?.signal({ method, params: offer }, (params) => params) ?? offer;
    const passed = isPromise(asked) ? await this.#application(asked) : asked;
    const checked = guard.offer(passed, () => true);
    const admitted = admit(this.#cancel);
    const metadata = isPromise(admitted) ? await this.#application(admitted) : admitted;
    this.check();
    const joining = this.#inTime(this.#openAndJoin(sfu, checked), sfuTimeout);
    const given = iceServers?.() ?? [];
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

  /** @throws RelayError why it was aborted */
  check(): void {
    if (this.#cancel.aborted) throw this.#cancellation();
  }

  /** Ends what is under way; gives why. */
  fail(error: unknown): RelayError {
    const failure = this.#cancel.aborted ? this.#cancellation() : RelayError.from(error);
    this.#cancel.abort(() => failure);
    return failure;
  }

  async #openAndJoin(
    sfu: Sfu,
    checked: CheckedOffer,
  ): Promise<{ answer: SessionDescription; released: ReleasedOffer }> {
    const { call, publishing, request, sfuReplies, takeOver } = this.#setup;
    const stream = await call.open(sfu, this.#cancel);
    this.check();
    if (takeOver) {
      await takeOver();
      this.check();
    }
    await stream.enter(this.#setup.roomId, this.#cancel);
    this.check();
    const released = publishing.begin(checked);
    const answer = await sfuReplies.join.time(call.join(stream, request(released.sdp)));
    this.check();
    return { answer, released };
  }

  /** What the application is asked of: it has as long as the SFU. */
  #application<Value>(answer: PromiseLike<Value>): Promise<Value> {
    return this.#inTime(
      answer,
      () => new RelayError('ERR_RELAY_INTERNAL', 'The application does not answer.'),
    );
  }

  #inTime<Value>(promise: PromiseLike<Value>, late: () => RelayError): Promise<Value> {
    return withDeadline(promise, this.#setup.timeoutMs, late, this.#cancel);
  }

  #cancellation(): RelayError {
    return RelayError.from(this.#cancel.reason, 'ERR_RELAY_ABORTED', 'The join was cancelled.');
  }
}
