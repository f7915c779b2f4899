import { randomUUID } from 'node:crypto';
import type { EventBody } from '../exchange.js';

/** Event streams of this process whose clients other processes have. Each reads one piece after the other, as fast as its client. */
export class ForwardedStreams {
  readonly #streams = new Map<string, EventBody>();

  /** `first`: a stream that nobody continues to read is cut after a while, as one whose client does not read. */
  async open(body: EventBody): Promise<{ id: string; first: string | undefined }> {
    const id = randomUUID();
    this.#streams.set(id, body);
    body.signal.addEventListener('abort', () => this.#streams.delete(id), { once: true });
    return { id, first: await this.read(id) };
  }

  /** Resolves with the next piece; undefined at the end. */
  async read(id: string): Promise<string | undefined> {
    const body = this.#streams.get(id);
    const { value } = (await body?.next()) ?? {};
    if (value === undefined) this.#streams.delete(id);
    return value;
  }

  /** The client has disconnected. */
  async end(id: string): Promise<void> {
    const body = this.#streams.get(id);
    this.#streams.delete(id);
    await body?.return?.();
  }
}
