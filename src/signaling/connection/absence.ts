import type { Principal } from '../../access/authentication.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { SessionPresence } from '../../session/session-presence.js';
import { noop } from '../../util/noop.js';

type ConnectionLoss = Parameters<SessionPresence['detach']>[0];

/** The time in which a client has no connection, and may get another one. */
export class Absence<P extends Principal> {
  #session: Session<P> | undefined;
  /** Frees the place among the detached clients. */
  #release = noop;

  /** Undefined while the client has a connection. */
  get session(): Session<P> | undefined {
    return this.#session;
  }

  /** @returns false if as many clients are without a connection as may be */
  begin(
    { detached, logger }: SfuRelay<P>,
    session: Session<P>,
    remoteAddress: string | undefined,
    loss: ConnectionLoss,
  ): boolean {
    const release = detached.add(remoteAddress, () =>
      logger.warn({ remoteAddress }, 'Too many clients are without a connection: further sessions end'),
    );
    if (!release) return false;
    this.#release = release;
    this.assume(session, loss);
    return true;
  }

  /** The client has lost its connection to another process, or is about to get one here. */
  assume(session: Session<P>, loss: ConnectionLoss): void {
    this.#session = session;
    session.presence.detach(loss);
  }

  /** The client has another connection, or no session. */
  end(): void {
    this.#session = undefined;
    this.release();
  }

  release(): void {
    this.#release();
  }
}
