import { type ClientDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import { RelayError } from '../errors.js';
import type { SessionDescription, Subscription, Target } from '../model.js';
import { Target as IonTarget, type JoinReply, type Reply, type Request } from './gen/rtc.js';
import type { SfuJoin, SfuStream, SfuStreamListener } from './port.js';
import { errorFromStatus } from './status.js';

/** Before a join it is refused with `Reply.error`, and leaves nothing behind. */
const REFUSED_CANDIDATE = '{}';

/**
 * One `rtc.RTC/Signal` stream. It is read from its first moment to its last, whatever becomes of the session: a
 * stream that nobody reads stalls the whole SFU (it broadcasts under one lock).
 */
export class IonStream implements SfuStream {
  readonly #call: ClientDuplexStream<Request, Reply>;
  readonly #listener: SfuStreamListener;
  readonly #closeTimeoutMs: number;
  readonly #onSilence: () => void;
  /** From the refused trickle to the join's reply. */
  #opening = false;
  #leaving = false;
  #failure: RelayError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    call: ClientDuplexStream<Request, Reply>,
    listener: SfuStreamListener,
    options: { closeTimeoutMs: number; onSign: () => void; onSilence: () => void; onEnd: () => void },
  ) {
    this.#call = call;
    this.#listener = listener;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.#onSilence = options.onSilence;
    call.on('data', (reply) => {
      options.onSign();
      try {
        this.#deliver(reply);
      } catch (error) {
        this.#failure = RelayError.from(error);
        call.cancel();
      }
    });
    // The status says all that the error does, and always comes.
    call.on('error', () => {});
    call.on('status', (end: StatusObject) => {
      clearTimeout(this.#timer);
      options.onEnd();
      const asWished = this.#leaving && (end.code === status.OK || end.code === status.CANCELLED);
      this.#listener.onEnd(asWished ? undefined : (this.#failure ?? errorFromStatus(end)));
    });
  }

  get pending(): number {
    return this.#call.writableLength;
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
    this.#write({ $case: 'trickle', value: { target, init } });
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
    if (silent) this.#onSilence();
    this.#call.end();
    this.#timer = setTimeout(() => this.#call.cancel(), this.#closeTimeoutMs);
  }

  #write(payload: Request['payload']): void {
    if (!this.#leaving) this.#call.write({ payload });
  }

  #deliver({ payload }: Reply): void {
    if (this.#leaving || !payload) return;
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

/** A stream that only asks whether the SFU answers: a trickle without a join is refused, and leaves nothing. */
export function probe(call: ClientDuplexStream<Request, Reply>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const abort = () => call.cancel();
    signal.addEventListener('abort', abort, { once: true });
    call.on('data', () => {
      answered = true;
      call.end();
    });
    call.on('error', () => {});
    call.on('status', (end: StatusObject) => {
      signal.removeEventListener('abort', abort);
      if (answered) resolve();
      else if (signal.aborted || end.code === status.CANCELLED)
        reject(new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.', { cause: signal.reason }));
      else reject(errorFromStatus(end));
    });
    if (signal.aborted) abort();
    else
      call.write({
        payload: { $case: 'trickle', value: { target: IonTarget.PUBLISHER, init: REFUSED_CANDIDATE } },
      });
  });
}
