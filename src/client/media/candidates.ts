import type { IceCandidate } from '../../protocol/messages.js';
import { asClientError, type RelayClientError } from '../common/errors.js';

/** Candidates that wait for the description they belong to. */
export interface CandidateQueue {
  receive(candidate: IceCandidate): void;
  /** Further candidates belong to a new description, and wait for it. */
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

/** The SFU's candidates for one peer connection, which would lose a candidate that arrives before its description (RFC 8838). */
export function remoteCandidates(
  pc: RTCPeerConnection,
  onError: (error: RelayClientError) => void,
): CandidateQueue {
  return candidateQueue(({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) => {
    // Ion's candidates have `sdpMid: ""`, which names no section: use the index.
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
    // An empty candidate marks the end, which the SFU does not need.
    if (candidate?.candidate) send(candidate.toJSON() as IceCandidate);
  });
}
