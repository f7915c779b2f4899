import type { CallListener, GrpcCall, GrpcConnection } from '../../grpc/grpc-connection.js';
import type { SfuMetadata } from '../../grpc/metadata.js';
import { errorFromStatus, type Status } from '../../grpc/status.js';
import { RelayError } from '../../protocol/errors.js';
import type { SessionDescription, Subscription, Target } from '../../protocol/types.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import type { SfuJoin, SfuPeerId, SfuStream, SfuStreamListener } from '../sfu.js';
import { Target as IonTarget, type JoinReply, type Reply, type Request } from './gen/rtc.js';
import {
  decodeReply,
  decodeTrickle,
  encodeRefusedTrickle,
  encodeRequest,
  encodeTrickle,
} from './ion-codec.js';
import type { GateTicket, RoomGates } from './room-gate.js';
import { encodeUid } from './uid.js';

/**
 * How often a call is made again that the server has not looked at. Once would do for gRPC; but the next connection, too, may
 * be left by its server: nginx does so after every `keepalive_requests`.
 */
export const MAX_RETRIES = 3;

/** In the place of a call while there is no connection. */
const NO_CALL: GrpcCall = { pending: 0, write: () => {}, end: () => {}, cancel: () => {} };

/** The same for all streams of a node. */
export interface StreamSetup {
  closeTimeoutMs: number;
  /** A place on a connection. @throws RelayError */
  reserve(): Promise<GrpcConnection>;
  /** Gives it back. */
  release(connection: GrpcConnection): void;
  /** A stream was left because the SFU did not answer. */
  onSilent(): void;
  readonly gates: RoomGates;
}

/**
 * One `rtc.RTC/Signal` stream. It is read from its first moment to its last, whatever becomes of the session: a
 * stream that nobody reads stalls the whole SFU (it broadcasts under one lock).
 */
export class IonStream implements SfuStream, CallListener {
  #call: GrpcCall;
  readonly #listener: SfuStreamListener;
  #connection: GrpcConnection;
  readonly #setup: StreamSetup;
  readonly #metadata: SfuMetadata | undefined;
  /** Ion has ended the stream by an error after the join was sent, and keeps the peer. */
  readonly #onAbandoned: ((peer: SfuPeerId) => void) | undefined;
  #ticket: GateTicket | undefined;
  #peer: SfuPeerId | undefined;
  /** All that was sent, until the SFU has said something: what the server has not looked at is sent again. */
  #unanswered: Buffer[] | undefined = [];
  #retries = 0;
  /** From the refused trickle to the join's reply. */
  #opening = false;
  #leaving = false;
  #isOver = false;
  #failure: RelayError | undefined;
  #timer: Deadline | undefined;

  constructor(
    listener: SfuStreamListener,
    connection: GrpcConnection,
    setup: StreamSetup,
    metadata: SfuMetadata | undefined,
    onAbandoned?: (peer: SfuPeerId) => void,
  ) {
    this.#listener = listener;
    this.#connection = connection;
    this.#setup = setup;
    this.#metadata = metadata;
    this.#onAbandoned = onAbandoned;
    this.#call = connection.call(this, metadata);
  }

  get pending(): number {
    return this.#call === NO_CALL ? (this.#unanswered?.length ?? 0) : this.#call.pending;
  }

  async enter(roomId: string, signal: CancelSignal): Promise<void> {
    const ticket = await this.#setup.gates.enter(roomId, signal);
    this.#ticket = ticket;
    // It ended while it waited, or just as it was let in: nothing would give the ticket back.
    if (this.#isOver) ticket.ended();
  }

  /**
   * Ion answers a join from several goroutines, which race in opening the response: one stream in 200 is ended
   * by it, or never hears anything. A trickle that it refuses makes it open the response before.
   */
  join(request: SfuJoin): void {
    const { roomId, userId, sessionId, peer = 1, sdp, autoSubscribe } = request;
    // Without the SDP, which would stay as long as the stream.
    this.#peer = { roomId, userId, sessionId, peer };
    this.#opening = true;
    if (!this.#leaving) this.#send(encodeRefusedTrickle());
    this.#write({
      $case: 'join',
      value: {
        sid: roomId,
        uid: encodeUid(request),
        // NoPublish and NoSubscribe crash the SFU; this one is safe.
        config: autoSubscribe ? {} : { NoAutoSubscribe: 'true' },
        description: { target: IonTarget.PUBLISHER, type: 'offer', sdp, trackInfos: [] },
      },
    });
  }

  offer(sdp: string): void {
    const value = { target: IonTarget.PUBLISHER, type: 'offer', sdp, trackInfos: [] };
    this.#write({ $case: 'description', value });
  }

  answer(sdp: string): void {
    const value = { target: IonTarget.SUBSCRIBER, type: 'answer', sdp, trackInfos: [] };
    this.#write({ $case: 'description', value });
  }

