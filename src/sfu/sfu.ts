import { RelayError } from '../protocol/errors.js';
import type { SessionDescription, Subscription, Target } from '../protocol/types.js';
import type { CancelSignal } from '../util/cancellation.js';

/**
 * The interface of an SFU. Only its implementations in src/sfu/ use gRPC.
 */
export interface Sfu {
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
  /** Ends all streams and connections. */
  close(): void;
  /** Streams that are open or ending. */
  readonly streamCount: number;
  /** Connections that are open or opening. */
  readonly connectionCount: number;
}

/** One peer's stream to the SFU. It reports failures by `onEnd`; no other method throws. */
export interface SfuStream {
  /**
   * Resolves when the join may be sent.
   * @throws the reason of `signal`
   */
  enter(roomId: string, signal: CancelSignal): Promise<void>;
  join(request: SfuJoin): void;
  /** A new offer of the publisher connection. */
  offer(sdp: string): void;
  /** The answer to the SFU's subscriber offer. */
  answer(sdp: string): void;
  /** `init` is the JSON of an RTCIceCandidateInit. */
  candidate(target: Target, init: string): void;
  subscribe(subscriptions: readonly Subscription[]): void;
  /**
   * Half-closes the stream, and cancels it where the SFU does not end it in time. `silent`: the SFU did not answer, so its
   * connection is not used for new streams.
   */
  end(silent?: boolean): void;
  /** The number of messages that the SFU has not taken yet. */
  readonly pending: number;
}

/** Identifies a peer on the SFU. */
export interface SfuPeerId {
  roomId: string;
  userId: string;
  sessionId: string;
  /** The number of the session's peer. @default 1 */
  peer?: number;
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
  /** Without an error the relay ended the stream, and the SFU has completed it. */
  onEnd(error: RelayError | undefined): void;
}

export function sfuTimeout(): RelayError {
  return new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.');
}
