import type { RelayError } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';

interface Waiting {
  /** Whether its turn has come; takes it then. */
  tryNow(): boolean;
}

/**
 * Ion splits a room in two when its last peer leaves while another joins, and when its first two join at once: the
 * one that loses the race is in a room that nobody else will ever be in. So while nobody stands in the room on the
 * SFU, one joins at a time, after all who leave have gone; and the last one leaves when the joins under way have
 * been answered.
 */
export class RoomGate {
  /** Streams that are joining, have joined, are leaving. */
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

  /** Resolves when `tryNow` says true: now, or after a change. */
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

  /** Lets those go on who wait for what is so by now. */
  changed(): void {
    for (const waiting of this.#waiting ?? []) {
      if (waiting.tryNow()) this.#waiting?.delete(waiting);
    }
    const { joining, joined, leaving } = this.count;
    if (joining + joined + leaving === 0) this.#onIdle();
  }
}

/** The gates of a node's rooms, each as long as the room has streams. */
export class RoomGates {
  readonly #gates = new Map<string, RoomGate>();

  /** Resolves when a join of this room may be sent. */
  enter(roomId: string, signal: CancelSignal): Promise<GateTicket> {
    let gate = this.#gates.get(roomId);
    if (!gate) {
      const made = new RoomGate(() => {
        // A stream of the room's last life may end, or leave, once more: another gate is there by then.
        if (this.#gates.get(roomId) === made) this.#gates.delete(roomId);
      });
      gate = made;
      this.#gates.set(roomId, gate);
    }
    return gate.enter(signal);
  }
}

/** A stream's state at the gate. Each call may come in any state, and does nothing where it has no meaning. */
export class GateTicket {
  readonly #gate: RoomGate;
  #state: keyof RoomGate['count'] | 'ended' = 'joining';

  constructor(gate: RoomGate) {
    this.#gate = gate;
  }

  /** The SFU has taken the join. */
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
