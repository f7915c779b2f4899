import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../src/signal/protocol.js';

interface Message {
  jsonrpc?: string;
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: { code: string; retryable: boolean; method?: string } };
}

/** A client that knows nothing of the protocol: it sends what it is told, and remembers what it gets. */
export class WireClient {
  readonly received: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #ws: WebSocket;
  readonly #opened: Promise<void>;
  readonly #changed = new Set<() => void>();
  #nextId = 1;

  constructor(url: string, protocols: string[] = [SUBPROTOCOL], headers: Record<string, string> = {}) {
    this.#ws = new WebSocket(url, protocols, { headers });
    this.#opened = new Promise((resolve, reject) => {
      this.#ws.once('open', resolve);
      this.#ws.once('error', reject);
    });
    this.#opened.catch(() => {});
    this.#ws.on('message', (data) => {
      this.received.push(JSON.parse(data.toString()));
      for (const check of [...this.#changed]) check();
    });
    this.closed = new Promise((resolve) => {
      this.#ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async open(
    url: string,
    protocols?: string[],
    headers?: Record<string, string>,
  ): Promise<WireClient> {
    const client = new WireClient(url, protocols, headers);
    await client.#opened;
    return client;
  }

  get protocol(): string {
    return this.#ws.protocol;
  }

  get socket(): WebSocket {
    return this.#ws;
  }

  /** Sends a text as it is, or a value as JSON. */
  send(message: unknown): void {
    this.#ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  sendBinary(data: Uint8Array): void {
    this.#ws.send(data, { binary: true });
  }

  notify(method: string, params?: unknown): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** Sends a request and gives the response, whichever it is. */
  async request(method: string, params?: unknown): Promise<Message> {
    const id = this.#nextId++;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.next((message) => message.id === id);
  }

  /** The first message, past or to come, that fits. */
  next(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.received.find(fits);
        if (!found) return;
        this.#changed.delete(check);
        resolve(found);
      };
      this.#changed.add(check);
      check();
      void this.closed.then(({ code, reason }) => {
        this.#changed.delete(check);
        reject(new Error(`closed with ${code} ${reason} while waiting`));
      });
    });
  }

  /** The first notification of a method. */
  async notified(method: string): Promise<Record<string, unknown>> {
    return (await this.next((message) => message.method === method)).params ?? {};
  }

  methods(): string[] {
    return this.received.flatMap(({ method }) => (method === undefined ? [] : [method]));
  }

  async close(code = 1000): Promise<void> {
    if (this.#ws.readyState !== WebSocket.CLOSED) this.#ws.close(code);
    await this.closed;
  }

  /** Vanishes without a closing handshake. */
  vanish(): void {
    this.#ws.terminate();
  }
}
