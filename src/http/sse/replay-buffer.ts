interface BufferedEvent<Content> {
  /** Consecutive, from 1. */
  readonly id: number;
  readonly text: string;
  readonly bytes: number;
  /** The message of the text, if a connection that takes the session over has to send it. */
  readonly content: Content | undefined;
}

/** Bytes of events that are kept after they were read. */
const KEPT_BYTES = 64 * 1024;

/**
 * The events for one client, in order, whether or not something reads them. The newest of those that were read are kept,
 * so that an interrupted reader can resume (Last-Event-ID).
 */
export class ReplayBuffer<Content> {
  readonly #maxBytes: number;
  #events: BufferedEvent<Content>[] = [];
  #bytes = 0;
  #lastId = 0;
  /** The id of the next event to read. */
  #nextId = 1;
  #wake: (() => void) | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds an event. Returns false if too many bytes are unread. A single event may be longer than the limit. */
  push(text: string, content?: Content): boolean {
    const bytes = Buffer.byteLength(text);
    for (let first = this.#events[0]; first && first.id < this.#nextId; first = this.#events[0]) {
      if (this.#bytes + bytes <= Math.min(KEPT_BYTES, this.#maxBytes)) break;
      this.#events.shift();
      this.#bytes -= first.bytes;
    }
    if (this.#events.length > 0 && this.#bytes + bytes > this.#maxBytes) return false;
    this.#lastId += 1;
    this.#events.push({ id: this.#lastId, text, bytes, content });
    this.#bytes += bytes;
    this.#wake?.();
    return true;
  }

  /** Continues after an event that the reader has. Returns false if a later event is not kept any more. */
  resumeAfter(id: number): boolean {
    if (!Number.isInteger(id) || id < this.#firstId - 1 || id > this.#lastId) return false;
    this.#nextId = id + 1;
    return true;
  }

  get unread(): readonly BufferedEvent<Content>[] {
    return this.#events.slice(Math.max(0, this.#nextId - this.#firstId));
  }

  get unreadBytes(): number {
    return this.unread.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Returns the unread events, and marks them as read. */
  read(): readonly BufferedEvent<Content>[] {
    const events = this.unread;
    this.#nextId = this.#lastId + 1;
    return events;
  }

  /** Sets the callback of the one reader: it is called for each new event. */
  onEvent(wake: (() => void) | undefined): void {
    this.#wake = wake;
  }

  get #firstId(): number {
    return this.#events[0]?.id ?? this.#lastId + 1;
  }
}
