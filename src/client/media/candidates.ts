import type { IceCandidate } from '../../protocol/messages.js';
import { asClientError, type RelayClientError } from '../common/errors.js';

/** Candidates that may have to wait for the description that they belong to. */
export interface CandidateQueue {
  receive(candidate: IceCandidate): void;
  /** A new description is under way: further candidates wait for it. */
  hold(): void;
  release(): void;
}

/** @param use is called with each candidate, in order; not before the first `release()` */
export function candidateQueue(use: (candidate: IceCandidate) => void): CandidateQueue {
  let held: IceCandidate[] | undefined = [];
  return {
    receive(candidate) {
      if (held) held.push(candidate);
      else use(candidate);
    },
    hold() {
      held ??= [];
    },
    release() {
      const ready = held ?? [];
      held = undefined;
      ready.forEach(use);
    },
  };
}

/** The SFU's candidates for one peer connection: one that came before its description would be lost (RFC 8838). */
export function remoteCandidates(
  pc: RTCPeerConnection,
  onError: (error: RelayClientError) => void,
): CandidateQueue {
  return candidateQueue(({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) => {
    // Ion's candidates have `sdpMid: ""`, which is no section's: the index counts then.
    const init = {
      candidate,
      sdpMid: sdpMid || null,
      sdpMLineIndex: sdpMLineIndex ?? 0,
      usernameFragment: usernameFragment || null,
    };
    pc.addIceCandidate(init).catch((error) => onError(asClientError(error, "The SFU's candidate")));
  });
}

/** Calls `send` with each local candidate, in the form of the wire. */
export function onLocalCandidate(pc: RTCPeerConnection, send: (candidate: IceCandidate) => void): void {
  pc.addEventListener('icecandidate', ({ candidate }) => {
    // An empty one says that there are no more, which the SFU does not use.
    if (candidate?.candidate) send(candidate.toJSON() as IceCandidate);
  });
}
