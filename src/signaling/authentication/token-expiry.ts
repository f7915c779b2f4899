import { wallClock } from '../../util/wall-clock.js';

/** ms after which the clock is looked at again: a timer does not notice that it was set, or that the machine slept. */
const LOOK_AGAIN_MS = 30_000;

interface Setup {
  /** ms before the end in which to warn; of a shorter life, its second half. */
  warningMs: number;
  onExpiring(expiresInMs: number): void;
  onExpired(): void;
}

/** The end of a token, and some time before it: one timer, and none where there is no end. */
export class TokenExpiry {
  readonly #setup: Setup;
  #timer: NodeJS.Timeout | undefined;
  #expiresAt: number | undefined;
  /** When to warn; undefined once that is done. */
  #warnAt: number | undefined;
  #isOver = false;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** @param expiresAt ms since the epoch; undefined for never */
  set(expiresAt: number | undefined): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#expiresAt = expiresAt;
    if (expiresAt === undefined) return;
    const remaining = Math.max(0, expiresAt - wallClock());
    this.#warnAt = expiresAt - Math.min(this.#setup.warningMs, Math.floor(remaining / 2));
    this.#wait(expiresAt);
  }

  /** The earlier of two ends counts. */
  shorten(expiresAt: number | undefined): void {
    if (expiresAt !== undefined && expiresAt < (this.#expiresAt ?? Number.POSITIVE_INFINITY))
      this.set(expiresAt);
  }

  /** Warns once more, where it has warned already. */
  remind(): void {
    if (this.#expiresAt !== undefined && this.#warnAt === undefined)
      this.#setup.onExpiring(Math.max(0, this.#expiresAt - wallClock()));
  }

  /** Nobody is to be warned or put out any more. */
  dispose(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #wait(expiresAt: number): void {
    const remaining = (this.#warnAt ?? expiresAt) - wallClock();
    const delay = Math.min(Math.max(0, remaining), LOOK_AGAIN_MS);
    this.#timer = setTimeout(() => this.#awake(expiresAt), delay);
  }

  #awake(expiresAt: number): void {
    const now = wallClock();
    if (now >= expiresAt) {
      this.#setup.onExpired();
      return;
    }
    const warns = this.#warnAt !== undefined && now >= this.#warnAt;
    if (warns) this.#warnAt = undefined;
    this.#wait(expiresAt);
    if (warns) this.#setup.onExpiring(expiresAt - now);
  }
}
