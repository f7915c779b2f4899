/** A message to a client, numbered. */
interface BufferedEvent<Content> {
  readonly id: number;
  readonly text: string;
  readonly bytes: number;
  /** What `text` says, where somebody else may have to say it. */
  readonly content: Content | undefined;
}

/** What was read is kept up to this, for a reader that comes back. */
const KEPT_BYTES = 64 * 1024;

/**
 * A client's messages in their order, numbered from 1, also while nobody reads them; the newest of those that were
 * read stay, so that reading can be resumed (Last-Event-ID).
 */
export class ReplayBuffer<Content> {
  readonly #maxBytes: number;
  /** Without a gap in their numbers. */
  #events: BufferedEvent<Content>[] = [];
  #bytes = 0;
  #lastId = 0;
  /** The next to be read. */
  #nextId = 1;
  #wake: (() => void) | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False where the ceiling is reached by what waits to be read: the event is not taken. */
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

  /** Reads on after a event that the reader has; false where what followed it is not there any more. */
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

  /** Gives what is unread, and counts it as read. */
  read(): readonly BufferedEvent<Content>[] {
    const events = this.unread;
    this.#nextId = this.#lastId + 1;
    return events;
  }

  /** Calls back when a event comes; there is one reader at a time. */
  onEvent(wake: (() => void) | undefined): void {
    this.#wake = wake;
  }

  get #firstId(): number {
    return this.#events[0]?.id ?? this.#lastId + 1;
  }
}
