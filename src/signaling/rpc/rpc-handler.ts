import type { Principal } from '../../access/authentication.js';
import { crowdOfAnswer, rejoinSoon } from '../../guard/crowd.js';
import { RelayError } from '../../protocol/errors.js';
import type { Capability, JoinResult, RelayNotifications } from '../../protocol/messages.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type {
  IceCandidate,
  OutgoingMessage,
  SessionDescription,
  StatsReport,
  Subscription,
  Target,
} from '../../protocol/types.js';
import type { CreateSessionParams, SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { Receiver } from '../../session/session-emitter.js';
import type { SessionEvents } from '../../session/session-events.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { type AuthenticatedClient, authenticate } from '../authentication/authenticated-client.js';
import { renewOwner, requireOwn, setOwner } from '../authentication/session-ownership.js';
import { TokenExpiry } from '../authentication/token-expiry.js';
import { EarlyCandidates } from './early-candidates.js';
import { readJoinParams } from './join-params.js';
import { JoinSequence } from './join-sequence.js';
import { moderate } from './moderate-request.js';
import { Rejoining, readCapabilities } from './rejoining.js';
import { type Replaces, readReplaces, takeoverBy } from './replacing.js';

type Params = Readonly<Record<string, unknown>>;
type Reply = (result: object) => void;

/** What the SFU said to a client, and the next one to serve has to pass on. */
export type Backlog = readonly (
  | { method: 'offer'; params: RelayNotifications['offer'] }
  | { method: 'trickle'; params: RelayNotifications['trickle'] }
  | { method: 'message'; params: RelayNotifications['message'] }
)[];

/** Where an authenticated client hears from its session. */
export interface ClientChannel extends Pick<Receiver, 'trickle' | 'deliver'> {
  readonly maxMessageBytes: number;
  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void;
  /** A notification of the client's can't be taken after all. */
  notificationRefused(method: string, error: RelayError): void;
  /** The session was ended by the other side, and the connection with it. Without an error, the application did so. */
  end(error: RelayError | undefined): void;
  /** Another connection serves the session from now on. Gives what this client has not been told yet. */
  replaced(): Backlog;
}

/** What a client hears of as its session says it. */
const NOTIFIED = ['offer', 'participants', 'tracks', 'grants', 'mute', 'room', 'rejoin'] as const;

function isNotified(name: string): name is (typeof NOTIFIED)[number] {
  return (NOTIFIED as readonly string[]).includes(name);
}

/** Which handler serves a session. */
const holders = new WeakMap<object, { release(): Backlog }>();

/** What an authenticated client does by its messages: it joins, negotiates, leaves. */
export class RpcHandler<P extends Principal> implements Receiver {
  #client: AuthenticatedClient<P>;
  readonly #relay: SfuRelay<P>;
  readonly #channel: ClientChannel;
  readonly #expiry: TokenExpiry;
  /** A newer token is being looked at. */
  #authenticating = false;
  #session: Session<P> | undefined;
  /** Its connection has ended: a session would be nobody's. */
  #isOver = false;
  readonly #joins = new JoinSequence();
  readonly #early = new EarlyCandidates();
  #capabilities: Capability[] = [];
  #rejoining: Rejoining<P> | undefined;

  constructor(relay: SfuRelay<P>, client: AuthenticatedClient<P>, channel: ClientChannel) {
    this.#relay = relay;
    this.#client = client;
    this.#channel = channel;
    this.#expiry = new TokenExpiry(this);
    this.#expiry.set(client.principal.expiresAt);
  }

  get warningMs(): number {
    return this.#relay.expiryWarningMs;
  }

  onExpiring(expiresInMs: number): void {
    this.#channel.notify('expiring', { expiresInMs });
  }

  onExpired(): void {
    const error = new RelayError('ERR_RELAY_EXPIRED', 'The token has expired.');
    this.#relay.logger.info({ sessionId: this.#session?.id }, 'A token has expired');
    void this.leave({ by: 'relay', error });
    this.#channel.end(error);
  }

  get client(): AuthenticatedClient<P> {
    return this.#client;
  }

  /** Of its session, while there is one. */
  get roomId(): string | undefined {
    return this.#session?.roomId;
  }

  get isJoined(): boolean {
    return this.#session !== undefined;
  }

  /** Whether a join is under way, or waits for an earlier session to end. */
  get isJoining(): boolean {
    return this.#joins.isJoining;
  }

  /**
   * Carries out one message. `reply` is called where it succeeds; params come unchecked from the client, and are
   * checked by what takes them.
   * @throws RelayError, at once or by the promise
   */
  call(method: string, params: Params, reply: Reply): void | Promise<void> {
    switch (method) {
      case 'trickle':
        if (this.#rejoining?.holds(params)) return reply({});
        if (this.#session) return done(this.#trickle(this.#session, params), reply);
        if (!this.#early.hold(params)) this.#relay.counters.surplusCandidates.add();
        return reply({});
      case 'answer':
        return done(this.#answer(this.#joined(), params), reply);
      case 'message':
        return this.#joined()
          .send(params as unknown as OutgoingMessage)
          .then(reply);
      case 'stats':
        return reply(this.#joined().reportStats(params.report as StatsReport));
      case 'update':
        this.#joined().update(params);
        return reply({});
      case 'ping':
        return reply({});
      case 'join':
        return this.#join(params, reply);
      case 'attach':
        return this.#attach(params, reply);
      case 'rejoin':
        return this.#rejoin(params, reply);
      case 'offer':
        return this.#joined()
          .offer(params.desc as SessionDescription, params.peer as number)
          .then(reply);
      case 'subscribe':
        return this.#joined()
          .subscribe(params.subscriptions as Subscription[], params.peer as number)
          .then(() => reply({}));
      case 'moderate':
        return moderate(this.#relay, this.#joined(), params).then(() => reply({}));
      case 'leave':
        if (params.peer !== undefined)
          return this.#joined()
            .leavePeer(params.peer as number)
            .then(() => reply({}));
        if (!this.#joins.isJoining) this.#joined();
        return this.leave().then(() => reply({}));
      case 'authenticate':
        return this.#authenticate(params).then(reply);
      default:
        throw new RelayError('ERR_RELAY_METHOD_NOT_FOUND', `There is no method "${method.slice(0, 64)}".`);
    }
  }

  /**
   * The same user with another token, from now on: until it expires, with what it grants.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`: it is somebody else's, or not for this room; all stays as it was.
   */
  async renew(client: AuthenticatedClient<P>): Promise<void> {
    const { principal } = client;
    if (client.userId !== this.#client.userId)
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'This token is of another user.');
    // A join under way is by the token that there was.
    await this.#joins.settled();
    const session = this.#session;
    const applied = session && this.#relay.renew(session, principal);
    if (session) renewOwner(session, client);
    this.#client = client;
    this.#expiry.set(principal.expiresAt);
    await applied;
  }

  /** Tells the client once more that its token is about to expire, if it is. */
  remind(): void {
    this.#expiry.remind();
  }

  /** Watches no longer over the token: the connection has ended. */
  dispose(): void {
    this.#isOver = true;
    this.#expiry.dispose();
  }

  /** Ends the session, or the join under way. Never rejects. */
  leave(reason: SessionCloseReason = { by: 'client' }): Promise<void> {
    this.#joins.cancel(reason.error);
    this.#early.clear();
    const session = this.#session;
    this.#session = undefined;
    session?.serve(undefined);
    return this.#joins.left(session?.close(reason));
  }

  /** Serves a session that exists, instead of who did so far; its events come once `listen` is called. */
  adopt(session: Session<P>): Backlog {
    const backlog = holders.get(session)?.release() ?? [];
    holders.set(session, this);
    this.#session = session;
    this.#expiry.shorten(session.principal?.expiresAt);
    return backlog;
  }

  /** Hands on what the session says, and first what has waited. */
  listen(): void {
    this.#joined().serve(this);
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.#channel.trickle(target, init, peer);
  }

  deliver(message: RelayNotifications['message'], mayDrop: boolean): void {
    this.#channel.deliver(message, mayDrop);
  }

  hear<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): void {
    const [event] = args;
    if (name === 'rejoin' && !this.#capabilities.includes(name)) return;
    if (isNotified(name)) this.#channel.notify(name, event as RelayNotifications[typeof name]);
    else if (name === 'close') this.#sessionClosed(event as SessionCloseReason);
  }

  /** Serves its session no longer; another does. */
  release(): Backlog {
    this.#rejoining?.cancel();
    this.#session?.serve(undefined);
    this.#session = undefined;
    this.dispose();
    return this.#channel.replaced();
  }

  /** An answer can't be taken: only another peer helps. @returns whether the client can replace it */
  replacePeer(): boolean {
    const canRejoin = this.#session !== undefined && this.#capabilities.includes('rejoin');
    if (canRejoin) this.#channel.notify('rejoin', rejoinSoon(this.#joined().peer, 1));
    return canRejoin;
  }

  /** The session as its client has to know it. */
  describe(): JoinResult {
    const { id, peer, roomId, userId, role, grants, cutTracks, room, answer, iceServers } = this.#joined();
    return {
      type: 'answer',
      sdp: answer.sdp,
      sessionId: id,
      capabilities: this.#capabilities,
      peer,
      roomId,
      userId,
      role,
      grants,
      muted: [...cutTracks],
      locked: room.locked,
      participants: room.others(id),
      revision: room.revision,
      iceServers: [...iceServers],
      maxMessageBytes: this.#channel.maxMessageBytes,
      messages: room.recentMessages,
    };
  }

  #join(params: Params, reply: Reply): Promise<void> {
    this.#checkFree();
    const request = readJoinParams(params, this.client.principal);
    this.#capabilities = readCapabilities(params);
    const replaces = readReplaces(params.replaces);
    return this.#joins.run((cancelled) => this.#carryOutJoin(request, replaces, cancelled, reply));
  }

  async #carryOutJoin(
    request: CreateSessionParams<P>,
    replaces: Replaces | undefined,
    cancelled: CancelSignal,
    reply: Reply,
  ): Promise<void> {
    let session: Session<P>;
    try {
      const takeover = replaces && takeoverBy(this.#relay, this.client, request.userId, replaces);
      session = await this.#relay.join(request, cancelled, takeover);
    } catch (error) {
      // A client that has cancelled it may have sent candidates of its next join by now.
      if (!cancelled.aborted) this.#early.clear();
      throw error;
    }
    // Cancelled when it had joined already: nobody else knows of the session.
    if (cancelled.aborted) {
      void session.close({ by: 'client' });
      throw cancelled.reason;
    }
    if (session.state === 'closed')
      throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'The session has ended already.');
    // From here to the end in one turn: no event of the room falls between its snapshot and the listeners.
    const sessionToken = setOwner(session, this.client);
    this.adopt(session);
    reply(Object.assign(this.describe(), { sessionToken }));
    this.listen();
    this.#early.release(
      (early) => session.addIceCandidate(early),
      (error) => this.#channel.notificationRefused('trickle', error),
    );
  }

  #attach(params: Params, reply: Reply): void {
    this.#checkFree();
    const { sessionId, sessionToken } = params;
    this.#capabilities = readCapabilities(params);
    const backlog = this.adopt(requireOwn(this.#relay, sessionId, this.client, sessionToken));
    const result = this.describe();
    reply(result);
    const told = new Set(result.messages.map(({ id }) => id));
    for (const { method, params } of backlog) {
      if (method !== 'message' || !('id' in params && told.has(params.id)))
        this.#channel.notify(method, params);
    }
    this.listen();
  }

  async #rejoin(params: Params, reply: Reply): Promise<void> {
    const session = this.#joined();
    if (this.#rejoining) throw new RelayError('ERR_RELAY_INVALID_STATE', 'One rejoin at a time.');
    const rejoining = new Rejoining(session, params);
    this.#rejoining = rejoining;
    try {
      await rejoining.run(this.#relay, params);
    } finally {
      this.#rejoining = undefined;
    }
    if (this.#session !== session) throw new RelayError('ERR_RELAY_ABORTED', 'The session was left.');
    reply(this.describe());
    rejoining.open((error) => this.#channel.notificationRefused('trickle', error));
  }

  async #authenticate({ token }: Params): Promise<object> {
    if (typeof token !== 'string' || token === '')
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"token" must be a string.');
    if (this.#authenticating)
      throw new RelayError('ERR_RELAY_INVALID_STATE', 'Another token is being looked at: one at a time.');
    this.#authenticating = true;
    try {
      const client = await authenticate(this.#relay, this.#client.request, token);
      await this.renew(client);
      return { userId: client.userId ?? null };
    } finally {
      this.#authenticating = false;
    }
  }

  #checkFree(): void {
    if (this.#isOver) throw new RelayError('ERR_RELAY_ABORTED', 'The connection has ended.');
    if (this.#session || this.#joins.isJoining)
      throw new RelayError('ERR_RELAY_INVALID_STATE', 'This connection has joined already: leave first.');
  }

  #sessionClosed({ error }: SessionCloseReason): void {
    this.#session = undefined;
    this.#channel.end(error);
  }

  #trickle(session: Session<P>, { target, candidate, peer }: Params): void | Promise<void> {
    const trickle = { target: target as Target, candidate: candidate as IceCandidate };
    return session.addIceCandidate(trickle, peer as number);
  }

  #answer(session: Session<P>, { desc, peer = session.peer }: Params): void | Promise<void> {
    const { sdp } = (desc ?? {}) as { sdp?: unknown };
    const { maxMessageBytes } = this.#channel;
    const crowd = typeof sdp === 'string' ? crowdOfAnswer(sdp, maxMessageBytes) : 0;
    if (crowd > 0 && peer === session.peer) this.hear('rejoin', rejoinSoon(session.peer, crowd));
    return session.answerOffer(desc as SessionDescription, peer as number);
  }

  #joined(): Session<P> {
    if (!this.#session) throw new RelayError('ERR_RELAY_INVALID_STATE', 'Join first.');
    return this.#session;
  }
}

/** Nothing waits where nothing is pending. */
function done(pending: void | Promise<void>, reply: Reply): void | Promise<void> {
  return pending ? pending.then(() => reply({})) : reply({});
}
