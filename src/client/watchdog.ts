import { closed } from './close.js';
import type { Rpc } from './rpc.js';

/** A relay that says nothing is asked twice, so far apart, and taken for lost a third time: within 10 s. */
const INTERVAL_MS = 2_500;

/**
 * Notices that a socket is dead, of which a browser says nothing for minutes after a change of networks. The relay's own
 * pings are hidden from scripts.
 */
export class Watchdog {
  #rpc: Rpc | undefined;
  /** Intervals in a row in which nothing came. */
  #silence = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onHint the network may have changed, or the machine may have slept */
  constructor(signal: AbortSignal, onHint: () => void) {
    const hinted = () => {
      onHint();
      this.#silence = 0;
      this.#ask();
    };
    const { document, navigator } = globalThis as { document?: EventTarget; navigator?: Navigator };
    const hints: [string, EventTarget | undefined][] = [
      ['online', globalThis as unknown as EventTarget],
      ['visibilitychange', document],
      ['change', (navigator as { connection?: EventTarget } | undefined)?.connection],
    ];
    for (const [name, target] of hints) target?.addEventListener?.(name, hinted, { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  watch(rpc: Rpc): void {
    this.#rpc = rpc;
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (!this.#rpc?.isOpen) return;
    this.#rpc.isSilent = true;
    this.#timer = setTimeout(() => {
      if (this.#rpc?.isSilent) return this.#ask();
      this.#silence = 0;
      this.#wait();
    }, INTERVAL_MS);
  }

  #ask(): void {
    this.#silence += 1;
    if (this.#silence > 2) this.#rpc?.close(closed(1006, 'the relay is silent'));
    this.#wait();
    this.#rpc?.request('ping').catch(() => {});
  }
}
