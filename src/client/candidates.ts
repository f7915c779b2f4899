import type { IceCandidate } from '../protocol/messages.js';
import { RelayClientError } from './errors.js';

/**
 * The SFU's candidates for one peer connection. One that comes before the description which it belongs to would
 * be lost, so they wait for it (RFC 8838).
 */
export class RemoteCandidates {
  readonly #pc: RTCPeerConnection;
  readonly #onError: (error: RelayClientError) => void;
  #held: IceCandidate[] | undefined = [];

  constructor(pc: RTCPeerConnection, onError: (error: RelayClientError) => void) {
    this.#pc = pc;
    this.#onError = onError;
  }

  add(candidate: IceCandidate): void {
    if (this.#held) this.#held.push(candidate);
    else {
      this.#pc
        .addIceCandidate(normalize(candidate))
        .catch((error) => this.#onError(RelayClientError.from(error, "The SFU's candidate can't be used")));
    }
  }

  /** Until `release()`: a new description is under way. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const candidate of held) this.add(candidate);
  }
}

/** Ion's candidates carry `sdpMid: ""`, which no section has: the index counts then. */
function normalize({
  candidate,
  sdpMid,
  sdpMLineIndex,
  usernameFragment,
}: IceCandidate): RTCIceCandidateInit {
  return {
    candidate,
    sdpMid: sdpMid || null,
    sdpMLineIndex: sdpMLineIndex ?? 0,
    usernameFragment: usernameFragment || null,
  };
}

/** Calls `send` with every candidate of this side, in the form of the wire. */
export function onLocalCandidate(pc: RTCPeerConnection, send: (candidate: IceCandidate) => void): void {
  pc.addEventListener('icecandidate', ({ candidate }) => {
    // An empty one says that there are no more: the SFU has no use for it.
    if (candidate?.candidate) send(candidate.toJSON() as IceCandidate);
  });
}
