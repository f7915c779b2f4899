import type { RelayClientError } from '../common/errors.js';

interface IceRecoveryOptions {
  /** Restarts ICE by a new offer. */
  restart(): Promise<void>;
  /** Whether the relay can be reached; otherwise the restart follows by `revive()`. */
  isReachable(): boolean;
  /** Media has stopped; a restart is attempted. */
  onDown(): void;
  onUp(): void;
  /** A restart was refused. */
  onError(error: RelayClientError): void;
  /** No further restart is attempted. */
  onLost(): void;
}

const MAX_ATTEMPTS = 5;
/** A connection in the state `disconnected` often recovers without a restart. */
const PATIENCE_MS = 3_000;
/** Ion closes a publisher about 30 s after its media has stopped. */
const MAX_DOWN_MS = 20_000;

/** Restarts ICE when a peer connection is disconnected or has failed (RFC 8445 § 2.4), a bounded number of times. */
export function recoverIce(
  pc: RTCPeerConnection,
  { restart, isReachable, onDown, onUp, onError, onLost }: IceRecoveryOptions,
) {
  let attempts = 0;
  /** performance.now() since when it is not connected any more. */
  let downSince: number | undefined;
  let isRestarting = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasEnded = false;

  const attemptIn = (milliseconds: number) => {
    clearTimeout(timer);
    if (!hasEnded) timer = setTimeout(() => void attempt(), milliseconds);
  };
  /** Immediately, then after 1, 2, 4 and 8 s. */
  const attemptAgain = () => attemptIn(attempts % MAX_ATTEMPTS && 500 * 2 ** attempts);
  const attempt = async () => {
    onDown();
    if (!isReachable()) return;
    if (attempts >= MAX_ATTEMPTS) return onLost();
    attempts += 1;
    isRestarting = true;
    try {
      await restart();
    } catch (error) {
      onError(error as RelayClientError);
      // No event follows a refused restart, because it changes no state.
      if (pc.connectionState !== 'closed') attemptAgain();
    }
    isRestarting = false;
  };

  pc.addEventListener('connectionstatechange', () => {
    const { connectionState } = pc;
    const isFailed = connectionState === 'failed';
    if (connectionState === 'connected') {
      clearTimeout(timer);
      attempts = 0;
      downSince = undefined;
      onUp();
    } else if (isFailed || connectionState === 'disconnected') {
      downSince ??= performance.now();
      if (isFailed) attemptAgain();
      else attemptIn(PATIENCE_MS);
    }
  });
  return {
    stop(): void {
      hasEnded = true;
      clearTimeout(timer);
    },

    /** The relay can be reached again. @returns false if it is too late for a restart */
    revive(): boolean {
      if (downSince === undefined) return true;
      if (performance.now() - downSince >= MAX_DOWN_MS) return false;
      attempts = 0;
      // A restart that was under way may be answered already, or is going to be.
      if (!isRestarting && pc.connectionState !== 'connecting') attemptIn(0);
      return true;
    },
  };
}
