import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { Capability } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import { renewOwner } from '../../signaling/authentication/session-ownership.js';
import type { ResolvedHttpOptions } from '../options.js';
import { HttpSession, servedByWebSocket } from './http-session.js';

/** The sessions that are served over HTTP, or have been, until they end. */
export class HttpSessions<P extends Principal> {
  readonly #relay: SfuRelay<P>;
  readonly #options: ResolvedHttpOptions;
  readonly #sessions = new Map<string, HttpSession<P>>();

  constructor(relay: SfuRelay<P>, options: ResolvedHttpOptions) {
    this.#relay = relay;
    this.#options = options;
  }

  get(id: string): HttpSession<P> | undefined {
    return this.#sessions.get(id);
  }

  /** @throws RelayError `ERR_RELAY_INVALID_STATE`: a WebSocket serves the session */
  require(id: string): HttpSession<P> {
    const served = this.#sessions.get(id);
    if (!served || served.isReplaced) throw servedByWebSocket();
    return served;
  }

  /** A session was created over HTTP. */
  add(
    session: Session<P>,
    client: AuthenticatedClient<P>,
    { userId, capabilities }: { userId: string | number; capabilities: readonly Capability[] },
  ): HttpSession<P> {
    return this.#keep(
      new HttpSession(this.#relay, session, client, { ...this.#options, userId }, { capabilities }),
    );
  }

  /**
   * Serves the session over HTTP, also where a WebSocket has served it so far.
   * @param received the frames that the client has received over its WebSocket
   * @throws RelayError `ERR_RELAY_REMOVED`, `ERR_RELAY_SESSION_NOT_FOUND`
   */
  async takeOver(
    session: Session<P>,
    client: AuthenticatedClient<P>,
    received: number | undefined,
  ): Promise<HttpSession<P>> {
    await this.#readmit(session, client);
    checkJoined(session);
    // Another request may have been faster.
    const last = this.#sessions.get(session.id);
    if (last && !last.isReplaced) return last;
    const options = { ...this.#options, userId: last?.userId ?? session.userId };
    const served = new HttpSession(this.#relay, session, client, options, { position: { received } });
    // A hook is called where the session was detached: it may have closed the session.
    if (session.state !== 'joined') served.end(undefined);
    checkJoined(session);
    return this.#keep(served);
  }

  /** The client has authenticated again: it may have been banned, or have a token that lasts longer. */
  async #readmit(session: Session<P>, client: AuthenticatedClient<P>): Promise<void> {
    try {
      await session.room.moderation.readmit(session);
    } catch (error) {
      const refusal = RelayError.from(error);
      if (refusal.code === 'ERR_RELAY_REMOVED') void session.close({ by: 'relay', error: refusal });
      throw error;
    }
    const { expiresAt } = session.principal ?? {};
    if (expiresAt === undefined || expiresAt >= (client.principal.expiresAt ?? Number.POSITIVE_INFINITY))
      return;
    await this.#relay.renew(session, client.principal);
    renewOwner(session, client);
  }

  #keep(served: HttpSession<P>): HttpSession<P> {
    const { session } = served;
    if (!this.#sessions.has(session.id)) session.on('close', () => this.#sessions.delete(session.id));
    this.#sessions.set(session.id, served);
    return served;
  }
}

function checkJoined<P extends Principal>({ state }: Session<P>): void {
  if (state !== 'joined') throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
}
