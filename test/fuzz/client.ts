import { acceptConnection, type ConnectionHandle, type RelaySocket, type SfuRelay } from '../../src/index.js';
import type { Knowledge, Message, Messages } from './messages.js';

const REMEMBERED = 60;

/** What a client heard that matters to the fuzzer. */
export interface Heard {
  onResult(method: string): void;
  onError(code: string, method: string): void;
  onClose(code: number): void;
}

interface Received {
  id?: unknown;
  method?: string;
  params?: { sdp?: string; tracks?: Track[]; participant?: { tracks: Track[] } };
  result?: { sessionId?: string; participants?: { tracks: Track[] }[] };
  error?: { data?: { code?: string; method?: string } };
}

interface Track {
  trackId: string;
  layers: string[];
}

/** A client without a network: what it says goes straight into the relay's core. */
export class FuzzClient {
  readonly sessions: string[] = [];
  /** What it said last, for the report of a hole. */
  readonly said: string[] = [];
  closed: number | undefined;
  readonly #messages: Messages;
  readonly #heard: Heard;
  readonly #handle: ConnectionHandle;
  readonly #waiting = new Map<unknown, { method: string; resolve(): void }>();
  #joined = false;
  #pendingOffer: string | undefined;
  #others: { trackId: string; layer?: string }[] = [];

  constructor(relay: SfuRelay, messages: Messages, heard: Heard) {
    this.#messages = messages;
    this.#heard = heard;
    const end = (code: number) => this.#end(code);
    const socket: RelaySocket = {
      protocol: '',
      bufferedAmount: 0,
      send: (text) => this.#hear(JSON.parse(text)),
      ping: () => this.#handle.pong(),
      close: (code) => queueMicrotask(() => end(code)),
      terminate: () => queueMicrotask(() => end(1006)),
    };
    this.#handle = acceptConnection(relay, socket, { url: '/rtc', headers: {}, remoteAddress: 'fuzz' });
  }

  /** Says one thing; resolves with the response to it, where it is one to wait for. */
  async speak(patience: number): Promise<void> {
    const message = this.#messages.next(this.#knowledge());
    this.#remember(message.text);
    const answered = this.#answerTo(message);
    this.#handle.receive(message.text);
    if (message.method === 'answer') this.#pendingOffer = undefined;
    const waits = message.method === 'join' || message.method === 'offer' || message.method === 'leave';
    if (waits && this.closed === undefined) await Promise.race([answered, late(patience)]);
  }

  speakBinary(data: Uint8Array): void {
    this.#remember(`binary frame of ${data.length} bytes`);
    this.#handle.receiveBinary();
  }

  /** Goes without a word. */
  vanish(): void {
    this.#end(1006);
  }

  #knowledge(): Knowledge {
    return { joined: this.#joined, pendingOffer: this.#pendingOffer, others: this.#others };
  }

  #answerTo({ id, method }: Message): Promise<void> {
    if (id === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(id, { method, resolve }));
  }

  #hear({ id, method, params, result, error }: Received): void {
    if (error) this.#heard.onError(error.data?.code ?? 'none', error.data?.method ?? '');
    if (result?.sessionId !== undefined && result.participants) {
      this.#joined = true;
      this.sessions.push(result.sessionId);
      this.#learn(result.participants.flatMap(({ tracks }) => tracks));
    }
    if (method === 'offer') this.#pendingOffer = params?.sdp;
    if (method === 'tracks') this.#learn(params?.tracks ?? []);
    if (method === 'participants') this.#learn(params?.participant?.tracks ?? []);
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (result) this.#heard.onResult(waiting.method);
    if (result && waiting.method === 'leave') this.#joined = false;
    waiting.resolve();
  }

  #learn(tracks: readonly Track[]): void {
    for (const { trackId, layers } of tracks) {
      const [layer] = layers;
      this.#others.unshift({ trackId, ...(layer !== undefined && { layer }) });
    }
    this.#others.length = Math.min(this.#others.length, 20);
  }

  #remember(text: string): void {
    this.said.push(text);
    if (this.said.length > REMEMBERED) this.said.shift();
  }

  #end(code: number): void {
    if (this.closed !== undefined) return;
    this.closed = code;
    this.#heard.onClose(code);
    this.#handle.closed();
    for (const { resolve } of this.#waiting.values()) resolve();
  }
}

function late(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
