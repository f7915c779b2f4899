import type { RoomLog } from '../backplane/backplane.js';
import type { SharedGate } from '../backplane/shared-gate.js';
import { RelayError } from '../protocol/errors.js';
import type { SessionDescription, Subscription, Target } from '../protocol/types.js';
import type { CancelSignal } from '../util/cancellation.js';
import type { NodeHealth } from './node-health.js';

/** The SFU as sessions see it: one server, or several of which one serves each room. */
export interface Sfu {
  /**
   * Opens one peer's signalling stream, on the node that serves the room.
   * @param userId of the peer, for the choice of a node if the room has none yet
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`, `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_ABORTED`, `ERR_RELAY_CLOSED`
   */
  open(
    room: PlacedRoom,
    userId: string,
    listener: SfuStreamListener,
    signal: CancelSignal,
  ): Promise<SfuStream>;
  /**
   * Waits until a node can serve the room, after it has lost a peer there.
   * @param isUrgent others wait for the peer: it comes first
   * @returns ms to wait before another peer joins, so that not all do at the same time
   * @throws the reason of `signal`
   */
  ready(room: PlacedRoom, isUrgent: boolean, signal: CancelSignal): Promise<number>;
  /**
   * Whether the node that a stream was opened on has failed, so that another one can be opened on another node.
   * @param generation of the stream
   * @throws the reason of `signal`
   */
  hasFailed(room: PlacedRoom, generation: number, signal: CancelSignal): Promise<boolean>;
  /** Whether another node can take over the room of a node that has failed. */
  readonly canMove: boolean;
  /** Ends all streams and connections. */
  close(): void;
  /** Streams that are open or ending. */
  readonly streamCount: number;
  /** Connections that are open or opening. */
  readonly connectionCount: number;
}

/** A room with the log that says which node serves it. */
export interface PlacedRoom {
  readonly id: string;
  readonly log: RoomLog;
  /** Undefined where no other process shares the room. */
  readonly gate?: SharedGate | undefined;
  /** Sessions of the room. */
  readonly sessionCount: number;
}

/** One SFU server. Only its implementations in src/sfu/ use gRPC. */
export interface SfuServer {
  /**
   * Opens one peer's signalling stream.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`, `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_ABORTED`, `ERR_RELAY_CLOSED`
   */
  open(listener: SfuStreamListener, signal: CancelSignal): Promise<SfuStream>;
  /**
   * Runs the whole signalling loop without joining; leaves nothing on the SFU.
   * @throws RelayError
   */
  probe(signal: CancelSignal): Promise<void>;
  readonly health: NodeHealth;
  /** The peers of a room that have sent media to this server, as far as a stream has been told. Undefined: it tells none. */
  sendersOf?(roomId: string): Iterable<SendingPeer>;
  /** Another process was told of this one. */
  learnSender?(sender: SendingPeer): void;
  /** Ends all streams at once, with `ERR_RELAY_SFU_UNAVAILABLE`, and all connections; new ones may follow. */
  drop(): void;
  /** Ends all streams and connections for good. */
  close(): void;
  /** Streams that are open or ending. */
  readonly streamCount: number;
  /** Connections that are open or opening. */
  readonly connectionCount: number;
}

/** One peer's stream to the SFU. It reports failures by `onEnd`; no other method throws. */
export interface SfuStream {
  /** Counts the room's placements on nodes, from 1. Set before `enter`. */
  generation: number;
  /**
   * Resolves when the join may be sent.
   * @param gate of the room, where several processes share it
   * @throws the reason of `signal`
   */
  enter(roomId: string, signal: CancelSignal, gate?: SharedGate): Promise<void>;
  join(request: SfuJoin): void;
  /** A new offer of the publisher connection. */
  offer(sdp: string): void;
  /** The answer to the SFU's subscriber offer. */
  answer(sdp: string): void;
  /** `init` is the JSON of an RTCIceCandidateInit. */
  candidate(target: Target, init: string): void;
  subscribe(subscriptions: readonly Subscription[]): void;
  /**
   * Half-closes the stream, and cancels it if the SFU does not end it in time. `silent`: the SFU did not answer, so its
   * connection is not used for new streams.
   */
  end(silent?: boolean): void;
  /** The number of messages that the SFU has not taken yet. */
  readonly pending: number;
  /** What the SFU has told of the room. Undefined: it tells nothing. */
  readonly view?: RoomView;
}

/** A peer that has sent media. One that goes on without media stays one until it leaves. */
export interface SendingPeer extends SfuPeerId {
  /** Of its first tracks. */
  readonly trackIds: readonly string[];
  /** `performance.now()` when the first stream of this process was told. */
  readonly since: number;
}

/** The other peers of a room, as one stream was told of them. Each time is a `performance.now()`. */
export interface RoomView {
  /** Undefined before the join is sent. */
  readonly joinSentAt: number | undefined;
  /** Undefined before the join is accepted. */
  readonly joinedAt: number | undefined;
  /**
   * When the SFU has named a peer that has sent media: with the answer to the join if it is in the same room of the SFU; later if it has
   * just begun to send, in whichever room it is.
   */
  namedAt(sender: SendingPeer): number | undefined;
}

/** Identifies a peer on the SFU. */
export interface SfuPeerId {
  roomId: string;
  userId: string;
  sessionId: string;
  /** The number of the session's peer. @default 1 */
  peer?: number;
  /** Of the room's placement. @default 1 */
  generation?: number;
}

export interface SfuJoin extends SfuPeerId {
  /** The publisher connection's offer. */
  sdp: string;
  /** Receive every track of the room without asking. */
  autoSubscribe: boolean;
}

/** Messages of the SFU, in order of arrival. `onEnd` is called last and exactly once. */
export interface SfuStreamListener {
  onJoined(answer: SessionDescription): void;
  onRefused(reason: string): void;
  onAnswer(answer: SessionDescription): void;
  onOffer(offer: SessionDescription): void;
  onCandidate(target: Target, init: string): void;
  onSubscribed(refusal?: string): void;
  /** The SFU has reported an error; the stream goes on. */
  onError(reason: string): void;
  /** `error` is undefined if the relay ended the stream and the SFU completed it. */
  onEnd(error: RelayError | undefined): void;
}

export function sfuTimeout(): RelayError {
  return new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.');
}
