import type { SharedGate } from '../../backplane/shared-gate.js';
import type { CallListener, GrpcCall, GrpcConnection } from '../../grpc/grpc-connection.js';
import type { SfuMetadata } from '../../grpc/metadata.js';
import { errorFromStatus, type Status } from '../../grpc/status.js';
import { RelayError } from '../../protocol/errors.js';
import type { SessionDescription, Subscription, Target } from '../../protocol/types.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import type { SfuJoin, SfuPeerId, SfuStream, SfuStreamListener } from '../sfu.js';
import { Target as IonTarget, type JoinReply, type Reply, type Request } from './gen/rtc.js';
import { decodeReply, decodeTrickle, encodeRequest, encodeTrickle } from './ion-codec.js';
import { IonRoomView } from './ion-room-view.js';
import { encodeRefusedTrickle } from './join-race.js';
import type { GateTicket, RoomGates } from './room-gate.js';
import type { SendingPeers } from './sending-peers.js';
import { encodeSid, encodeUid } from './uid.js';

/**
 * How often a call that the server has not processed is repeated. The server may close the next connection too: nginx closes
 * each after `keepalive_requests`.
 */
export const MAX_RETRIES = 3;

/** Stands for the call while there is no connection. */
const NO_CALL: GrpcCall = { pending: 0, write: () => {}, end: () => {}, cancel: () => {} };

/** Shared by all streams of an SFU. */
export interface StreamSetup {
  closeTimeoutMs: number;
  /** Reserves a stream on a connection. @throws RelayError */
  reserve(): Promise<GrpcConnection>;
  /** Releases the reserved stream. */
  release(connection: GrpcConnection): void;
  /** A stream was ended because the SFU did not answer. */
  onSilent(): void;
  /** Set when the SFU sends a message on any stream. */
  heard: boolean;
  readonly gates: RoomGates;
  readonly senders: SendingPeers;
}

/**
 * One `rtc.RTC/Signal` stream. It is read until it ends, even after the session has ended: an unread stream blocks the whole
 * SFU, which broadcasts under one lock.
 */
export class IonStream implements SfuStream, CallListener {
  #call: GrpcCall;
  readonly #listener: SfuStreamListener;
  #connection: GrpcConnection;
  readonly #setup: StreamSetup;
  readonly #metadata: SfuMetadata | undefined;
  /** Called if Ion ends the stream with an error after the join was sent: it keeps the peer then. */
  readonly #onAbandoned: ((peer: SfuPeerId) => void) | undefined;
  generation = 1;
  readonly view = new IonRoomView();
  #ticket: GateTicket | undefined;
  #peer: SfuPeerId | undefined;
  /** Sent messages, until the SFU's first one: they are sent again if the server has not processed the call. */
  #unanswered: Buffer[] | undefined = [];
  #retries = 0;
  /** The join is not answered yet; the error of the refused trickle is ignored. */
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

  async enter(roomId: string, signal: CancelSignal, gate?: SharedGate): Promise<void> {
    const { generation } = this;
    const shared = gate && { gate, generation };
    const ticket = await this.#setup.gates.enter(encodeSid(roomId, generation), signal, shared);
    this.#ticket = ticket;
    // The stream ended during the wait: `#over` has not released this ticket.
    if (this.#isOver) ticket.ended();
  }

  join(request: SfuJoin): void {
    const { roomId, userId, sessionId, peer = 1, sdp, autoSubscribe } = request;
    // Without the SDP, which would stay in memory as long as the stream.
    this.#peer = { roomId, userId, sessionId, peer, generation: this.generation };
    this.#opening = true;
    this.view.joinSentAt = performance.now();
    // Opens the response before several goroutines of Ion race to do so.
    if (!this.#leaving) this.#send(encodeRefusedTrickle());
    this.#write({
      $case: 'join',
      value: {
        sid: encodeSid(roomId, this.generation),
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

  /** Half-closes the stream even if the join is not answered yet: Ion completes a join whose call is cancelled. */
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
    this.#setup.heard = true;
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
    // The connection may refuse the next call too: use another one.
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

  /** Repeats the call, on another connection if the server closes this one. */
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
        // Of a peer's first tracks only: `Room` derives the tracks from the offers.
        this.view.told(payload.value, this.#setup.senders, this.#peer?.roomId);
        return;
    }
  }

  #deliverJoin(reply: JoinReply): void {
    this.#opening = false;
    if (reply.success && reply.description) {
      this.#ticket?.joined();
      this.view.joinedAt = performance.now();
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
