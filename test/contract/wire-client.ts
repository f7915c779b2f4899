import { expect } from 'vitest';
import { SUBPROTOCOL } from '../../src/protocol/messages.js';
import { expectDescribedMessage, expectDescribedResult } from '../support/described.js';
import { type ClientSocket, type Closed, overWebSocket } from './client-socket.js';

interface Message {
  jsonrpc?: string;
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: {
    code: number;
    message: string;
    data?: { code: string; retryable: boolean; retryAfterMs?: number; method?: string; closeCode?: number };
  };
}

/** A client that knows nothing of the protocol: it sends what it is told, and remembers what it gets. */
export class WireClient {
  readonly received: Message[] = [];
  readonly closed: Promise<Closed>;
  readonly socket: ClientSocket;
  /** Of texts. */
  bytesReceived = 0;
  bytesSent = 0;
  readonly #waiting = new Set<(message: Message) => void>();
  #nextId = 1;

  constructor(socket: ClientSocket) {
    this.socket = socket;
    this.closed = socket.closed.then((closed) => this.#checkReason(closed));
    // Not every test waits for the close.
    this.closed.catch(() => {});
    socket.onText((text) => {
      const message: Message = JSON.parse(text);
      expectDescribedMessage(message);
      this.received.push(message);
      this.bytesReceived += Buffer.byteLength(text);
      for (const take of [...this.#waiting]) take(message);
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
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.bytesSent += Buffer.byteLength(text);
    this.socket.send(text);
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
    const request = { jsonrpc: '2.0', id, method, params };
    this.send(request);
    const response = await this.next((message) => message.id === id);
    if (response.result) expectDescribedResult(JSON.parse(JSON.stringify(request)), response);
    return response;
  }

  /** The first message, past or to come, that fits. */
  next(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const found = this.received.find(fits);
      if (found) return resolve(found);
      const take = (message: Message) => {
        if (!fits(message)) return;
        this.#waiting.delete(take);
        resolve(message);
      };
      this.#waiting.add(take);
      void this.closed.then(({ code, reason }) => {
        this.#waiting.delete(take);
        reject(new Error(`closed with ${code} ${reason} while waiting`));
      });
    });
  }

  /** The first notification of a method. */
  async notified(
    method: string,
    matches: (params: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    const isMeant = (message: Message) => message.method === method && matches(message.params ?? {});
    return (await this.next(isMeant)).params ?? {};
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

  /** A relay that closes a connection says by its last message which error it is; a client that does not read misses it. */
  #checkReason(closed: Closed): Closed {
    const { code } = closed;
    if ((code === 1001 || (code >= 4400 && code < 4600)) && code !== 4508)
      expect(this.received.at(-1)).toMatchObject({ id: null, error: { data: { closeCode: code } } });
    return closed;
  }
}
