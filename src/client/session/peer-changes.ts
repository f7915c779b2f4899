import { SerialQueue } from '../../util/serial-queue.js';

/** What a call waits for, besides a recovery. */
export const NOTHING = 0;
/** A replacement of the peer that is in progress. */
export const REJOIN = 1;
/** A peer on the SFU. */
export const PEER = 2;

/** The joins and rejoins of a client, one at a time, and what waits for them. */
export function peerChanges() {
  let queue: SerialQueue;
  /** Pending while another peer joins, or waits for its turn. */
  let rejoining: Promise<void> | undefined;
  /** Pending while the session has lost its peer. */
  let interruption: Promise<void> | undefined;
  let resume: (() => void) | undefined;

  const changes = {
    /** @param wait `NOTHING`, `REJOIN` or `PEER` */
    pending: (wait: number) => (wait ? rejoining : undefined) ?? (wait > REJOIN ? interruption : undefined),

    /** Rejoins wait for the join. */
    join<Result>(joining: Promise<Result>): Promise<Result> {
      queue.run(() => joining).catch(() => {});
      return joining;
    },

    async rejoin(replace: () => Promise<void>): Promise<void> {
      const task = queue.run(replace);
      rejoining = task;
      await task;
      if (rejoining === task) rejoining = undefined;
    },

    interrupt(): void {
      interruption ??= new Promise((resolve) => {
        resume = resolve;
      });
    },

    /** The session has a peer again, or has ended. */
    restored(): void {
      interruption = undefined;
      resume?.();
    },

    /** The session has ended. */
    reset(): void {
      queue = new SerialQueue();
      rejoining = undefined;
      changes.restored();
    },
  };
  changes.reset();
  return changes;
}
