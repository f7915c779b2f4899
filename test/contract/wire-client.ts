import { SUBPROTOCOL } from '../../src/signal/protocol.js';
import { type ClientSocket, type Closed, overWebSocket } from './client-socket.js';

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
  readonly closed: Promise<Closed>;
  readonly socket: ClientSocket;
  readonly #changed = new Set<() => void>();
  #nextId = 1;

  constructor(socket: ClientSocket) {
    this.socket = socket;
    this.closed = socket.closed;
    socket.onText((text) => {
      this.received.push(JSON.parse(text));
      for (const check of [...this.#changed]) check();
    });
  }

  static async open(socket: ClientSocket): Promise<WireClient> {
    const client = new WireClient(socket);
    await socket.opened;
    return client;
  }

  /** Opens a WebSocket by ws. */
  static dial(url: string, protocols = [SUBPROTOCOL]): Promise<WireClient> {
    return WireClient.open(overWebSocket(url)(protocols, {}, ''));
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  /** Sends a text as it is, or a value as JSON. */
  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  sendBinary(data: Uint8Array): void {
    this.socket.send(data);
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
    this.socket.close(code);
    await this.closed;
  }

  /** Vanishes without a closing handshake. */
  vanish(): void {
    this.socket.terminate();
  }
}
