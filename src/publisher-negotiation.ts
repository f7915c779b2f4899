import { RelayError } from './errors.js';

interface Waiting {
  start(): void;
  reject(error: RelayError): void;
}

/**
 * The client's side of the negotiation: one offer is with the SFU, one may wait. A newer one takes the place of
 * the one that waits, as a peer connection has only one local description. What the relay itself has to say of the
 * client's media goes first, and gives way to nobody.
 */
export class PublisherNegotiation {
  #busy = false;
  #waiting: Waiting | undefined;
  readonly #urgent: (() => void)[] = [];

  /** Runs `negotiate` when it is its turn. */
  async offer<Result>(negotiate: () => Promise<Result>): Promise<Result> {
    if (this.#busy) await this.#turn();
    return this.#run(negotiate);
  }

  /** Runs it next, before an offer that waits. */
  async urgent<Result>(negotiate: () => Promise<Result>): Promise<Result> {
    if (this.#busy) await new Promise<void>((start) => this.#urgent.push(start));
    return this.#run(negotiate);
  }

  async #run<Result>(negotiate: () => Promise<Result>): Promise<Result> {
    this.#busy = true;
    try {
      return await negotiate();
    } finally {
      this.#next();
    }
  }

  #next(): void {
    const urgent = this.#urgent.shift();
    const waiting = urgent ? undefined : this.#waiting;
    if (waiting) this.#waiting = undefined;
    const start = urgent ?? waiting?.start;
    this.#busy = start !== undefined;
    start?.();
  }

  #turn(): Promise<void> {
    this.#waiting?.reject(new RelayError('ERR_RELAY_INVALID_STATE', 'A newer offer has taken its place.'));
    return new Promise((start, reject) => {
      this.#waiting = { start, reject };
    });
  }
}