  candidate(target: Target, init: string): void {
    if (!this.#leaving) this.#send(encodeTrickle(target, init));
  }

  subscribe(subscriptions: readonly Subscription[]): void {
    this.#write({
      $case: 'subscription',
      value: {
        subscriptions: subscriptions.map(({ trackId, subscribe, layer = '' }) => ({
          trackId,
          subscribe,
          layer,
          mute: false,
        })),
      },
    });
  }

  /** Half-closes it also where the join is not answered yet: Ion would carry out a cancelled one all the same. */
  end(silent = false): void {
    if (this.#ticket) void this.#ticket.leave().then(() => this.#leave(silent));
    else this.#leave(silent);
  }

  #leave(silent: boolean): void {
    if (this.#leaving) return;
    this.#leaving = true;
    if (silent) {
      this.#connection.suspect = true;
      this.#setup.onSilent();
    }
    if (this.#call === NO_CALL) {
      queueMicrotask(() => this.#over(undefined));
      return;
    }
    this.#call.end();
    this.#timer = new Deadline(() => this.#call.cancel(), this.#setup.closeTimeoutMs);
  }

  onMessage(message: Buffer): void {
    this.#connection.suspect = false;
    this.#unanswered = undefined;
    if (this.#leaving) return;
    try {
      const trickle = decodeTrickle(message);
      if (trickle) this.#listener.onCandidate(trickle.target, trickle.init);
      else this.#deliver(decodeReply(message));
    } catch (error) {
      this.#failure = RelayError.from(error);
      this.#call.cancel();
    }
  }

  onEnd(end: Status): void {
    this.#timer?.cancel();
    // It may refuse the next one, too: another connection is tried.
    if (end.unprocessed) this.#connection.suspect = true;
    this.#setup.release(this.#connection);
    if (end.unprocessed && !this.#leaving && this.#unanswered && this.#retries < MAX_RETRIES) {
      this.#retry(this.#unanswered);
      return;
    }
    const asWished = this.#leaving && (end.code === 'OK' || end.code === 'CANCELLED');
    this.#leaving = true;
    const error = asWished ? undefined : (this.#failure ?? errorFromStatus(end));
    if (this.#peer && error?.code === 'ERR_RELAY_SFU_STREAM_ENDED') this.#onAbandoned?.(this.#peer);
    this.#over(error);
  }

  #over(error: RelayError | undefined): void {
    this.#isOver = true;
    this.#ticket?.ended();
    this.#listener.onEnd(error);
  }

  #write(payload: Request['payload']): void {
    if (!this.#leaving) this.#send(encodeRequest(payload));
  }

  #send(framed: Buffer): void {
    this.#unanswered?.push(framed);
    this.#call.write(framed);
  }

  /** Makes the call again, on another connection where this one is left. */
  async #retry(unanswered: readonly Buffer[]): Promise<void> {
    this.#retries += 1;
    this.#call = NO_CALL;
    try {
      const connection = await this.#setup.reserve();
      try {
        if (this.#leaving) throw new Error('it was left meanwhile');
        this.#call = connection.call(this, this.#metadata);
      } catch (error) {
        this.#setup.release(connection);
        throw error;
      }
      this.#connection = connection;
      for (const framed of unanswered) this.#call.write(framed);
    } catch (error) {
      if (this.#leaving) return;
      this.#leaving = true;
      this.#over(RelayError.from(error));
    }
  }

  #deliver({ payload }: Reply): void {
    if (!payload) return;
    const listener = this.#listener;
    switch (payload.$case) {
      case 'join':
        this.#deliverJoin(payload.value);
        return;
      case 'description':
        if (payload.value.type === 'answer') listener.onAnswer(description('answer', payload.value.sdp));
        else if (payload.value.type === 'offer') listener.onOffer(description('offer', payload.value.sdp));
        return;
      case 'trickle':
        listener.onCandidate(payload.value.target, payload.value.init);
        return;
      case 'subscription':
        listener.onSubscribed(payload.value.success ? undefined : reasonOf(payload.value));
        return;
      case 'error':
        if (!this.#opening) listener.onError(payload.value.reason);
        return;
      case 'trackEvent':
        // Of every room on the SFU, and of a peer's first tracks only: the rooms keep their tracks themselves.
        return;
    }
  }

  #deliverJoin(reply: JoinReply): void {
    this.#opening = false;
    if (reply.success && reply.description) {
      this.#ticket?.joined();
      this.#listener.onJoined(description('answer', reply.description.sdp));
    } else this.#listener.onRefused(reasonOf(reply));
  }
}

function reasonOf(reply: { error?: { reason: string } | undefined }): string {
  return reply.error?.reason ?? 'no reason given';
}

function description(type: SessionDescription['type'], sdp: string): SessionDescription {
  return { type, sdp };
}
