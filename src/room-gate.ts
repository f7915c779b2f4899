import type { CancelSignal } from './cancellation.js';
import type { RelayError } from './errors.js';

interface Waiting {
  /** Whether its turn has come; takes it then. */
  tryNow(): boolean;
}

/** A stream's way through the gate. Each call may come in any state, and does nothing where it has no meaning. */
export interface Passage {
  /** The SFU has taken the join. */
  joined(): void;
  /** Resolves when the stream may be half-closed. */
  leave(): Promise<void>;
  /** The stream has ended. */
  ended(): void;
}

/**
 * Ion splits a room in two when its last peer leaves while another joins, and when its first two join at once: the
 * one that loses the race is in a room that nobody else will ever be in. So while nobody stands in the room on the
 * SFU, one joins at a time, after all who leave have gone; and the last one leaves when the joins under way have
 * been answered.
 */
export class RoomGate {
  #joined = 0;
  #joining = 0;
  #leaving = 0;
  readonly #waiting = new Set<Waiting>();

  /** Resolves when the join may be sent. */
  async enter(signal: CancelSignal): Promise<Passage> {
    await this.#turn(() => {
      if (this.#joined === 0 && this.#joining + this.#leaving > 0) return false;
      this.#joining += 1;
      return true;
    }, signal);
    let state: 'joining' | 'joined' | 'leaving' | 'ended' = 'joining';
    return {
      joined: () => {
        if (state !== 'joining') return;
        state = 'joined';
        this.#joining -= 1;
        this.#joined += 1;
        this.#changed();
      },
      leave: async () => {
        if (state === 'joining') {
          state = 'leaving';
          this.#joining -= 1;
          this.#leaving += 1;
          this.#changed();
        }
        await this.#turn(() => {
          if (state !== 'joined') return true;
          if (this.#joined === 1 && this.#joining > 0) return false;
          state = 'leaving';
          this.#joined -= 1;
          this.#leaving += 1;
          return true;
        });
        this.#changed();
      },
      ended: () => {
        if (state === 'joining') this.#joining -= 1;
        else if (state === 'joined') this.#joined -= 1;
        else if (state === 'leaving') this.#leaving -= 1;
        state = 'ended';
        this.#changed();
      },
    };
  }

  #turn(tryNow: () => boolean, signal?: CancelSignal): Promise<void> {
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
        this.#waiting.delete(waiting);
        reject(signal?.reason as RelayError);
      };
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort);
      this.#waiting.add(waiting);
    });
  }

  #changed(): void {
    for (const waiting of this.#waiting) {
      if (waiting.tryNow()) this.#waiting.delete(waiting);
    }
  }
}
