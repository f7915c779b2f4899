import type { Principal } from '../../access/authentication.js';
import { answerSaturation } from '../../guard/saturation.js';
import { invalidParams, invalidState, RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { ParticipantPage, ParticipantQuery } from '../../protocol/room-events.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type {
  IceCandidate,
  OutgoingMessage,
  SessionDescription,
  StatsReport,
  Subscription,
  Target,
} from '../../protocol/types.js';
import type { SfuRelay } from '../../relay/relay.js';
import { pageOf } from '../../room/participants/pages-elsewhere.js';
import type { Session } from '../../session/session.js';
import { andThen } from '../../util/is-promise.js';
import { type AuthenticatedClient, authenticate } from '../authentication/authenticated-client.js';
import { renewOwner } from '../authentication/session-ownership.js';
import { TokenExpiry } from '../authentication/token-expiry.js';
import type { ChannelOwner, ClientChannel } from './client-channel.js';
import { moderate } from './moderate-request.js';
import { ServedSession } from './served-session.js';
import { type Reply, SessionJoiner } from './session-joiner.js';

type Params = Readonly<Record<string, unknown>>;

/** Executes the requests and notifications of one authenticated client. */
export class RpcHandler<P extends Principal> {
  /** The client's session, if it has joined. */
  readonly served: ServedSession<P>;
  readonly #relay: SfuRelay<P>;
  readonly #channel: ClientChannel;
  readonly #owner: ChannelOwner<P>;
  readonly #joiner: SessionJoiner<P>;
  readonly #expiry: TokenExpiry;
  #client: AuthenticatedClient<P>;
  /** Whether a newer token is being verified. */
  #isAuthenticating = false;

