import type { RelayClientError } from './errors.js';

export interface IceRecoveryOptions {
  /** An ICE restart, by a new offer. */
  restart(): Promise<void>;
  /** Media does not flow, and a restart is being tried. */
  onDown(): void;
  onUp(): void;
  /** A restart was refused. */
  onError(error: RelayClientError): void;
  /** No further restart is tried. */
  onLost(): void;
}

const MAX_TRIES = 5;
/** "disconnected" often mends itself. */
const PATIENCE_MS = 3_000;

/** Restarts ICE when a peer connection has lost its way (RFC 8445 § 2.4), a bounded number of times. */
export class IceRecovery {
  readonly #pc: RTCPeerConnection;
  readonly #options: IceRecoveryOptions;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pc: RTCPeerConnection, options: IceRecoveryOptions) {
    this.#pc = pc;
    this.#options = options;
    pc.addEventListener('connectionstatechange', () => this.#changed());
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #changed(): void {
    switch (this.#pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#tries = 0;
        this.#options.onUp();
        break;
      case 'disconnected':
        this.#tryIn(PATIENCE_MS);
        break;
      case 'failed':
        this.#tryAgain();
    }
  }

  /** At once, then after 1, 2, 4, 8 s. */
  #tryAgain(): void {
    this.#tryIn(this.#tries % MAX_TRIES && 500 * 2 ** this.#tries);
  }

  #tryIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), milliseconds);
  }

  async #try(): Promise<void> {
    this.#options.onDown();
    if (this.#tries >= MAX_TRIES) return this.#options.onLost();
    this.#tries += 1;
    try {
      await this.#options.restart();
    } catch (error) {
      this.#options.onError(error as RelayClientError);
      // A refused restart changes no state, so the next try is due by the clock.
      if (this.#pc.connectionState !== 'closed') this.#tryAgain();
    }
  }
}
