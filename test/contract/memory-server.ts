import { acceptConnection, type ConnectionOptions, type SfuRelay } from '../../src/index.js';
import { SUBPROTOCOL } from '../../src/protocol/messages.js';
import type { ClientSocket, Closed, Connect } from './client-socket.js';

type Frame = { text: string } | { ping: true } | { close: Closed };

/** The relay's own door, `acceptConnection`, without a network: a socket is two queues in this process. */
export function overMemory(relay: SfuRelay, options: ConnectionOptions): Connect {
  return (protocols, headers, query) => new MemorySocket(relay, options, protocols, headers, query);
}

class MemorySocket implements ClientSocket {
  readonly opened = Promise.resolve();
  readonly closed: Promise<Closed>;
  readonly protocol: string;
  readonly #connection;
  /** What the client has not read yet. */
  #inbox: Frame[] = [];
  #texts: ((text: string) => void)[] = [];
  #pings: (() => void)[] = [];
  #paused = false;
  #over = false;
  #resolveClosed: (closed: Closed) => void = () => {};

  constructor(
    relay: SfuRelay,
    options: ConnectionOptions,
    protocols: string[],
    headers: Record<string, string>,
    query: string,
  ) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.protocol = protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : '';
    const offered = protocols.length > 0 ? { 'sec-websocket-protocol': protocols.join(', ') } : {};
    const socket = this;
    this.#connection = acceptConnection(
      relay,
      {
        protocol: this.protocol,
        get bufferedAmount() {
          return socket.#buffered();
        },
        send: (text) => this.#push({ text }),
        ping: () => this.#push({ ping: true }),
        close: (code, reason) => this.#push({ close: { code, reason } }),
        terminate: () => this.#end({ code: 1006, reason: '' }),
      },
      { url: `/rtc${query}`, headers: { ...lowerCase(headers), ...offered }, remoteAddress: '127.0.0.1' },
      options,
    );
  }

  onText(listener: (text: string) => void): void {
    this.#texts.push(listener);
  }

  onPing(listener: () => void): void {
    this.#pings.push(listener);
  }

  send(data: string | Uint8Array): void {
    setImmediate(() => {
      if (this.#over) return;
      if (typeof data === 'string') this.#connection.receive(data);
      else this.#connection.receiveBinary();
    });
  }

  close(code: number): void {
    setImmediate(() => this.#end({ code, reason: '' }));
  }

  terminate(): void {
    setImmediate(() => this.#end({ code: 1006, reason: '' }));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    setImmediate(() => this.#read());
  }

  #buffered(): number {
    return this.#inbox.reduce((sum, frame) => sum + ('text' in frame ? Buffer.byteLength(frame.text) : 2), 0);
  }

  #push(frame: Frame): void {
    if (this.#over) return;
    this.#inbox.push(frame);
    setImmediate(() => this.#read());
  }

  #read(): void {
    while (!this.#paused && !this.#over) {
      const frame = this.#inbox.shift();
      if (!frame) return;
      if ('text' in frame) for (const listener of this.#texts) listener(frame.text);
      else if ('ping' in frame) this.#pong();
      else this.#end(frame.close);
    }
  }

  #pong(): void {
    for (const listener of this.#pings) listener();
    this.#connection.pong();
  }

  #end(closed: Closed): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.closed(closed.code, closed.reason);
    this.#resolveClosed(closed);
  }
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
