import type { RelayClientError } from '../common/errors.js';

interface IceRecoveryOptions {
  /** An ICE restart, by a new offer. */
  restart(): Promise<void>;
  /** Media does not flow, and a restart is attempted. */
  onDown(): void;
  onUp(): void;
  /** A restart was refused. */
  onError(error: RelayClientError): void;
  /** No further restart is attempted. */
  onLost(): void;
}

const MAX_ATTEMPTS = 5;
/** "disconnected" often recovers without a restart. */
const PATIENCE_MS = 3_000;

/**
 * Restarts ICE when a peer connection is disconnected or has failed (RFC 8445 § 2.4), a bounded number of times.
 * @returns ends it
 */
export function recoverIce(
  pc: RTCPeerConnection,
  { restart, onDown, onUp, onError, onLost }: IceRecoveryOptions,
): () => void {
  let attempts = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const attemptIn = (milliseconds: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void attempt(), milliseconds);
  };
  /** At once, then after 1, 2, 4, 8 s. */
  const attemptAgain = () => attemptIn(attempts % MAX_ATTEMPTS && 500 * 2 ** attempts);
  const attempt = async () => {
    onDown();
    if (attempts >= MAX_ATTEMPTS) return onLost();
    attempts += 1;
    try {
      await restart();
    } catch (error) {
      onError(error as RelayClientError);
      // A refused restart changes no state, so that no event follows it.
      if (pc.connectionState !== 'closed') attemptAgain();
    }
  };

  pc.addEventListener('connectionstatechange', () => {
    switch (pc.connectionState) {
      case 'connected':
        clearTimeout(timer);
        attempts = 0;
        onUp();
        break;
      case 'disconnected':
        attemptIn(PATIENCE_MS);
        break;
      case 'failed':
        attemptAgain();
    }
  });
  return () => clearTimeout(timer);
}
