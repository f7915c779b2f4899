import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Random } from '../fuzz/random.js';

/** What one life of a client needs: chance, and a server. */
export interface World {
  readonly random: Random;
  /** host:port of the WebSockets and of the REST API. */
  readonly origin: string;
  /** Counts what was done, by its name. */
  count(what: string): void;
}

type Message = Record<string, unknown> & { result?: Record<string, unknown>; error?: object };

/** A client on a WebSocket. Nothing fails here: what is not answered, because the connection is gone, is undefined. */
export class SocketClient {
  readonly #socket: WebSocket;
  readonly #gone: Promise<undefined>;
  readonly #waiting = new Map<number, (message: Message | undefined) => void>();
  #lastId = 0;
  /** The newest offer of the SFU. */
  #onOffer: (offer: { sdp: string }) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse(data.toString())));
    this.#gone = new Promise((resolve) => {
      socket.once('close', () => {
        for (const settle of this.#waiting.values()) settle(undefined);
        this.#waiting.clear();
        resolve(undefined);
      });
    });
  }

  /** Undefined where it was closed before it was open. */
  static async open({ origin }: World, token?: string): Promise<SocketClient | undefined> {
    const socket = new WebSocket(`ws://${origin}/rtc`, [
      'sfu-relay.v1',
      ...(token ? [`bearer.${token}`] : []),
    ]);
    socket.on('error', () => {});
    const client = new SocketClient(socket);
    const opened = new Promise<boolean>((resolve) => socket.once('open', () => resolve(true)));
    return (await Promise.race([opened, client.#gone])) ? client : undefined;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  onOffer(listener: (offer: { sdp: string }) => void): void {
    this.#onOffer = listener;
  }

  notify(method: string, params: object): void {
    if (this.isOpen) this.#socket.send(JSON.stringify({ method, params }));
  }

  request(method: string, params: object = {}): Promise<Message | undefined> {
    if (!this.isOpen) return this.#gone;
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Closes, or vanishes. */
  async end({ random }: World): Promise<void> {
    if (random.chance(0.3)) this.#socket.close();
    else this.#socket.terminate();
    const timer = setTimeout(() => this.#socket.terminate(), 1_000);
    await this.#gone;
    clearTimeout(timer);
  }

  #receive(message: Message): void {
    if (message.method === 'offer') this.#onOffer(message.params as { sdp: string });
    const settle = this.#waiting.get(message.id as number);
    this.#waiting.delete(message.id as number);
    settle?.(message);
  }
}

/** One HTTP request on a connection of its own, which may be cut at any moment. */
export class HttpCall {
  /** Status and text; undefined where it was cut. */
  readonly answered: Promise<{ status: number; text: string } | undefined>;
  readonly #request;

  constructor({ origin }: World, method: string, path: string, token: string, body?: object) {
    const [host, port] = origin.split(':');
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const options = { host, port, method, path: `/api/v1/sfu${path}`, headers, agent: false };
    this.#request = httpRequest(options);
    this.answered = new Promise((resolve) => {
      this.#request.on('response', (response) => resolve(read(response)));
      this.#request.on('error', () => resolve(undefined));
      this.#request.on('close', () => resolve(undefined));
    });
    this.#request.end(body && JSON.stringify(body));
  }

  cut(): void {
    this.#request.destroy();
  }
}

function read(response: IncomingMessage): Promise<{ status: number; text: string } | undefined> {
  return new Promise((resolve) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(0, 100_000);
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    response.on('error', () => resolve(undefined));
  });
}

/** Waits for a moment of up to `most` ms; often for none. */
export async function moment({ random }: World, most = 30): Promise<void> {
  if (random.chance(0.4)) return;
  await sleep(random.below(most));
}
