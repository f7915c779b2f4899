import type { Outcome } from '../../../backplane/backplane.js';
import { unavailable } from '../connection/commands.js';
import type { Operation, Sent } from './room-batch.js';

/** The outcomes of repeatable operations that a room remembers. */
const MAX_OUTCOMES = 256;

/** What a process wants of a room, in its order, and what became of it. */
export class Operations {
  /** In the keys of repeatable operations. */
  readonly #feed: string;
  readonly #outcomes = new Map<string, Outcome>();
  /** Operations that may have been carried out, although they have failed. */
  readonly #doubtful = new Set<string>();
  readonly #inFlight = new Map<string, Operation>();
  #waiting: Operation[] = [];

  constructor(feed: string) {
    this.#feed = feed;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(operation: Operation): void {
    this.#waiting.push(operation);
  }

  /** Of an operation that has happened before, be it that its reply was lost. */
  outcomeOf(key: string): Outcome | undefined {
    return this.#outcomes.get(key);
  }

  isDoubtful(key: string): boolean {
    return this.#doubtful.has(key);
  }

  /** The room's streams have it. */
  happened(key: string, outcome: Outcome): void {
    const operation = this.#inFlight.get(key);
    if (operation) operation.outcome = outcome;
    if (!this.#isRepeatable(key)) return;
    this.#doubtful.delete(key);
    this.#outcomes.set(key, outcome);
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= MAX_OUTCOMES) break;
      this.#outcomes.delete(oldest);
    }
  }

  /** What waits, without what a look at the room has shown to be done. */
  next(): readonly Operation[] {
    this.#waiting = this.#waiting.filter((operation) => {
      const outcome = this.#outcomes.get(operation.key);
      if (outcome) operation.settle(outcome);
      return !outcome;
    });
    return this.#waiting.slice();
  }

  /** @param taken the number of those that are in the batch, or have failed */
  send(sent: readonly Sent[], taken: number): void {
    this.#waiting.splice(0, taken);
    for (const { operation } of sent) this.#inFlight.set(operation.key, operation);
  }

  /** @param left what has to be tried again, before what waits */
  received(left: readonly Sent[]): void {
    this.#inFlight.clear();
    this.#waiting.unshift(...left.map(({ operation }) => operation));
  }

  /** No reply has come: whether they were carried out is not known. The next look at the room tells. */
  failed(sent: readonly Sent[], error: unknown): void {
    this.#inFlight.clear();
    for (const { operation } of sent) {
      if (settled(operation)) continue;
      if (this.#isRepeatable(operation.key)) this.#doubtful.add(operation.key);
      fail(operation, error);
    }
  }

  failAll(error: unknown): void {
    for (const operation of this.#waiting.splice(0)) fail(operation, error);
  }

  #isRepeatable(key: string): boolean {
    return key.startsWith(`${this.#feed}.`);
  }
}

/** Settles an operation that the room's streams have. */
export function settled(operation: Operation): boolean {
  if (operation.outcome) operation.settle(operation.outcome);
  return operation.outcome !== undefined;
}

function fail(operation: Operation, error: unknown): void {
  const failure = unavailable(error);
  if (failure.code !== 'ERR_RELAY_UNAVAILABLE') operation.settle({ refused: failure });
  else operation.fail(failure);
}