  constructor(
    relay: SfuRelay<P>,
    client: AuthenticatedClient<P>,
    channel: ClientChannel,
    owner: ChannelOwner<P>,
  ) {
    this.#relay = relay;
    this.#client = client;
    this.#channel = channel;
    this.#owner = owner;
    this.#expiry = new TokenExpiry(this);
    this.#expiry.set(client.principal.expiresAt);
    this.served = new ServedSession(channel, owner, this.#expiry);
    this.#joiner = new SessionJoiner(relay, this.served, channel);
  }

  get client(): AuthenticatedClient<P> {
    return this.#client;
  }

  /** Whether a join is in progress, or waits for an earlier session to end. */
  get isJoining(): boolean {
    return this.#joiner.isJoining;
  }

  /**
   * Executes one message. The params are the client's, unchecked: whatever uses them checks them.
   * @param reply is called if the message succeeds
   * @throws RelayError synchronously, or by the promise
   */
  call(method: string, params: Params, reply: Reply): void | Promise<void> {
    switch (method) {
      case 'trickle':
        if (this.#joiner.hold(params)) return reply({});
        return replyAfter(trickle(this.served.require(), params), reply);
      case 'answer':
        return replyAfter(this.#answer(this.served.require(), params), reply);
      case 'message':
        return this.served
          .require()
          .send(params as unknown as OutgoingMessage)
          .then(reply);
      case 'stats':
        return reply(this.served.require().reportStats(params.report as StatsReport));
      case 'update':
        this.served.require().update(params);
        return reply({});
      case 'participants':
        return andThen(this.#page(this.served.require(), params), reply);
      case 'ping':
        return reply({});
      case 'join':
        return this.#joiner.join(this.#client, params, reply);
      case 'attach':
        return this.#joiner.attach(this.#client, params, reply);
      case 'rejoin':
        return this.#joiner.rejoin(params, reply);
      case 'resume':
        return this.#owner.resume(params, reply);
      case 'offer':
        return this.served
          .require()
          .offer(params.desc as SessionDescription, params.peer as number)
          .then(reply);
      case 'subscribe':
        return this.served
          .require()
          .subscribe(params.subscriptions as Subscription[], params.peer as number)
          .then(() => reply({}));
      case 'moderate':
        return moderate(this.#relay, this.served.require(), params).then(() => reply({}));
      case 'leave':
        return params.peer === undefined
          ? replyAfter(this.#leave(), reply)
          : reply(this.served.require().peers.askToLeave(params.peer as number));
      case 'authenticate':
        return this.#authenticate(params).then(reply);
      default:
        throw new RelayError('ERR_RELAY_METHOD_NOT_FOUND', `There is no method "${method.slice(0, 64)}".`);
    }
  }

  /**
   * Replaces the token: the client's grants and their end are those of the new one.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`: the token is another user's, or not for this room; the old one stays.
   */
  async renew(client: AuthenticatedClient<P>): Promise<void> {
    const { principal } = client;
    if (client.userId !== this.#client.userId)
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'This token is of another user.');
    // A join in progress is authorized by the old token.
    await this.#joiner.settled();
    const { session } = this.served;
    const applied = session && this.#relay.renew(session, principal);
    if (session) renewOwner(session, client);
    this.#client = client;
    this.#expiry.set(principal.expiresAt);
    await applied;
  }

  /** Sends `expiring` again, if it was sent for the current token. */
  remind(): void {
    this.#expiry.remind();
  }

  /** Ends the session, or the join in progress. Never rejects. */
  leave(reason: SessionCloseReason = { by: 'client' }): Promise<void> {
    return this.#joiner.leave(reason);
  }

  /** The connection has ended, or another one serves the session. */
  dispose(): void {
    this.#joiner.dispose();
    this.#expiry.dispose();
  }

  /** ms before the token's end at which `expiring` is sent. */
  get warningMs(): number {
    return this.#relay.expiryWarningMs;
  }

  onExpiring(expiresInMs: number): void {
    this.#channel.notify('expiring', { expiresInMs });
  }

  onExpired(): void {
    const error = new RelayError('ERR_RELAY_EXPIRED', 'The token has expired.');
    this.#relay.logger.info({ sessionId: this.served.session?.id }, 'A token has expired');
    void this.leave({ by: 'relay', error });
    this.#owner.end(error);
  }

  #answer(session: Session<P>, { desc, peer = session.peer }: Params): void | Promise<void> {
    const { maxMessageBytes } = this.#channel;
    // Answers grow with each track. The guard watches the SFU's limit; this connection's may be lower.
    if (maxMessageBytes < LIMITS.maxSdpLength && peer === session.peer) {
      const { sdp } = (desc ?? {}) as { sdp?: unknown };
      const saturation = typeof sdp === 'string' ? answerSaturation(sdp, maxMessageBytes) : 0;
      if (saturation > 0) this.served.askToRejoin(saturation);
    }
    return session.answerOffer(desc as SessionDescription, peer as number);
  }

  #page(session: Session<P>, query: ParticipantQuery): ParticipantPage | Promise<ParticipantPage> {
    session.lifecycle.requireJoined();
    return pageOf(session.room, session, query, this.#channel.maxMessageBytes / 2);
  }

  #leave(): Promise<void> {
    if (!this.isJoining) this.served.require();
    return this.leave();
  }

  async #authenticate({ token }: Params): Promise<object> {
    if (typeof token !== 'string' || token === '') throw invalidParams('"token" must be a string.');
    if (this.#isAuthenticating) throw invalidState('Another token is being looked at: one at a time.');
    this.#isAuthenticating = true;
    try {
      const client = await authenticate(this.#relay, this.#client.request, token);
      await this.renew(client);
      return { userId: client.userId ?? null };
    } finally {
      this.#isAuthenticating = false;
    }
  }
}

function trickle<P extends Principal>(
  session: Session<P>,
  { target, candidate, peer }: Params,
): void | Promise<void> {
  return session.addIceCandidate(
    { target: target as Target, candidate: candidate as IceCandidate },
    peer as number,
  );
}

/** Replies synchronously if nothing is pending. */
function replyAfter(pending: void | Promise<void>, reply: Reply): void | Promise<void> {
  return pending ? pending.then(() => reply({})) : reply({});
}
