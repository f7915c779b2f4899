import { ERRORS, RelayError, type RelayErrorCode } from '../protocol/errors.js';

/**
 * A monotonic counter since the creation of the relay.
 * @category Metrics
 */
export class Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** @internal */
  add(amount = 1): void {
    this.#value += amount;
  }
}

/**
 * Counters by name. Iterates over names and counts, zeros included.
 * @category Metrics
 */
export class CounterSet<Name extends string = string> implements Iterable<[Name, number]> {
  readonly #counters: ReadonlyMap<string, Counter>;
  readonly #other: Counter | undefined;

  /** @internal `other`: the name that counts unknown names. */
  constructor(names: Iterable<Name>, other?: Name) {
    this.#counters = new Map([...names].map((name) => [name, new Counter()]));
    this.#other = other && this.#counters.get(other);
  }

  get(name: Name): number {
    return this.#counters.get(name)?.value ?? 0;
  }

  *[Symbol.iterator](): IterableIterator<[Name, number]> {
    for (const [name, { value }] of this.#counters) yield [name as Name, value];
  }

  /** @internal Accepts any name, as clients choose some of them. */
  add(name: string): void {
    (this.#counters.get(name) ?? this.#other)?.add();
  }
}

/**
 * A histogram of durations. Iterates over upper bounds in s and cumulative counts; the last bound is infinite.
 * @category Metrics
 */
export class Distribution implements Iterable<[seconds: number, count: number]> {
  readonly #bounds: readonly number[];
  /** One count for each bucket; the last bucket is unbounded. */
  readonly #counts: number[];
  #sum = 0;

  /** @internal */
  constructor(bounds: readonly number[]) {
    this.#bounds = [...bounds, Number.POSITIVE_INFINITY];
    this.#counts = this.#bounds.map(() => 0);
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The sum of all durations, in s. */
  get sum(): number {
    return this.#sum;
  }

  *[Symbol.iterator](): IterableIterator<[seconds: number, count: number]> {
    let sum = 0;
    for (const [index, bound] of this.#bounds.entries()) {
      sum += this.#counts[index] ?? 0;
      yield [bound, sum];
    }
  }

  /** @internal */
  add(milliseconds: number): void {
    const seconds = milliseconds / 1_000;
    const index = this.#bounds.findIndex((bound) => seconds <= bound);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** @internal Adds the duration of `work` if it succeeds; returns the same promise. */
  time<Value>(work: Promise<Value>): Promise<Value> {
    const start = performance.now();
    work.then(
      () => this.add(performance.now() - start),
      () => {},
    );
    return work;
  }
}

/** @category Metrics */
export type Outcome = 'ok' | RelayErrorCode;

/**
 * Counts and durations by outcome.
 * @category Metrics
 */
export class Outcomes extends CounterSet<Outcome> {
  readonly #bounds: readonly number[];
  readonly #durations = new Map<Outcome, Distribution>();

  /** @internal `bounds`: in s. */
  constructor(bounds: readonly number[]) {
    super(['ok', ...ERROR_CODES]);
    this.#bounds = bounds;
  }

  /** Durations of the outcomes that have occurred. */
  get durations(): ReadonlyMap<Outcome, Distribution> {
    return this.#durations;
  }

  /** @internal `start`: of `performance.now()`. */
  succeeded(start: number): void {
    this.#ended('ok', start);
  }

  /** @internal */
  failed(error: unknown, start: number): void {
    this.#ended(codeOf(error), start);
  }

  #ended(outcome: Outcome, start: number): void {
    this.add(outcome);
    let durations = this.#durations.get(outcome);
    if (!durations) {
      durations = new Distribution(this.#bounds);
      this.#durations.set(outcome, durations);
    }
    durations.add(performance.now() - start);
  }
}

export const ERROR_CODES = Object.keys(ERRORS) as RelayErrorCode[];

/** A known code, whatever the application has thrown. */
function codeOf(error: unknown): RelayErrorCode {
  return RelayError.from(error).code;
}
