import { RelayError } from '../protocol/errors.js';
import type { SessionDescription, Subscription, Target } from '../protocol/types.js';
import type { CancelSignal } from '../util/cancellation.js';

/**
 * All that the core knows of an SFU. A dialect is one implementation of this port; only src/sfu/ names gRPC.
 */
export interface Sfu {
  /**
   * Opens one peer's signalling stream.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`, `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_ABORTED`, `ERR_RELAY_CLOSED`
   */
  open(listener: SfuStreamListener, signal: CancelSignal): Promise<SfuStream>;
  /**
   * Proves the whole signalling loop without joining; leaves nothing behind.
   * @throws RelayError
   */
  probe(signal: CancelSignal): Promise<void>;
  /** Ends what is open. */
  close(): void;
  /** Streams that are open or ending. */
  readonly streamCount: number;
  /** Connections that are open or opening. */
  readonly connectionCount: number;
}

/** Towards the SFU. A stream that can't go on says so by `onEnd`, and no other call throws. */
export interface SfuStream {
  /**
   * Resolves when the room's join may be sent.
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
   * Leaves: half-closes, and cancels where the SFU does not end the stream in time. `silent` where the SFU did not
   * answer, so that its connection is not trusted further.
   */
  end(silent?: boolean): void;
  /** Messages that the SFU has not taken yet. */
  readonly pending: number;
}

/** Which peer a stream is: the SFU gives no two of them the same id. */
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

/** From the SFU, in the order of arrival. `onEnd` is the last call and comes exactly once. */
export interface SfuStreamListener {
  onJoined(answer: SessionDescription): void;
  onRefused(reason: string): void;
  onAnswer(answer: SessionDescription): void;
  onOffer(offer: SessionDescription): void;
  onCandidate(target: Target, init: string): void;
  onSubscribed(refusal?: string): void;
  /** The SFU complains, and goes on. */
  onError(reason: string): void;
  /** Without an error: the stream ended because this side left, and the SFU has let it go. */
  onEnd(error: RelayError | undefined): void;
}

export function sfuTimeout(): RelayError {
  return new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.');
}
