import type { RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export interface TokenRefresh {
  begin(expiresInMs: number): void;
  stop(): void;
}

/** Sends another token before the current one expires. Failures are retried until then. */
export function tokenRefresh(bring: () => Promise<unknown>, emit: Emit): TokenRefresh {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let endsAt = 0;
  /** Incremented by `begin` and `stop`, so that attempts of an earlier round are not repeated. */
  let round = 0;

  const attempt = async (own: number, pauseMs: number) => {
    try {
      await bring();
    } catch (error) {
      if (own !== round) return;
      emit('error', error as RelayClientError);
      if (performance.now() + pauseMs >= endsAt) return;
      timer = setTimeout(() => void attempt(own, Math.min(2 * pauseMs, LONGEST_PAUSE_MS)), pauseMs);
    }
  };
  const stop = () => {
    round += 1;
    clearTimeout(timer);
  };
  return {
    stop,
    begin(expiresInMs) {
      stop();
      endsAt = performance.now() + expiresInMs;
      void attempt(round, FIRST_PAUSE_MS);
    },
  };
}
