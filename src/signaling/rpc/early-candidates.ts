import { checkTarget, readInit } from '../../guard/ice-candidate.js';
import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { IceCandidate, Target } from '../../protocol/types.js';

type Params = Readonly<Record<string, unknown>>;

type Trickle = {
  readonly target: Target;
  readonly candidate: IceCandidate;
};

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_SDP` */
export function checkTrickle({ target, candidate }: Params): void {
  checkTarget(target);
  readInit(candidate);
}

/**
 * Candidates that came before the join was answered: ion-sdk-js sends them as soon as it has them. They are checked
 * before they are held, and only the members that are known are kept.
 */
export class EarlyCandidates {
  #held: Trickle[] = [];
  #bytes = 0;

  /**
   * @returns false where as many are held as the SFU gets to see of a connection
   * @throws RelayError the candidate is malformed
   */
  hold({ target, candidate }: Params): boolean {
    checkTarget(target);
    const line = readInit(candidate);
    // The SFU does not know what it names.
    if (line === undefined) return true;
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate as IceCandidate;
    const held = JSON.stringify({ candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
    const bytes = Buffer.byteLength(held);
    if (this.#held.length >= LIMITS.maxCandidates || this.#bytes + bytes > LIMITS.maxWaitingBytes)
      return false;
    this.#held.push({ target, candidate: JSON.parse(held) });
    this.#bytes += bytes;
    return true;
  }

  /** Hands them on, and holds them no longer. One that is refused, at once or later, is told to `refused`, and harms no other. */
  release(send: (trickle: Trickle) => void | Promise<void>, refused: (error: RelayError) => void): void {
    const held = this.#held;
    this.clear();
    const failed = (error: unknown) => refused(RelayError.from(error));
    for (const trickle of held) {
      try {
        send(trickle)?.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  clear(): void {
    if (this.#held.length > 0) this.#held = [];
    this.#bytes = 0;
  }
}
