import { EventEmitter, once } from 'node:events';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Reply, Request } from '../../src/sfu/ion/gen/rtc.js';
import { RtcClient } from './rtc-client.js';

const SILENCE_MS = 20_000;

type Payload = NonNullable<Reply['payload']>;
type Value<C extends Payload['$case']> = Extract<Payload, { $case: C }>['value'];

/** How Ion ended a stream: the gRPC status. */
export interface StreamEnd {
  code: number;
  details: string;
}

/** One bare `Signal` stream to Ion, without any relay. */
export class IonPeer {
  readonly replies: Payload[] = [];
  /** Resolves when Ion has ended the stream, with whatever status. */
  readonly ended: Promise<StreamEnd>;
  readonly #client: RtcClient;
  readonly #stream: ClientDuplexStream<Request, Reply>;
  readonly #arrivals = new EventEmitter();
  #end?: StreamEnd;

  constructor(address: string) {
    this.#client = new RtcClient(address);
    this.#stream = this.#client.signal();
    this.#stream.on('data', ({ payload }: Reply) => {
      if (!payload) return;
      this.replies.push(payload);
      this.#arrivals.emit('reply');
    });
    this.ended = new Promise((resolve) => {
      const end = ({ code, details }: ServiceError | StreamEnd) => {
        this.#end ??= { code, details };
        resolve(this.#end);
        this.#arrivals.emit('reply');
      };
      this.#stream.on('error', end);
      this.#stream.on('status', end);
    });
  }

  send(payload: NonNullable<Request['payload']>): void {
    this.#stream.write({ payload });
  }

  /**
   * A candidate before the join: answered with an error that leaves nothing behind. It also makes the join after it
   * safe: otherwise the join's reply and the first candidate, sent by two goroutines at once, race for the stream's
   * headers, and one stream in some hundred ends with INTERNAL or stays silent for ever.
   */
  async probe(): Promise<string> {
    this.send({ $case: 'trickle', value: { target: 0, init: '{}' } });
    return (await this.take('error')).reason;
  }

  join(sid: string, uid: string, sdp?: string, config: Record<string, string> = {}): void {
    const description =
      sdp === undefined ? undefined : { target: 0 as const, type: 'offer', sdp, trackInfos: [] };
    this.send({ $case: 'join', value: { sid, uid, config, description } });
  }

  /** The first reply of this kind that was not taken yet; rejects when the stream ends, or is silent for 20 s, before it comes. */
  async take<C extends Payload['$case']>(kind: C): Promise<Value<C>> {
    const signal = AbortSignal.timeout(SILENCE_MS);
    for (;;) {
      const index = this.replies.findIndex((reply) => reply.$case === kind);
      const [found] = index < 0 ? [] : this.replies.splice(index, 1);
      if (found) return found.value as Value<C>;
      if (this.#end) {
        const { code, details } = this.#end;
        throw new Error(`Ion ended the stream instead of sending ${kind}: ${code} ${details}`);
      }
      await once(this.#arrivals, 'reply', { signal }).catch(() => {
        throw new Error(
          `Ion sent no ${kind} within ${SILENCE_MS} ms, but ${this.replies.map(({ $case }) => $case)}`,
        );
      });
    }
  }

  /** Half-closes: leaving, as Ion understands it. */
  leave(): void {
    this.#stream.end();
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}
