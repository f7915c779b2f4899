import type { Principal } from '../../access/authentication.js';
import { invalidParams } from '../../protocol/errors.js';
import type { Session } from '../../session/session.js';
import { confirmToken, rotateToken } from '../authentication/session-ownership.js';
import { ReceivedFrames } from '../resumption/received-frames.js';
import { RpcRefusal } from '../wire/json-rpc.js';
import type { LinkChannel } from './link-channel.js';

export function nothingNew(): RpcRefusal {
  const error = invalidParams(
    '"received" must be the number of frames received: more than last time, and no more than were sent.',
  );
  return new RpcRefusal(null, error, 'ack');
}

/** Counts the frames of a client, acknowledges them, and takes note of what it acknowledges. */
export class ClientFrames<P extends Principal> {
  readonly #channel: LinkChannel;
  readonly #received: ReceivedFrames;
  /** The session whose newest token its client may not have received. */
  #unconfirmed: Session<P> | undefined;

  /** @param received so many were received in another process */
  constructor(channel: LinkChannel, received = 0) {
    this.#channel = channel;
    this.#received = new ReceivedFrames(received);
  }

  get received(): number {
    return this.#received.count;
  }

  /** Counts a frame of the client. */
  count(bytes: number): void {
    const isDue = this.#received.add(bytes);
    this.#confirm();
    if (isDue) this.acknowledge();
  }

  /** Tells the client how many of its frames have arrived, unless it knows. */
  acknowledge(): void {
    if (this.#channel.log && this.#received.acknowledge()) this.#channel.acknowledge(this.received);
  }

  /** The client says how many frames have arrived. @returns false if it may not say that */
  acknowledged(received: unknown): boolean {
    if (!this.#channel.log?.acknowledge(received)) return false;
    this.#confirm();
    return true;
  }

  /** The client continues on another connection, where it is told the count. @returns its next session token */
  resumed(session: Session<P>, current: string): string {
    this.#received.acknowledge();
    this.#unconfirmed = session;
    return rotateToken(session, current);
  }

  #confirm(): void {
    if (this.#unconfirmed) confirmToken(this.#unconfirmed);
    this.#unconfirmed = undefined;
  }
}
