import { wallClock } from '../../util/wall-clock.js';

/** ms between two looks at the clock: a timer does not notice that the clock was set, or that the machine slept. */
const CLOCK_CHECK_MS = 30_000;

interface ExpiryOwner {
  /** ms before the end at which to warn; for a token with less than twice this left, half of the rest. */
  warningMs: number;
  onExpiring(expiresInMs: number): void;
  onExpired(): void;
}

/** Calls back before a token's end and at it, by one timer; a token without an end has none. */
export class TokenExpiry {
  readonly #owner: ExpiryOwner;
  #timer: NodeJS.Timeout | undefined;
  #expiresAt: number | undefined;
  /** ms since the epoch; undefined once the warning was given. */
  #warnAt: number | undefined;
  #isOver = false;

  constructor(owner: ExpiryOwner) {
    this.#owner = owner;
  }

  /** @param expiresAt ms since the epoch; undefined for never */
  set(expiresAt: number | undefined): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#expiresAt = expiresAt;
    if (expiresAt === undefined) return;
    const remaining = Math.max(0, expiresAt - wallClock());
    this.#warnAt = expiresAt - Math.min(this.#owner.warningMs, Math.floor(remaining / 2));
    this.#wait(expiresAt);
  }

  /** Sets an end if it is earlier than the current one. */
  shorten(expiresAt: number | undefined): void {
    if (expiresAt !== undefined && expiresAt < (this.#expiresAt ?? Number.POSITIVE_INFINITY))
      this.set(expiresAt);
  }

  /** Repeats the warning, if it was given. */
  remind(): void {
    if (this.#expiresAt !== undefined && this.#warnAt === undefined)
      this.#owner.onExpiring(Math.max(0, this.#expiresAt - wallClock()));
  }

  /** Neither warns nor ends from now on. */
  dispose(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #wait(expiresAt: number): void {
    const remaining = (this.#warnAt ?? expiresAt) - wallClock();
    const delay = Math.min(Math.max(0, remaining), CLOCK_CHECK_MS);
    this.#timer = setTimeout(() => this.#check(expiresAt), delay);
  }

  #check(expiresAt: number): void {
    const now = wallClock();
    if (now >= expiresAt) {
      this.#owner.onExpired();
      return;
    }
    const isWarning = this.#warnAt !== undefined && now >= this.#warnAt;
    if (isWarning) this.#warnAt = undefined;
    this.#wait(expiresAt);
    if (isWarning) this.#owner.onExpiring(expiresAt - now);
  }
}
