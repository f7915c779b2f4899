import { closing } from '../protocol/errors.js';
import type { SessionCloseReason } from '../protocol/session-state.js';

/** A client connection that a closing relay ends. */
export interface Drainable {
  /** Notifies the client and ends; never rejects. */
  drain(): Promise<void>;
  /** Ends at once. */
  terminate(): void;
}

interface Closable {
  close(reason: SessionCloseReason): Promise<void>;
}

/** Ends the connections and sessions of a relay: gracefully first, forcibly after a timeout. */
export class Shutdown {
  readonly #connections = new Set<Drainable>();
  #closed: Promise<void> | undefined;

  get isClosing(): boolean {
    return this.#closed !== undefined;
  }

  /** @throws RelayError `ERR_RELAY_CLOSED` */
  requireOpen(): void {
    if (this.#closed) throw closing();
  }

  attach(connection: Drainable): void {
    this.#connections.add(connection);
  }

  detach(connection: Drainable): void {
    this.#connections.delete(connection);
  }

  /** Idempotent: later calls return the first promise. `ended` is called last. */
  run(sessions: Iterable<Closable>, timeoutMs: number, ended: () => void): Promise<void> {
    this.#closed ??= this.#run(sessions, timeoutMs, ended);
    return this.#closed;
  }

  async #run(sessions: Iterable<Closable>, timeoutMs: number, ended: () => void): Promise<void> {
    const ends: Promise<unknown>[] = [];
    for (const connection of this.#connections) ends.push(connection.drain());
    for (const session of sessions) ends.push(session.close({ by: 'relay', error: closing() }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.allSettled(ends), late]);
    clearTimeout(timer);
    for (const connection of this.#connections) connection.terminate();
    ended();
  }
}
