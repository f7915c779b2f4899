import { AddressCount } from './count-limits.js';

interface DetachedLimits {
  readonly maxDetached: number;
  readonly maxDetachedPerAddress: number;
}

/** Counts the sessions whose clients have lost their connections, in total and by the clients' addresses. */
export class DetachedCount {
  readonly #most: number;
  readonly #addresses: AddressCount;
  #count = 0;
  /** Since a place became free. */
  #hasRefused = false;

  constructor(limits: DetachedLimits | undefined) {
    this.#most = limits?.maxDetached ?? 0;
    this.#addresses = new AddressCount({ maxConnectionsPerAddress: limits?.maxDetachedPerAddress ?? 0 });
  }

  /**
   * @param onFull called for the first session for which there is no place, until one becomes free
   * @returns a function that uncounts the session; undefined if there are as many as may be
   */
  add(remoteAddress: string | undefined, onFull: () => void): (() => void) | undefined {
    const releaseAddress = this.#placeOf(remoteAddress);
    if (!releaseAddress) {
      if (!this.#hasRefused) onFull();
      this.#hasRefused = true;
      return undefined;
    }
    this.#count += 1;
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      this.#hasRefused = false;
      this.#count -= 1;
      releaseAddress();
    };
  }

  #placeOf(remoteAddress: string | undefined): (() => void) | undefined {
    if (this.#count >= this.#most) return undefined;
    try {
      return this.#addresses.add(remoteAddress);
    } catch {
      return undefined;
    }
  }
}
