import type { Principal } from './authentication.js';
import { Cancellation, type CancelSignal } from './cancellation.js';
import type { RelayCounters } from './counters.js';
import { withDeadline } from './deadline.js';
import { RelayError } from './errors.js';
import type { CheckedOffer, Guard, ReleasedOffer } from './guard.js';
import type { IceServer, Metadata, SessionDescription } from './model.js';
import { isPromise } from './promise.js';
import type { Publishing } from './publishing.js';
import type { ReplyPassage } from './reply-passage.js';
import type { SessionHooks } from './session-hooks.js';
import type { Sfu, SfuJoin } from './sfu/port.js';
import { type SfuLink, sfuTimeout } from './sfu-link.js';

interface Setup<P extends Principal> {
  guard: Guard;
  signals: SessionHooks<P> | undefined;
  /** What the application is told that its offer is. */
  method: 'join' | 'offer';
  replies: ReplyPassage<P>;
  link: SfuLink;
  publishing: Publishing;
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
export class Joining<P extends Principal> {
  readonly #setup: Setup<P>;
  readonly #cancel = new Cancellation();

  constructor(setup: Setup<P>) {
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
    const { link, publishing, request, sfuReplies, takeOver } = this.#setup;
    const stream = await link.open(sfu, this.#cancel);
    this.check();
    if (takeOver) {
      await takeOver();
      this.check();
    }
    await link.enter(this.#cancel);
    this.check();
    const released = publishing.begin(checked);
    const answer = await sfuReplies.join.time(link.join(stream, request(released.sdp)));
    this.check();
    // Others don't wait for the application, too.
    link.joined();
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
