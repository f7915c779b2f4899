import { RelayError } from '../../protocol/errors.js';
import type { RejoinNotice } from '../../protocol/types.js';
import { Cancellation } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import type { SessionEmitter, SessionSink } from '../events/session-emitter.js';
import type { PeerSetup } from './peer-owner.js';

/** A client that has not sent `rejoin` this long after its time is asked again. */
const REPEAT_MS = 10_000;
/** Bounds of the pause after a failed rejoin, doubled at each. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/** The SFU may fail this many peers of a session within this time. */
const MAX_ENDINGS = 3;
const ENDINGS_MS = 60_000;

const REASON = 'An SFU node can serve the room: join it with another peer.';

interface LostPeer {
  /** The number of the peer. */
  readonly peer: number;
  /** Why it was lost. */
  readonly error: RelayError;
}

/** Decides whether another peer may go on after the loss of one. */
export class LossPolicy {
  /** `performance.now()` of the last peers that the SFU has failed, within `ENDINGS_MS`. */
  #endings: number[] = [];

  /**
   * True if the SFU is not there. If it is there, but ends stream after stream or leaves peer after peer without an answer, another
   * peer does not help.
   */
  mayReplace(error: RelayError | undefined): error is RelayError {
    if (error?.code === 'ERR_RELAY_SFU_UNAVAILABLE') return true;
    if (error?.code !== 'ERR_RELAY_SFU_STREAM_ENDED' && error?.code !== 'ERR_RELAY_SFU_TIMEOUT') return false;
    const now = performance.now();
    this.#endings = [...this.#endings.filter((time) => now - time < ENDINGS_MS), now];
    return this.#endings.length <= MAX_ENDINGS;
  }
}

/** The time in which a session has no peer on the SFU: asks its client for another one as soon as a node can serve the room. */
export class Interruption {
  readonly error: RelayError;
  readonly #setup: PeerSetup;
  readonly #emitter: SessionEmitter;
  readonly #peer: number;
  readonly #since = performance.now();
  readonly #cancel = new Cancellation();
  readonly #deadline: Deadline;
  #isExpired = false;
  /** Another process has the peer: its media goes on. */
  #isQuiet = false;
  /** Waits until a node can serve the room. */
  #isAsking = false;
  /** Another peer is joining. */
  #isAttempted = false;
  #failures = 0;
  /** The newest notice; undefined while no node can serve the room. */
  #notice: RejoinNotice | undefined;
  /** Asks again. */
  #timer: Deadline | undefined;

  constructor(setup: PeerSetup, emitter: SessionEmitter, { peer, error }: LostPeer, onExpired: () => void) {
    this.error = error;
    this.#setup = setup;
    this.#emitter = emitter;
    this.#peer = peer;
    this.#deadline = new Deadline(() => {
      this.#isExpired = true;
      onExpired();
    }, setup.interruptionTimeoutMs).unref();
  }

  /** @param isJoining another peer is joining already */
  begin(isJoining: boolean): void {
    const { interruptions, id } = this.#setup;
    interruptions.began(id, this.error);
    // The hook may have closed the session.
    if (this.#cancel.aborted) return;
    this.#emitter.emit('interrupted', { peer: this.#peer, reason: this.error.message });
    if (!isJoining) void this.#ask();
  }

  /** As `begin`, where another process has the peer, whose media goes on until then. */
  relocate(): void {
    this.#isQuiet = true;
    void this.#ask();
  }

  /** Tells the session's new client connection what the last one was told. */
  remind(sink: SessionSink): void {
    if (!this.#isQuiet) sink.event('interrupted', { peer: this.#peer, reason: this.error.message });
    if (this.#notice) sink.event('rejoin', this.#notice);
  }

  /** Another peer is joining. */
  attempted(): void {
    this.#isAttempted = true;
    this.#timer?.cancel();
    this.#notice = undefined;
  }

  /** That join has failed. */
  failed(): void {
    this.#isAttempted = false;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#askAfter(pauseMs);
  }

  /** The session has another peer, of this number. */
  resumed(peer: number): void {
    this.#end('resumed');
    if (!this.#isQuiet) this.#emitter.emit('resumed', { peer });
  }

  /** The session has ended. */
  left(): void {
    this.#end(this.#isExpired ? 'expired' : 'left');
  }

  #end(outcome: 'resumed' | 'expired' | 'left'): void {
    this.#deadline.cancel();
    this.#timer?.cancel();
    this.#cancel.abort(() => new RelayError('ERR_RELAY_ABORTED', 'The interruption is over.'));
    const { interruptions, id } = this.#setup;
    if (this.#isQuiet) return;
    interruptions.ended(id, outcome, performance.now() - this.#since);
  }

  #askAfter(pauseMs: number): void {
    this.#timer?.cancel();
    if (!this.#cancel.aborted) this.#timer = new Deadline(() => void this.#ask(), pauseMs).unref();
  }

  async #ask(): Promise<void> {
    const { sfu, room, id } = this.#setup;
    this.#notice = undefined;
    // The client has asked by itself, and failed, while no node could serve the room.
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const isPublisher = room.tracksOf(id).length > 0;
      const afterMs = await sfu.ready(room, isPublisher, this.#cancel);
      if (this.#cancel.aborted || this.#isAttempted) return;
      this.#notice = { peer: this.#peer, afterMs, reason: REASON };
      this.#askAfter(afterMs + REPEAT_MS);
      this.#emitter.emit('rejoin', this.#notice);
    } catch {
      // The interruption is over.
    } finally {
      this.#isAsking = false;
    }
  }
}
