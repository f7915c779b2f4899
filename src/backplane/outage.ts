import type { Logger } from '../util/logger.js';

/** What waits for a backplane. */
export interface WaitingCounts {
  messages: number;
  /** Other changes of rooms. */
  changes: number;
}

interface OutageListener {
  readonly waiting: WaitingCounts;
  began(): void;
  ended(): void;
}

/** Whether a backplane is away: it cannot be reached, or this process is not yet again one of those that share its rooms. */
export class Outage {
  readonly logger: Logger;
  /** Rooms that everybody has left here, of which something waits. */
  readonly left = new Set<string>();
  readonly #listeners = new Set<OutageListener>();
  #isOn = false;
  #isClosed = false;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** What is lost if the process ends now. */
  get waiting(): WaitingCounts {
    const sum = { messages: 0, changes: 0 };
    for (const { waiting } of this.#listeners) {
      sum.messages += waiting.messages;
      sum.changes += waiting.changes;
    }
    return sum;
  }

  /** Whether the backplane is back, and something waits all the same. */
  get isTelling(): boolean {
    const { messages, changes } = this.waiting;
    return !this.#isOn && messages + changes > 0;
  }

  begin(): void {
    if (this.#isOn || this.#isClosed) return;
    this.#isOn = true;
    for (const listener of [...this.#listeners]) listener.began();
  }

  end(): void {
    if (!this.#isOn || this.#isClosed) return;
    this.#isOn = false;
    for (const listener of [...this.#listeners]) listener.ended();
  }

  /** The backplane does not come back: nothing is tried any more. */
  close(): void {
    this.#isOn = true;
    this.#isClosed = true;
    this.#listeners.clear();
  }

  listen(listener: OutageListener): void {
    this.#listeners.add(listener);
  }

  forget(listener: OutageListener): void {
    this.#listeners.delete(listener);
  }
}
