import type { TrackIds } from '../../guard/track-names.js';
import { RelayError } from '../../protocol/errors.js';
import type { IceServer, SessionDescription } from '../../protocol/types.js';

/** What another process needs of a session's peers, to continue the session with a peer of its own. JSON. */
export interface PeersState {
  /** The number of the current peer. */
  readonly peer: number;
  readonly lastPeer: number;
  readonly answer: SessionDescription;
  readonly iceServers: readonly IceServer[];
  readonly names: TrackIds;
  /** The ids of the tracks that a moderator has muted. */
  readonly cut: readonly string[];
  readonly autoSubscribe: boolean;
}

/** The peers of a session that other processes still have. */
export interface PeersElsewhere {
  /** The client does not need this one any more. */
  leave(number: number): void;
  /** The session has a peer in this process: the others may stay for a while, so that the media changes without a gap. */
  leaveLater(): void;
  leaveAll(): void;
}

/** Why a peer takes no messages whose stream another process has. */
export function peerElsewhere(): RelayError {
  return new RelayError('ERR_RELAY_REJOIN', 'The session goes on in another process: wait for "rejoin".');
}
