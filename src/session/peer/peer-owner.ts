import type { Guarded, GuardPolicy, ReleasedOffer } from '../../guard/guard.js';
import type { RelayError } from '../../protocol/errors.js';
import type { IceServer, Metadata } from '../../protocol/types.js';
import type { Room } from '../../room/room.js';
import type { Sfu } from '../../sfu/sfu.js';
import type { RelayCounters } from '../../telemetry/relay-counters.js';
import type { SessionEmitter } from '../events/session-emitter.js';
import type { ReplyMessageFilter, SignalMessageFilter } from './message-filters.js';

/** The options that all peers of a session share. */
export interface PeerSetup extends Guarded {
  readonly room: Room;
  readonly policy: GuardPolicy;
  readonly autoSubscribe: boolean;
  readonly sfu: Sfu;
  readonly joinTimeoutMs: number;
  /** ms that a session waits for another peer when the SFU has lost the last one. */
  readonly interruptionTimeoutMs: number;
  readonly interruptions: InterruptionObserver;
  readonly answerTimeoutMs: number;
  readonly sfuReplies: RelayCounters['sfuReplies'];
  /** Called once the peer may join; never rejects. */
  iceServers?: () => readonly IceServer[] | Promise<readonly IceServer[]>;
}

/** Is told of sessions that have lost their peers. */
export interface InterruptionObserver {
  began(sessionId: string, error: RelayError): void;
  ended(sessionId: string, outcome: 'resumed' | 'expired' | 'left', durationMs: number): void;
}

/** The owner of a session's peers; `peer` is the number of the reporting one. */
export interface PeerOwner {
  /** Undefined where the application has no filter for messages to the SFU. */
  readonly signals: SignalMessageFilter | undefined;
  /** Undefined where the application has no filter for messages from the SFU. */
  readonly replies: ReplyMessageFilter | undefined;
  /** Emits the offers and candidates of the SFU. */
  readonly emitter: SessionEmitter;
  /** The SFU has accepted an offer of the joined peer. */
  onTracks(peer: number, offer: ReleasedOffer): void;
  /** A moderator has muted or unmuted a track of the peer. */
  onMuted(peer: number, trackId: string, muted: boolean): void;
  /** The peer is near a limit that a new peer would be far from; called at every offer and answer. */
  onSaturated(peer: number, saturation: number): void;
  /** The joined peer can't go on. */
  onBroken(peer: number, error: RelayError): void;
  /** The stream of a joined peer has ended; without an error where the relay ended it. */
  onEnded(peer: number, error: RelayError | undefined): void;
}

/** The result of a join. */
export interface JoinedPeer {
  released: ReleasedOffer;
  metadata: Metadata | undefined;
}
