import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../backplane/attempt.js';
import type { RoomChange, RoomFields, RoomLog } from '../../backplane/backplane.js';
import type { GateState, SharedGate } from '../../backplane/shared-gate.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { deferred } from '../../util/deferred.js';
import { noop } from '../../util/noop.js';
import { SerialQueue } from '../../util/serial-queue.js';

/** ms until it is looked again whether a wait is over: a process that is waited for may be dead. */
const LOOK_MS = 100;
/** ms that a leave waits for the others. */
const MAX_LEAVE_MS = 2_000;

interface GateOwner {
  readonly processId: string;
  isAlive(processId: string): boolean;
}

/** The gate of a room in its log. */
export class LogGate implements SharedGate {
  readonly #log: () => RoomLog;
  readonly #owner: GateOwner;
  readonly #queue = new SerialQueue();
  /** What the others were told, by generation. */
  readonly #told = new Map<number, GateState>();
  #change = deferred();
  #waiting = 0;

  constructor(log: () => RoomLog, owner: GateOwner) {
    this.#log = log;
    this.#owner = owner;
  }

  become(
    generation: number,
    state: GateState | undefined,
    may: (others: readonly GateState[]) => boolean,
    signal?: CancelSignal,
  ): Promise<void> {
    const isOptional = state !== 'joining';
    return this.#queue.run(async () => {
      for (;;) {
        try {
          return await this.#become(generation, state, may, signal);
        } catch (error) {
          // The peers do what they do: the others have to know.
          if (!isOptional) throw error;
          await sleep(LOOK_MS, undefined, { ref: false });
        }
      }
    });
  }

  /** What the others do has changed. */
  changed(): void {
    if (this.#waiting === 0) return;
    this.#change.resolve();
    this.#change = deferred();
  }

  /** The process was taken for dead, and what it had told was forgotten: it tells it again. */
  resume(): void {
    for (const generation of this.#told.keys())
      void this.#queue.run(async () => {
        const state = this.#told.get(generation);
        // What the others do does not matter: the peers do what they do.
        if (state) await this.#become(generation, state, () => true, undefined).catch(noop);
      });
  }

  /** Calls back when everything has been told. */
  settled(done: () => void): void {
    void this.#queue.run(async () => done());
  }

  async #become(
    generation: number,
    state: GateState | undefined,
    may: (others: readonly GateState[]) => boolean,
    signal: CancelSignal | undefined,
  ): Promise<void> {
    const start = performance.now();
    const aborted = deferred();
    signal?.addEventListener('abort', aborted.resolve);
    this.#waiting += 1;
    try {
      for (;;) {
        if (signal?.aborted) throw signal.reason;
        const { promise } = this.#change;
        const isLate = state === 'leaving' && performance.now() - start > MAX_LEAVE_MS;
        let isAllowed = false;
        const outcome = await this.#log().commit((fields): RoomChange => {
          isAllowed = state === undefined || isLate || may(this.#others(fields, generation));
          return isAllowed ? { gates: new Map([[`${generation} ${this.#owner.processId}`, state]]) } : {};
        });
        // Nobody hears of the others any more: a join would not know of theirs. Peers that have joined or left have done so.
        if (outcome.refused && state === 'joining')
          throw outcome.refused.code === 'ERR_RELAY_CLOSED' ? unavailable(outcome.refused) : outcome.refused;
        if (outcome.refused || isAllowed) return this.#keep(generation, state);
        await Promise.race([promise, aborted.promise, sleep(LOOK_MS, undefined, { ref: false })]);
      }
    } finally {
      this.#waiting -= 1;
      signal?.removeEventListener('abort', aborted.resolve);
    }
  }

  #keep(generation: number, state: GateState | undefined): void {
    if (state) this.#told.set(generation, state);
    else this.#told.delete(generation);
  }

  #others({ gates }: RoomFields, generation: number): GateState[] {
    const others: GateState[] = [];
    for (const [key, state] of gates ?? []) {
      const [of, processId = ''] = key.split(' ');
      if (of !== String(generation) || processId === this.#owner.processId) continue;
      if (this.#owner.isAlive(processId)) others.push(state);
    }
    return others;
  }
}
