import type { RoomMessage } from '../model.js';
import type { HistoryLimits } from './kinds.js';

/** The newest messages of a kind, bounded by their number and their length as JSON. */
export class History {
  readonly #limits: Required<HistoryLimits>;
  readonly #entries = new Map<string, { message: RoomMessage; bytes: number }>();
  #bytes = 0;

  constructor(limits: Required<HistoryLimits>) {
    this.#limits = limits;
  }

  /** Oldest first. */
  get messages(): RoomMessage[] {
    return Array.from(this.#entries.values(), ({ message }) => message);
  }

  add(message: RoomMessage): void {
    const bytes = Buffer.byteLength(JSON.stringify(message));
    this.#entries.set(message.id, { message, bytes });
    this.#bytes += bytes;
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.maxMessages && this.#bytes <= this.#limits.maxBytes) break;
      this.delete(id);
    }
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
