/** A counted frame that one side keeps until the other has acknowledged it. */
interface KeptFrame {
  number: number;
  text: string;
}

/** The counted frames of a session, as its client counts them (docs/PROTOCOL.md, "Resumption"). */
export class FrameCounts {
  sent = 0;
  received = 0;
  /** How many of the received ones the relay knows to be received. */
  acknowledged = 0;
  #kept: KeptFrame[] = [];

  /** Sent, and not acknowledged by the relay. */
  get unacknowledged(): readonly KeptFrame[] {
    return this.#kept;
  }

  /** How many of the sent ones the relay is known to have received. */
  get confirmed(): number {
    return this.sent - this.#kept.length;
  }

  keep(text: string): void {
    this.sent += 1;
    this.#kept.push({ number: this.sent, text });
  }

  /** The relay has received so many. @throws Error if it can't have */
  confirm(received: unknown): void {
    if (
      !Number.isInteger(received) ||
      (received as number) < this.confirmed ||
      (received as number) > this.sent
    )
      throw new Error(
        `the relay has received ${received} frames, of ${this.sent}; before, ${this.confirmed}`,
      );
    this.#kept = this.#kept.filter(({ number }) => number > (received as number));
  }
}
