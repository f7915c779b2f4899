import type { GateState, SharedGate } from '../../backplane/shared-gate.js';
import type { RelayError } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { noop } from '../../util/noop.js';

/** The gate of a room that several processes share. */
interface Shared {
  readonly gate: SharedGate;
  readonly generation: number;
}

/** The rules of `RoomGate` for the first join and the last leave of a process. */
const mayJoin = (others: readonly GateState[]) => others.length === 0 || others.includes('joined');
const mayLeave = (others: readonly GateState[]) => others.includes('joined') || !others.includes('joining');
const always = () => true;

interface Waiting {
  /** Proceeds if the condition holds; returns whether it did. */
  tryNow(): boolean;
}

/**
 * Ion splits a room in two if its last peer leaves while another one joins, and if its first two peers join at the same time:
 * the peer that loses the race stays alone in its room. The gate prevents both. While no peer has joined the room on the SFU,
 * it admits one join at a time, and only after all leaving streams have ended. The last joined peer leaves only after the joins
 * in progress are answered. Other processes have to know of the first join and the last leave of this one: in between, its own
 * joined peers keep the room.
 */
export class RoomGate {
  /** The number of streams in each state. */
  readonly count = { joining: 0, joined: 0, leaving: 0 };
  readonly #onIdle: () => void;
  readonly #shared: Shared | undefined;
  #waiting: Set<Waiting> | undefined;

  /** `onIdle` is called when no stream is joining, joined or leaving any more. */
  constructor(onIdle: () => void = noop, shared?: Shared) {
    this.#onIdle = onIdle;
    this.#shared = shared;
  }

  /** Resolves when the join may be sent. */
  async enter(signal: CancelSignal): Promise<GateTicket> {
    const { count } = this;
    await this.turn(() => {
      if (count.joined === 0 && count.joining + count.leaving > 0) return false;
      count.joining += 1;
      return true;
    }, signal);
    const ticket = new GateTicket(this);
    if (this.#shared && count.joined === 0)
      await this.tell('joining', mayJoin, signal).catch((error) => {
        ticket.ended();
        throw error;
      });
    return ticket;
  }

  /** Tells the other processes. Rejects only for a join. */
  tell(
    state: GateState | undefined,
    may: (others: readonly GateState[]) => boolean = always,
    signal?: CancelSignal,
  ): Promise<void> {
    const { gate, generation } = this.#shared ?? {};
    return gate && generation !== undefined ? gate.become(generation, state, may, signal) : Promise.resolve();
  }

  /** Resolves when the last peer of this process may leave. */
  lastLeaves(): Promise<void> | undefined {
    return this.#shared && this.tell('leaving', mayLeave);
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
    if (joining + joined + leaving > 0) return;
    if (this.#shared) void this.tell(undefined);
    this.#onIdle();
  }
}

/** The gates of an SFU's rooms. A gate exists as long as its room has streams. */
export class RoomGates {
  readonly #gates = new Map<string, RoomGate>();

  /** Resolves when a join of this room may be sent. */
  enter(roomId: string, signal: CancelSignal, shared?: Shared): Promise<GateTicket> {
    let gate = this.#gates.get(roomId);
    if (!gate) {
      const made = new RoomGate(() => {
        // A stream of an earlier gate may report late, when the room has a new gate.
        if (this.#gates.get(roomId) === made) this.#gates.delete(roomId);
      }, shared);
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
    if (this.#gate.count.joined === 1) void this.#gate.tell('joined');
    this.#gate.changed();
  }

  /** Resolves when the stream may be half-closed. */
  async leave(): Promise<void> {
    const { count } = this.#gate;
    let isLast = false;
    if (this.#state === 'joining') {
      this.#become('leaving');
      this.#gate.changed();
    }
    await this.#gate.turn(() => {
      if (this.#state !== 'joined') return true;
      if (count.joined === 1 && count.joining > 0) return false;
      isLast = count.joined === 1;
      this.#become('leaving');
      return true;
    });
    if (isLast) await this.#gate.lastLeaves();
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
