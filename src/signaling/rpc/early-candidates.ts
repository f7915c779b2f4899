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
 * Candidates that a client has sent before its join was answered, as ion-sdk-js does. They are checked when they are
 * received, and kept without members that RTCIceCandidateInit does not have.
 */
export class EarlyCandidates {
  #held: Trickle[] = [];
  #bytes = 0;

  /**
   * @returns false if as many are held as the SFU accepts for a connection
   * @throws RelayError the candidate is malformed
   */
  hold({ target, candidate }: Params): boolean {
    checkTarget(target);
    const line = readInit(candidate);
    // The guard withholds such a candidate from the SFU.
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

  /** Passes all on and forgets them. `refused` is called for each that is refused, synchronously or later. */
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
