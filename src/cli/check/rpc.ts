import type { WebSocket } from 'ws';
import type { ClientRequests, ErrorObject, TrickleParams } from '../../protocol/messages.js';
import { isRecord } from '../../util/is-record.js';
import { within } from './within.js';

/** The relay has refused a request, or closed the connection. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** `ERR_RELAY_…`; undefined if the connection was closed without one. */
  readonly code: string | undefined;
  readonly closeCode: number | undefined;

  constructor(message: string, code: string | undefined, closeCode?: number) {
    super(message);
    this.code = code;
    this.closeCode = closeCode;
  }
}

/** A request was not answered in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const CLOSE_MS = 1_000;

/** Requests over the relay's WebSocket. */
export class Rpc {
  readonly #socket: WebSocket;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, PromiseWithResolvers>();
  /** The error that the relay has announced for the close. */
  #last: Refusal | undefined;
  #closed: Refusal | undefined;
  #nextId = 1;
  /** Candidates of the SFU for the publisher connection. */
  readonly candidates: string[] = [];

  constructor(socket: WebSocket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on('message', (data) => this.#receive(String(data)));
    socket.once('close', (code, reason) => this.#end(code, String(reason)));
    socket.resume();
  }

  /** @throws Refusal, NoAnswer */
  request<Method extends keyof ClientRequests>(
    method: Method,
    params?: ClientRequests[Method]['params'],
  ): Promise<ClientRequests[Method]['result']> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#socket.send(
      JSON.stringify({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) }),
    );
    const late = () => new NoAnswer(`"${method}" has no answer within ${this.#timeoutMs} ms.`);
    return within(answer, this.#timeoutMs, late) as Promise<ClientRequests[Method]['result']>;
  }

  close(): void {
    this.#socket.close(1000);
    // A server that does not answer the close must not keep the process.
    setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
  }

  #receive(text: string): void {
    const message = parse(text);
    if (message.method === 'trickle') this.#receiveCandidate(message.params);
    const error = isRecord(message.error) ? (message.error as unknown as ErrorObject) : undefined;
    const refusal = error && new Refusal(String(error.message), error.data?.code, error.data?.closeCode);
    if (refusal && message.id === null) this.#last = refusal;
    const waiting = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined;
    if (!waiting) return;
    this.#pending.delete(message.id as number);
    if (refusal) waiting.reject(refusal);
    else waiting.resolve(message.result);
  }

  #receiveCandidate(params: unknown): void {
    const { target, candidate } = (isRecord(params) ? params : {}) as Partial<TrickleParams>;
    if (target === 0 && typeof candidate?.candidate === 'string') this.candidates.push(candidate.candidate);
  }

  #end(code: number, reason: string): void {
    const { message = reason === '' ? `closed with ${code}` : reason, code: name } = this.#last ?? {};
    this.#closed = new Refusal(message, name, code);
    for (const { reject } of this.#pending.values()) reject(this.#closed);
    this.#pending.clear();
  }
}

interface PromiseWithResolvers {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

function parse(text: string): Record<string, unknown> {
  try {
    const message: unknown = JSON.parse(text);
    return isRecord(message) ? message : {};
  } catch {
    return {};
  }
}
