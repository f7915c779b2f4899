import { LIMITS } from '../../protocol/limits.js';

interface BufferedEvent<Content> {
  /** Consecutive, from 1. */
  readonly id: number;
  readonly text: string;
  readonly bytes: number;
  /** The message of the text, if a client that begins anew may need it. */
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
  readonly #isLasting: (content: Content) => boolean;
  #events: BufferedEvent<Content>[] = [];
  /** Contents of dropped events that a client which begins anew may need all the same. */
  #lasting: Content[] = [];
  #bytes = 0;
  #lastId = 0;
  /** The id of the next event to read. */
  #nextId = 1;
  /** Bytes by which the last events that were added together may exceed the limit, until they are read. */
  #allowance = 0;
  /** While events are added together: their bytes so far. */
  #together: number | undefined;
  #wake: (() => void) | undefined;

  /** @param isLasting whether a content is kept longer than its event */
  constructor(maxBytes: number, isLasting: (content: Content) => boolean = () => false) {
    this.#maxBytes = maxBytes;
    this.#isLasting = isLasting;
  }

  /** Adds an event. Returns false if too many bytes are unread. A single event may be longer than the limit. */
  push(text: string, content?: Content): boolean {
    const bytes = Buffer.byteLength(text);
    for (let first = this.#events[0]; first && first.id < this.#nextId; first = this.#events[0]) {
      // Half: a reader that reads them again must not find the buffer full.
      if (this.#bytes + bytes <= Math.min(KEPT_BYTES, this.#maxBytes / 2)) break;
      this.#events.shift();
      this.#bytes -= first.bytes;
      if (first.content && this.#isLasting(first.content)) this.#keepLonger(first.content);
    }
    if (!this.#hasRoomFor(bytes)) return false;
    if (this.#together !== undefined) this.#together += bytes;
    this.#lastId += 1;
    this.#events.push({ id: this.#lastId, text, bytes, content });
    this.#bytes += bytes;
    this.#wake?.();
    return true;
  }

  /** The events that `add` adds are bounded as one: together they may exceed the limit. */
  together(add: () => void): void {
    if (this.#together !== undefined) {
      add();
      return;
    }
    this.#together = 0;
    try {
      add();
    } finally {
      this.#allowance = Math.max(this.#allowance, this.#together);
      this.#together = undefined;
    }
  }

  /** Continues after an event that the reader has. Returns false if a later event is not kept any more. */
  resumeAfter(id: number): boolean {
    if (!Number.isInteger(id) || id < this.#firstId - 1 || id > this.#lastId) return false;
    this.#nextId = id + 1;
    return true;
  }

  /** Reads the contents after an event that the reader has; undefined if a later event is not kept any more. */
  after(id: number): Content[] | undefined {
    return this.resumeAfter(id) ? this.read().flatMap(({ content }) => content ?? []) : undefined;
  }

  /** The reader begins anew: drops all events. Returns the contents that it may need, as far as they are kept. */
  restart(): Content[] {
    const contents = [...this.#lasting, ...this.#events.flatMap(({ content }) => content ?? [])];
    this.#lasting = [];
    this.#events = [];
    this.#bytes = 0;
    this.#nextId = this.#lastId + 1;
    return contents;
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
    this.#allowance = 0;
    return events;
  }

  /** Sets the callback of the one reader: it is called for each new event. */
  onEvent(wake: (() => void) | undefined): void {
    this.#wake = wake;
  }

  #keepLonger(content: Content): void {
    this.#lasting.push(content);
    if (this.#lasting.length > LIMITS.maxCandidates) this.#lasting.shift();
  }

  #hasRoomFor(bytes: number): boolean {
    // Of events that are added together only the first one needs room.
    if (this.#together || this.#events.length === 0) return true;
    const allowance = this.#together === undefined ? this.#allowance : 0;
    return this.#bytes + bytes <= this.#maxBytes + allowance;
  }

  get #firstId(): number {
    return this.#events[0]?.id ?? this.#lastId + 1;
  }
}
