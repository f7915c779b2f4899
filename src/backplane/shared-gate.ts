import type { CancelSignal } from '../util/cancellation.js';

/** What a process's peers do in a room on the SFU. */
export type GateState = 'joining' | 'joined' | 'leaving';

/** The joins and leaves of a room's peers on the SFU, in all processes that share the room. */
export interface SharedGate {
  /**
   * Tells the others what the peers of this process do; undefined: nothing any more. Each call waits for the one before.
   * @param generation of the room's placement
   * @param may whether it may be so now, by what the others do; it is waited for, but a leave does not wait for long
   * @throws the reason of `signal`, RelayError
   */
  become(
    generation: number,
    state: GateState | undefined,
    may: (others: readonly GateState[]) => boolean,
    signal?: CancelSignal,
  ): Promise<void>;
}
