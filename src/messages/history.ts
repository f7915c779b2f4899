import type { RoomMessage } from '../protocol/types.js';
import { jsonText } from '../util/json-text.js';
import type { HistoryLimits } from './message-kind.js';

/** A message with its position among all messages of the room. */
export interface HistoryEntry {
  readonly message: RoomMessage;
  /** Strictly increasing; the time `at` is not, as clocks can be set back. */
  readonly order: number;
  /** The length of the message as JSON. */
  readonly bytes: number;
}

/** The newest messages of a kind, bounded by number and by length as JSON. */
export class History {
  readonly #limits: Required<HistoryLimits>;
  readonly #entries = new Map<string, HistoryEntry>();
  #bytes = 0;

  constructor(limits: Required<HistoryLimits>) {
    this.#limits = limits;
  }

  /** Oldest first. */
  get entries(): Iterable<HistoryEntry> {
    return this.#entries.values();
  }

  /** @returns false where it has the message already */
  add(message: RoomMessage, order: number): boolean {
    if (this.#entries.has(message.id)) return false;
    const bytes = Buffer.byteLength(jsonText(message));
    this.#entries.set(message.id, { message, order, bytes });
    this.#bytes += bytes;
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.maxMessages && this.#bytes <= this.#limits.maxBytes) break;
      this.delete(id);
    }
    return true;
  }

  delete(id: string): void {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
    this.#entries.delete(id);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
