import { afterEach } from 'vitest';
import {
  acceptConnection,
  anonymous,
  type ConnectionOptions,
  SfuRelay,
  type SfuRelayOptions,
} from '../../../../src/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { eventually } from '../../../support/eventually.js';

/** A message of the relay. */
interface Heard {
  readonly id?: unknown;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it says its shape
  readonly result?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly params?: any;
  readonly error?: { readonly data: { readonly code: string; readonly closeCode?: number } };
}

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** One connection whose socket is a fake. Each message of the relay is in `heard` once its tick has ended. */
export class FakeClient {
  readonly heard: Heard[] = [];
  /** What the socket has not sent yet, in bytes. */
  bufferedAmount = 0;
  /** Whether the client reads; if it does not, all is buffered. */
  reads = true;
  /** Whether the socket fails at each message. */
  isBroken = false;
  closeCode: number | undefined;
  readonly #connection: ReturnType<typeof acceptConnection>;
  #id = 0;

  constructor(relay: SfuRelay, options: ConnectionOptions = {}, token?: string) {
    const isBroken = () => this.isBroken;
    const buffered = () => this.bufferedAmount;
    const socket = {
      protocol: '',
      get bufferedAmount() {
        return buffered();
      },
      send: (text: string) => {
        if (isBroken()) throw new Error('the socket is broken');
        if (!this.reads) this.bufferedAmount += text.length;
        this.heard.push(JSON.parse(text));
      },
      ping: () => {},
      close: (code: number) => {
        this.closeCode = code;
      },
      terminate: () => this.lose(),
    };
    const url = token === undefined ? '/rtc' : `/rtc?token=${token}`;
    this.#connection = acceptConnection(
      relay,
      socket,
      { url, headers: {}, remoteAddress: '127.0.0.1' },
      options,
    );
  }

  send(message: object): void {
    this.#connection.receive(JSON.stringify(message));
  }

  /** @returns the id of the request */
  ask(method: string, params: object = {}): number {
    this.#id += 1;
    this.send({ id: this.#id, method, params });
    return this.#id;
  }

  answerTo(id: number): Promise<Heard> {
    return eventually(() => {
      const answer = this.heard.find((message) => message.id === id);
      if (!answer) throw new Error(`nothing answers the request ${id}`);
      return answer;
    });
  }

  request(method: string, params: object = {}): Promise<Heard> {
    return this.answerTo(this.ask(method, params));
  }

  /** Joins, and acknowledges the result. */
  async join(params: object = {}) {
    const offer = { type: 'offer', sdp: fakeOffer() };
    const { result, error } = await this.request('join', {
      sid: 'lobby',
      uid: 'ada',
      capabilities: ['resume'],
      offer,
      ...params,
    });
    if (!result) throw new Error(error?.data.code);
    this.send({ method: 'ack', params: { received: 1 } });
    const { sessionId, sessionToken } = result as { sessionId: string; sessionToken: string };
    return { sessionId, sessionToken };
  }

  /** The socket has closed. */
  lose(code = 1006): void {
    this.#connection.closed(code);
  }
}

export function startRelay(options: Partial<SfuRelayOptions> = {}): SfuRelay {
  const relay = new SfuRelay({
    sfu: { serverUrl: 'localhost:5551' },
    authenticate: anonymous(),
    logger: false,
    ...options,
  });
  ends.push(() => relay.close({ timeoutMs: 100 }));
  return relay;
}
