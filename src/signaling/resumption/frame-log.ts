interface Frame {
  readonly number: number;
  readonly text: string;
  readonly bytes: number;
  /** A snapshot of the room can take its place. */
  readonly describesRoom: boolean;
}

interface FrameLogLimits {
  readonly maxFrames: number;
  readonly maxBytes: number;
}

/** What a client has missed. */
export interface MissedFrames {
  readonly texts: readonly string[];
  /** Frames that describe the room were discarded: the client needs a snapshot. */
  readonly needsSnapshot: boolean;
}

/** A log as JSON. */
export interface FrameLogState {
  readonly first: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly discarded: number;
  readonly beforeSnapshot?: number;
  readonly lost: number;
  readonly frames: readonly Frame[];
}

/**
 * The frames that a client has not acknowledged. Beyond the limits, those that describe the room are discarded; beyond them without
 * those, all of them, and nothing can be resumed until the client acknowledges that it has received them all the same.
 */
export class FrameLog {
  readonly #limits: FrameLogLimits;
  /** The number of the first frame. */
  readonly #first: number;
  #sent: number;
  #acknowledged: number;
  #frames: Frame[] = [];
  #bytes = 0;
  /** The number of the newest frame that was discarded. */
  #discarded = 0;
  /** What the client had received when it was sent a snapshot, which it may not have got. */
  #beforeSnapshot: number | undefined;
  /** The number of the newest frame that was discarded though no snapshot describes it. */
  #lost = 0;

  /** @param sent the number of frames before the first one of the log */
  constructor(limits: FrameLogLimits, sent: number) {
    this.#limits = limits;
    this.#first = sent + 1;
    this.#sent = sent;
    this.#acknowledged = sent;
  }

  /** The log of another process. */
  static restore(limits: FrameLogLimits, { first, frames, ...state }: FrameLogState): FrameLog {
    const log = new FrameLog(limits, first - 1);
    log.#sent = state.sent;
    log.#acknowledged = state.acknowledged;
    log.#discarded = state.discarded;
    log.#beforeSnapshot = state.beforeSnapshot;
    log.#lost = state.lost;
    log.#frames = [...frames];
    log.#bytes = frames.reduce((sum, { bytes }) => sum + bytes, 0);
    return log;
  }

  /** For another process. */
  get state(): FrameLogState {
    return {
      first: this.#first,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      discarded: this.#discarded,
      ...(this.#beforeSnapshot !== undefined && { beforeSnapshot: this.#beforeSnapshot }),
      lost: this.#lost,
      frames: this.#frames,
    };
  }

  /** The number of the newest frame. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether the client has got the first frame, and nothing that it cannot do without is lost. */
  get isResumable(): boolean {
    return this.#acknowledged >= Math.max(this.#first, this.#lost);
  }

  push(text: string, bytes: number, describesRoom: boolean): void {
    this.#sent += 1;
    // Without the first frame the client joins afresh.
    if (this.#sent === this.#first) return;
    this.#frames.push({ number: this.#sent, text, bytes, describesRoom });
    this.#bytes += bytes;
    if (this.#frames.length > this.#limits.maxFrames || this.#bytes > this.#limits.maxBytes) this.#discard();
  }

  /**
   * The client has received this many frames.
   * @returns false if that is nothing new, or more than were sent
   */
  acknowledge(received: unknown): boolean {
    if (!Number.isSafeInteger(received)) return false;
    const number = received as number;
    if (number <= this.#acknowledged || number > this.#sent) return false;
    this.#acknowledged = number;
    this.#beforeSnapshot = undefined;
    const index = this.#frames.findIndex((frame) => frame.number > number);
    for (const { bytes } of this.#frames.splice(0, index < 0 ? this.#frames.length : index))
      this.#bytes -= bytes;
    return true;
  }

  /**
   * What a client has missed that has received this many frames; it is still to be acknowledged. With a snapshot, the frames that describe
   * the room are left out, and the others get the numbers up to `sent`.
   * @returns undefined if it has acknowledged more, or was not sent as many
   */
  after(received: unknown): MissedFrames | undefined {
    const isAgain = received === this.#beforeSnapshot;
    if (!isAgain && received !== this.#acknowledged && !this.acknowledge(received)) return undefined;
    const needsSnapshot = isAgain || this.#discarded > this.#acknowledged;
    this.#beforeSnapshot = undefined;
    if (needsSnapshot) {
      this.#beforeSnapshot = received as number;
      this.#keepNeeded();
      let number = this.#sent - this.#frames.length;
      this.#acknowledged = number;
      this.#discarded = number;
      this.#frames = this.#frames.map((frame) => {
        number += 1;
        return { ...frame, number };
      });
    }
    return { texts: this.#frames.map(({ text }) => text), needsSnapshot };
  }

  /** The texts of all unacknowledged frames. */
  get unacknowledged(): readonly string[] {
    return this.#frames.map(({ text }) => text);
  }

  #discard(): void {
    this.#keepNeeded();
    const { maxFrames, maxBytes } = this.#limits;
    // Half: otherwise each later frame would search them all again.
    const isFull = this.#frames.length > maxFrames / 2 || this.#bytes > maxBytes / 2;
    if (!isFull) return;
    this.#lost = this.#sent;
    this.#frames = [];
    this.#bytes = 0;
  }

  #keepNeeded(): void {
    this.#discarded = this.#sent;
    this.#frames = this.#frames.filter(({ describesRoom }) => !describesRoom);
    this.#bytes = this.#frames.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
