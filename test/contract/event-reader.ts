/** One server-sent event. */
export interface ServerEvent {
  id: string | undefined;
  event: string;
  // Whatever it says: the tests look into it.
  data: ReturnType<typeof JSON.parse>;
}

/** A client of an event stream that remembers what it gets. */
export class EventReader {
  readonly received: ServerEvent[] = [];
  /** Resolves when the server has ended the stream, or cut it. */
  readonly ended: Promise<void>;
  readonly response: Response;
  readonly #abort: AbortController;
  readonly #changed = new Set<() => void>();

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.ended = this.#read().catch(() => {});
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventReader> {
    return EventReader.of((signal) => fetch(url, { headers, signal }));
  }

  /** @param request sends a request that the signal aborts */
  static async of(request: (signal: AbortSignal) => Promise<Response>): Promise<EventReader> {
    const abort = new AbortController();
    return new EventReader(await request(abort.signal), abort);
  }

  /** The first event, past or to come, that fits. */
  next(fits: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.received.find(fits);
        if (!found) return;
        this.#changed.delete(check);
        resolve(found);
      };
      this.#changed.add(check);
      check();
      void this.ended.then(() => {
        this.#changed.delete(check);
        reject(
          new Error(`the stream ended while waiting; it had ${JSON.stringify(this.received).slice(-500)}`),
        );
      });
    });
  }

  /** The params of the first notification of a method. */
  async notified(method: string) {
    return (await this.next(({ data }) => data.method === method)).data.params;
  }

  methods(): string[] {
    return this.received.flatMap(({ data }) => data.method ?? []);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }

  async #read(): Promise<void> {
    if (!this.response.body) return;
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 2)] as const;
      }),
    );
    const data = fields.get('data');
    if (data === undefined) return;
    this.received.push({
      id: fields.get('id'),
      event: fields.get('event') ?? 'message',
      data: JSON.parse(data),
    });
    for (const check of [...this.#changed]) check();
  }
}
