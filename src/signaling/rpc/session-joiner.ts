import type { Principal } from '../../access/authentication.js';
import { invalidState, RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { CreateSessionParams } from '../../relay/session-params.js';
import type { Session } from '../../session/session.js';
import type { CancelSignal } from '../../util/cancellation.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { readTokenHash, requireOwn, setOwner } from '../authentication/session-ownership.js';
import type { ClientChannel } from './client-channel.js';
import { EarlyCandidates } from './early-candidates.js';
import { neededOf, readEventId, withOffers } from './handover.js';
import { readJoinParams } from './join-params.js';
import { JoinSequence } from './join-sequence.js';
import { PeerReplacement, readCapabilities } from './peer-replacement.js';
import type { ServedSession } from './served-session.js';
import { type Replaces, readReplaces, takeoverBy } from './takeover-request.js';

type Params = Readonly<Record<string, unknown>>;

/** Sends the result of a request. */
export type Reply = (result: object) => void;

/** How one client comes to a session and leaves it: `join`, `attach`, `rejoin`, `leave`. */
export class SessionJoiner<P extends Principal> {
  readonly #relay: SfuRelay<P>;
  readonly #served: ServedSession<P>;
  readonly #channel: ClientChannel;
  readonly #sequence = new JoinSequence();
  /** Candidates that were received before the join was answered. */
  readonly #early = new EarlyCandidates();
  #replacement: PeerReplacement<P> | undefined;
  /** Set when the connection has ended: nobody would serve a session. */
  #isOver = false;

  constructor(relay: SfuRelay<P>, served: ServedSession<P>, channel: ClientChannel) {
    this.#relay = relay;
    this.#served = served;
    this.#channel = channel;
  }

  /** Whether a join is in progress, or waits for an earlier session to end. */
  get isJoining(): boolean {
    return this.#sequence.isJoining;
  }

  /** Resolves when no join is in progress. */
  settled(): Promise<void> {
    return this.#sequence.settled();
  }

  join(client: AuthenticatedClient<P>, params: Params, reply: Reply): Promise<void> {
    this.#checkFree();
    const request = readJoinParams(params, client.principal);
    this.#served.capabilities = readCapabilities(params);
    const replaces = readReplaces(params.replaces);
    return this.#sequence.run((cancelled) => this.#join(client, request, replaces, cancelled, reply));
  }

  async #join(
    client: AuthenticatedClient<P>,
    request: CreateSessionParams<P>,
    replaces: Replaces | undefined,
    cancelled: CancelSignal,
    reply: Reply,
  ): Promise<void> {
    let session: Session<P>;
    try {
      const takeover = replaces && (await takeoverBy(this.#relay, client, request.userId, replaces));
      if (cancelled.aborted) throw cancelled.reason;
      session = await this.#relay.join(request, cancelled, takeover);
    } catch (error) {
      // The early candidates may be those of the next join if this one was cancelled.
      if (!cancelled.aborted) this.#early.clear();
      throw error;
    }
    // Nothing else refers to a session whose join was cancelled too late.
    if (cancelled.aborted) {
      void session.close({ by: 'client' });
      throw cancelled.reason;
    }
    if (session.state === 'closed')
      throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'The session has ended already.');
    // Synchronous from here on: no event of the room falls between the snapshot of the room and `listen`.
    const sessionToken = setOwner(session, client);
    this.#served.adopt(session);
    this.#served.describe((result) => reply(Object.assign(result, { sessionToken })));
    this.#served.listen();
    this.#early.release(
      (early) => session.addIceCandidate(early),
      (error) => this.#channel.notificationRefused('trickle', error),
    );
  }

  attach(client: AuthenticatedClient<P>, params: Params, reply: Reply): void {
    const { sessionId, sessionToken } = params;
    // A client whose `rejoin` was refused may begin anew.
    const isAgain = this.#served.session !== undefined && this.#served.session.id === sessionId;
    if (!isAgain || this.#isOver) this.#checkFree();
    const position = { lastEventId: readEventId(params.lastEventId) };
    if (!isAgain) this.#served.capabilities = readCapabilities(params);
    const session = requireOwn(this.#relay, sessionId, client, readTokenHash(sessionToken));
    const backlog = isAgain ? withOffers(session, []) : this.#served.adopt(session, position).backlog;
    this.#served.describe(reply);
    for (const { method, params } of neededOf(session, backlog)) this.#channel.notify(method, params);
    this.#served.listen();
  }

  async rejoin(params: Params, reply: Reply): Promise<void> {
    const session = this.#served.require();
    if (this.#replacement) throw invalidState('One rejoin at a time.');
    const replacement = new PeerReplacement(session, params);
    this.#replacement = replacement;
    try {
      await replacement.run(this.#relay, params);
    } finally {
      this.#replacement = undefined;
    }
    if (this.#served.session !== session) throw new RelayError('ERR_RELAY_ABORTED', 'The session was left.');
    this.#served.describe(reply);
    replacement.open((error) => this.#channel.notificationRefused('trickle', error));
  }

  /**
   * Holds a candidate whose peer has not joined yet.
   * @returns false if its peer has joined
   * @throws RelayError the candidate is malformed
   */
  hold(params: Params): boolean {
    const early = this.#replacement?.earlyOf(params) ?? (this.#served.session ? undefined : this.#early);
    if (!early) return false;
    if (!early.hold(params)) this.#relay.counters.surplusCandidates.add();
    return true;
  }

  /** Ends the session, or the join in progress. Never rejects. */
  leave(reason: SessionCloseReason): Promise<void> {
    this.#sequence.cancel(reason.error);
    this.#early.clear();
    return this.#sequence.left(this.#served.drop()?.close(reason));
  }

  /** The connection has ended, or another one serves the session. */
  dispose(): void {
    this.#isOver = true;
    this.#replacement?.cancel();
  }

  #checkFree(): void {
    if (this.#isOver) throw new RelayError('ERR_RELAY_ABORTED', 'The connection has ended.');
    if (this.#served.session || this.#sequence.isJoining)
      throw invalidState('This connection has joined already: leave first.');
  }
}
