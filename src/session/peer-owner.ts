import type { Guarded, GuardPolicy, ReleasedOffer } from '../guard/guard.js';
import type { RelayError } from '../protocol/errors.js';
import type { IceServer, Metadata, SessionDescription, Target } from '../protocol/types.js';
import type { Room } from '../room/room.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import type { ReplyFilter, SignalFilter } from './message-filter.js';

/** What the peers of a session have in common. */
export interface PeerSetup extends Guarded {
  readonly room: Room;
  readonly policy: GuardPolicy;
  readonly autoSubscribe: boolean;
  readonly joinTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly sfuReplies: RelayCounters['sfuReplies'];
  /** Asked for once the peer may join; never rejects. */
  iceServers?: () => readonly IceServer[] | Promise<readonly IceServer[]>;
}

/** What the peers of a session report to. `peer` is the number of the one that reports. */
export interface PeerOwner {
  /** Set where the application is asked about messages to the SFU, or about those from it. */
  readonly signals: SignalFilter | undefined;
  readonly replies: ReplyFilter | undefined;
  /** The SFU's offer of the subscriber connection; false where nobody listens yet. */
  onOffer(peer: number, offer: SessionDescription): boolean;
  /** The SFU's candidate, as JSON; false where nobody listens yet. */
  onCandidate(peer: number, target: Target, init: string): boolean;
  /** The SFU has accepted an offer of the joined peer. */
  onTracks(peer: number, offer: ReleasedOffer): void;
  /** A moderator has cut off one of its tracks, or lets it be heard again. */
  onCut(peer: number, trackId: string, isCut: boolean): void;
  /** It is near a limit that another peer would be far from: called at every offer and answer. `crowd` is a share of it. */
  onCrowded(peer: number, crowd: number): void;
  /** The joined peer can't go on. */
  onBroken(peer: number, error: RelayError): void;
  /** The stream of a peer that had joined, or had left, has ended; without an error where this side has left. */
  onEnded(peer: number, error: RelayError | undefined): void;
}

/** What a peer has when the SFU has let it in. */
export interface JoinedPeer {
  released: ReleasedOffer;
  metadata: Metadata | undefined;
}
