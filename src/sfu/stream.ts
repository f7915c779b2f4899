import type { CancelSignal } from '../cancellation.js';
import { Deadline } from '../deadline.js';
import { RelayError } from '../errors.js';
import type { SessionDescription, Subscription, Target } from '../model.js';
import { Target as IonTarget, type JoinReply, type Reply, type Request } from './gen/rtc.js';
import type { CallListener, GrpcCall, GrpcConnection } from './grpc/client.js';
import { errorFromStatus, type Status } from './grpc/status.js';
import { decodeReply, decodeTrickle, encodeRequest, encodeTrickle } from './messages.js';
import type { SfuJoin, SfuStream, SfuStreamListener } from './port.js';

/** Before a join it is refused with `Reply.error`, and leaves nothing behind. */
const REFUSED_CANDIDATE = '{}';

/** The same for all streams of a node. */
export interface StreamSetup {
  closeTimeoutMs: number;
  /** A stream on this connection has ended. */
  onEnd(connection: GrpcConnection): void;
  /** A stream was left because the SFU did not answer. */
  onSilent(): void;
}

/**
 * One `rtc.RTC/Signal` stream. It is read from its first moment to its last, whatever becomes of the session: a
 * stream that nobody reads stalls the whole SFU (it broadcasts under one lock).
 */
export class IonStream implements SfuStream, CallListener {
  readonly #call: GrpcCall;
  readonly #listener: SfuStreamListener;
  readonly #connection: GrpcConnection;
  readonly #setup: StreamSetup;
  /** From the refused trickle to the join's reply. */
  #opening = false;
  #leaving = false;
  #failure: RelayError | undefined;
  #timer: Deadline | undefined;

  constructor(listener: SfuStreamListener, connection: GrpcConnection, setup: StreamSetup) {
    this.#listener = listener;
    this.#connection = connection;
    this.#setup = setup;
    this.#call = connection.call(this);
  }

  get pending(): number {
    return this.#call.pending;
  }

  /**
   * Ion answers a join from several goroutines, which race in opening the response: one stream in 200 is ended
   * by it, or never hears anything. A trickle that it refuses makes it open the response before.
   */
  join({ roomId, uid, sdp, autoSubscribe }: SfuJoin): void {
    this.#opening = true;
    this.candidate(IonTarget.PUBLISHER, REFUSED_CANDIDATE);
    this.#write({
      $case: 'join',
      value: {
        sid: roomId,
        uid,
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
    if (!this.#leaving) this.#call.write(encodeTrickle(target, init));
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

  end(silent = false): void {
    if (this.#leaving) return;
    this.#leaving = true;
    if (silent) {
      this.#connection.suspect = true;
      this.#setup.onSilent();
    }
    this.#call.end();
    this.#timer = new Deadline(() => this.#call.cancel(), this.#setup.closeTimeoutMs);
  }

  onMessage(message: Buffer): void {
    this.#connection.suspect = false;
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
    this.#setup.onEnd(this.#connection);
    const asWished = this.#leaving && (end.code === 'OK' || end.code === 'CANCELLED');
    this.#listener.onEnd(asWished ? undefined : (this.#failure ?? errorFromStatus(end)));
  }

  #write(payload: Request['payload']): void {
    if (!this.#leaving) this.#call.write(encodeRequest(payload));
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
    if (reply.success && reply.description)
      this.#listener.onJoined(description('answer', reply.description.sdp));
    else this.#listener.onRefused(reasonOf(reply));
  }
}

function reasonOf(reply: { error?: { reason: string } | undefined }): string {
  return reply.error?.reason ?? 'no reason given';
}

function description(type: SessionDescription['type'], sdp: string): SessionDescription {
  return { type, sdp };
}

function unanswered({ reason }: CancelSignal): Error {
  return new Error(
    'there is a connection, but no answer to a call in time: does the SFU hang, does a proxy hold the call back?',
    { cause: reason },
  );
}

/** A stream that only asks whether the SFU answers: a trickle without a join is refused, and leaves nothing. */
export function probe(open: (listener: CallListener) => GrpcCall, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const call = open({
      onMessage() {
        answered = true;
        call.end();
      },
      onEnd(end) {
        signal.removeEventListener('abort', abort);
        if (answered) resolve();
        else if (signal.aborted || end.code === 'CANCELLED')
          reject(
            new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.', {
              cause: unanswered(signal),
            }),
          );
        else reject(errorFromStatus(end));
      },
    });
    const abort = () => call.cancel();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else call.write(encodeTrickle(IonTarget.PUBLISHER, REFUSED_CANDIDATE));
  });
}
