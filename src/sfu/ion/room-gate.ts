import type { RelayError } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';

interface Waiting {
  /** Proceeds if the condition holds; returns whether it did. */
  tryNow(): boolean;
}

/**
 * Ion splits a room in two if its last peer leaves while another one joins, and if its first two peers join at the same time:
 * the peer that loses the race stays alone in its room. The gate prevents both. While no peer has joined the room on the SFU,
 * it admits one join at a time, and only after all leaving streams have ended. The last joined peer leaves only after the joins
 * in progress are answered.
 */
export class RoomGate {
  /** The number of streams in each state. */
  readonly count = { joining: 0, joined: 0, leaving: 0 };
  readonly #onIdle: () => void;
  #waiting: Set<Waiting> | undefined;

  /** `onIdle` is called when no stream is joining, joined or leaving any more. */
  constructor(onIdle: () => void = () => {}) {
    this.#onIdle = onIdle;
  }

  /** Resolves when the join may be sent. */
  async enter(signal: CancelSignal): Promise<GateTicket> {
    const { count } = this;
    await this.turn(() => {
      if (count.joined === 0 && count.joining + count.leaving > 0) return false;
      count.joining += 1;
      return true;
    }, signal);
    return new GateTicket(this);
  }

  /** Resolves as soon as `tryNow` returns true: immediately, or after a change of the counts. */
  turn(tryNow: () => boolean, signal?: CancelSignal): Promise<void> {
    if (tryNow()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        tryNow: () => {
          if (!tryNow()) return false;
          signal?.removeEventListener('abort', abort);
          resolve();
          return true;
        },
      };
      const abort = () => {
        this.#waiting?.delete(waiting);
        reject(signal?.reason as RelayError);
      };
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort);
      this.#waiting ??= new Set();
      this.#waiting.add(waiting);
    });
  }

  /** The counts have changed: admits the waiting streams whose condition holds now. */
  changed(): void {
    for (const waiting of this.#waiting ?? []) {
      if (waiting.tryNow()) this.#waiting?.delete(waiting);
    }
    const { joining, joined, leaving } = this.count;
    if (joining + joined + leaving === 0) this.#onIdle();
  }
}

/** The gates of an SFU's rooms. A gate exists as long as its room has streams. */
export class RoomGates {
  readonly #gates = new Map<string, RoomGate>();

  /** Resolves when a join of this room may be sent. */
  enter(roomId: string, signal: CancelSignal): Promise<GateTicket> {
    let gate = this.#gates.get(roomId);
    if (!gate) {
      const made = new RoomGate(() => {
        // A stream of an earlier gate may report late, when the room has a new gate.
        if (this.#gates.get(roomId) === made) this.#gates.delete(roomId);
      });
      gate = made;
      this.#gates.set(roomId, gate);
    }
    return gate.enter(signal);
  }
}

/** A stream's state at the gate. Each method may be called in any state; without a meaning there, it does nothing. */
export class GateTicket {
  readonly #gate: RoomGate;
  #state: keyof RoomGate['count'] | 'ended' = 'joining';

  constructor(gate: RoomGate) {
    this.#gate = gate;
  }

  /** The SFU has accepted the join. */
  joined(): void {
    if (this.#state !== 'joining') return;
    this.#become('joined');
    this.#gate.changed();
  }

  /** Resolves when the stream may be half-closed. */
  async leave(): Promise<void> {
    const { count } = this.#gate;
    if (this.#state === 'joining') {
      this.#become('leaving');
      this.#gate.changed();
    }
    await this.#gate.turn(() => {
      if (this.#state !== 'joined') return true;
      if (count.joined === 1 && count.joining > 0) return false;
      this.#become('leaving');
      return true;
    });
    this.#gate.changed();
  }

  /** The stream has ended. */
  ended(): void {
    this.#become('ended');
    this.#gate.changed();
  }

  #become(state: keyof RoomGate['count'] | 'ended'): void {
    const { count } = this.#gate;
    if (this.#state !== 'ended') count[this.#state] -= 1;
    if (state !== 'ended') count[state] += 1;
    this.#state = state;
  }
}
