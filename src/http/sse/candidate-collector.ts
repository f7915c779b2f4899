import { LIMITS } from '../../protocol/limits.js';
import type { IceCandidate } from '../../protocol/types.js';
import type { SessionEmitter } from '../../session/events/session-emitter.js';

/** ms without a candidate after which the SFU is assumed to have sent those that matter. */
const QUIET_MS = 150;

/** Collects the SFU's candidates of a session's publisher connection, in their order. */
export class CandidateCollector {
  readonly #session: Pick<SessionEmitter, 'on' | 'off'>;
  #candidates: IceCandidate[] = [];
  #onCandidate = () => {};

  constructor(session: Pick<SessionEmitter, 'on' | 'off'>) {
    this.#session = session;
    session.on('candidate', this.#collect);
  }

  /**
   * Waits for candidates and adds them to the SDP, for clients without trickle ICE (RFC 8838 § 4.1). `signal` ends the
   * wait.
   */
  async complete(sdp: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
    await new Promise<void>((resolve) => {
      const latest = setTimeout(resolve, timeoutMs);
      let quiet: NodeJS.Timeout | undefined;
      const settle = () => {
        clearTimeout(latest);
        clearTimeout(quiet);
        signal.removeEventListener('abort', settle);
        resolve();
      };
      this.#onCandidate = () => {
        clearTimeout(quiet);
        quiet = setTimeout(settle, Math.min(QUIET_MS, timeoutMs));
      };
      signal.addEventListener('abort', settle);
      if (signal.aborted) settle();
      // An SFU that does not trickle has its candidates in the SDP.
      if (/^a=candidate:/m.test(sdp)) this.#onCandidate();
    });
    this.#onCandidate = () => {};
    return withCandidates(sdp, this.#candidates.splice(0));
  }

  /** Stops collecting. Returns the candidates that were too late for the answer. */
  stop(): IceCandidate[] {
    this.#session.off('candidate', this.#collect);
    return this.#candidates.splice(0);
  }

  readonly #collect = ({ target, candidate }: { target: number; candidate: IceCandidate }): void => {
    if (target !== 0 || candidate.candidate === '') return;
    // Bounds memory for a client that restarts ICE repeatedly and never reads its events.
    if (this.#candidates.length >= LIMITS.maxHeldCandidates) this.#candidates.shift();
    this.#candidates.push(candidate);
    this.#onCandidate();
  };
}

/** Adds each candidate to the end of its section; those of a bundle to its first section (RFC 9143 § 7.3.1). */
function withCandidates(sdp: string, candidates: readonly IceCandidate[]): string {
  const [head = '', ...sections] = sdp.split(/(?=^m=)/m);
  const mids = sections.map((section) => /^a=mid:(\S+)/m.exec(section)?.[1]);
  for (const { candidate, sdpMid, sdpMLineIndex } of candidates) {
    const byMid = sdpMid ? mids.indexOf(sdpMid) : -1;
    const index = byMid >= 0 ? byMid : (sdpMLineIndex ?? 0);
    if (sections[index] !== undefined) sections[index] += `a=${candidate}\r\n`;
  }
  return head + sections.join('');
}
