import type { Principal } from '../../access/authentication.js';
import type { LimitedMessage } from '../../limits/rate-limiter.js';
import { RelayError, type RelayErrorCode } from '../../protocol/errors.js';
import type { JoinResult, ResumeParams } from '../../protocol/messages.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { noop } from '../../util/noop.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import type { ResolvedConnectionOptions } from '../options.js';
import { backlogOf } from '../resumption/backlog.js';
import { rememberEnding } from '../resumption/endings.js';
import { FrameLog } from '../resumption/frame-log.js';
import {
  cannotResume,
  notBack,
  notKept,
  readmit,
  requireFree,
  requireResumable,
  servedElsewhere,
} from '../resumption/resume-params.js';
import type { ChannelOwner, Handover, Position } from '../rpc/client-channel.js';
import { Dispatcher } from '../rpc/dispatcher.js';
import { RateLimitGate } from '../rpc/rate-limit-gate.js';
import { RpcHandler } from '../rpc/rpc-handler.js';
import type { Reply } from '../rpc/session-joiner.js';
import type { RpcId, RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import { ClientFrames } from './client-frames.js';
import { LinkChannel } from './link-channel.js';
import { type LinkConnection, type LinkOrigin, NOWHERE } from './link-connection.js';

type Connection<P extends Principal> = LinkConnection<ClientLink<P>>;

/** The links that serve sessions whose clients can resume. */
const links = new WeakMap<object, ClientLink<Principal>>();

/**
 * What outlives a connection: a client's handler, its pending messages, and the counts of its frames. A client with the capability
 * `resume` that has lost its connection goes on with another one.
 */
export class ClientLink<P extends Principal> implements ChannelOwner {
  readonly channel: LinkChannel;
  readonly frames: ClientFrames<P>;
  readonly #relay: SfuRelay<P>;
  readonly #dispatcher: Dispatcher<P>;
  #connection: Connection<P> | undefined;
  /** The last connection, while there is none. */
  #last: LinkOrigin = NOWHERE;
  /** Once the client is authenticated. */
  #handler: RpcHandler<P> | undefined;
  /** `performance.now()` at the authentication of the connection. */
  #since = 0;
  /** The session, while the client is without a connection. */
  #away: Session<P> | undefined;
  /** Frees the place among the detached clients. */
  #release = noop;
  #isOver = false;

  constructor(relay: SfuRelay<P>, connection: Connection<P>, options: ResolvedConnectionOptions) {
    this.#relay = relay;
    this.#connection = connection;
    this.channel = new LinkChannel(options.maxMessageBytes, relay.counters, connection.channel);
    this.frames = new ClientFrames(this.channel);
    const { rateLimiter } = relay;
    const gate = rateLimiter && new RateLimitGate(rateLimiter, options.maxQueuedMessages, this);
    this.#dispatcher = new Dispatcher(this, this.channel, gate);
  }

  /** Undefined until the client is authenticated. */
  get handler(): RpcHandler<P> | undefined {
    return this.#handler;
  }

  /** No connection will serve the client any more. */
  get hasEnded(): boolean {
    return this.#isOver;
  }

  /** Undefined where a lost connection ends the session. */
  get resumption(): JoinResult['resumption'] {
    const { resumption } = this.#relay;
    return resumption && { graceMs: resumption.graceMs };
  }

  /** Whether another process can continue the session. */
  get canMove(): boolean {
    const { served } = this.#handler ?? {};
    const isJoined = served?.session?.state === 'joined' && served.canRejoin;
    return isJoined && this.#relay.elsewhere?.hasOthers === true && this.channel.log?.isResumable === true;
  }

  authenticated(client: AuthenticatedClient<P>): void {
    this.#since = client.since;
    this.#handler = new RpcHandler(this.#relay, client, this.channel, this);
  }

  /** What the rate limiter is told of a message. */
  describe(method: string): LimitedMessage {
    const { id: connectionId, remoteAddress } = this.#connection ?? this.#last;
    const { client, served } = this.#handler ?? {};
    return { method, connectionId, remoteAddress, userId: client?.userId, roomId: served?.session?.roomId };
  }

  fail(error: RelayError): void {
    this.#connection?.fail(error);
  }

  /** @param bytes length of the message's text */
  dispatch(message: RpcMessage, bytes: number): void {
    if (this.#handler) this.#dispatcher.dispatch(message, bytes, this.#handler);
  }

  refuseMessage(refusal: RpcRefusal): void {
    this.#dispatcher.refuse(refusal);
  }

  refuse(id: RpcId | undefined, method: string, error: unknown): void {
    const failure = RelayError.from(error);
    const fields = { err: error, method, remoteAddress: (this.#connection ?? this.#last).remoteAddress };
    if (failure.code === 'ERR_RELAY_INTERNAL') this.#relay.logger.error(fields, 'A message failed');
    else this.#relay.logger.debug(fields, 'A message was refused');
    this.channel.sendError(id ?? null, failure, method);
  }

  joining(): void {
    this.#connection?.joining();
  }

  sessionChanged(method: string, retryAfterMs: number | undefined): void {
    this.#connection?.sessionChanged(method, retryAfterMs);
  }

  keep(session: Session<P> | undefined): void {
    const limits = session && this.#relay.resumption;
    this.channel.log = limits && new FrameLog(limits, this.channel.sent);
    if (session && limits) links.set(session, this as unknown as ClientLink<Principal>);
    // A `leave` has waited for the rate limiter as the connection was lost.
    if (!session && !this.#connection) this.#end();
  }

  /**
   * The connection is over.
   * @param reason why the session may go on without one; undefined if it ends
   */
  lost(connection: Connection<P>, reason: string | undefined, code: RelayErrorCode | undefined): void {
    // Another one serves the client.
    if (connection !== this.#connection) return;
    const { id, remoteAddress } = connection;
    this.#last = { id, remoteAddress };
    this.#connection = undefined;
    this.channel.socket = undefined;
    if (reason === undefined || !this.#detach(remoteAddress, reason, code)) this.#end();
  }

  end(error: RelayError | undefined): void {
    if (this.#connection) {
      this.#connection.end(error);
      return;
    }
    if (error && this.#away) rememberEnding(this.#relay, this.#away, error);
    this.#end();
  }

  replaced(session: Session<P>, { received }: Position): Handover {
    const { log } = this.channel;
    const backlog = backlogOf(session, log, { received, isOpen: this.#connection !== undefined });
    // What waits is not executed any more.
    const executed = log && this.frames.received - this.#dispatcher.waiting;
    this.#connection?.end(servedElsewhere());
    this.#end();
    return { backlog, received: executed };
  }

  async resume(params: Readonly<Record<string, unknown>>, reply: Reply): Promise<void> {
    const handler = this.#handler as RpcHandler<P>;
    requireFree(handler);
    const find = () => {
      const session = requireResumable(this.#relay, handler.client, params);
      const link = links.get(session) as unknown as ClientLink<P> | undefined;
      if (!link?.channel.log?.isResumable) throw cannotResume();
      return { session, link };
    };
    try {
      const { session, link } = find();
      await link.#readmit(session, handler.client);
      // The session may have ended meanwhile, and the client may have sent `join` or `attach`.
      if (find().link !== link) throw cannotResume();
      requireFree(handler);
      if (this.#connection)
        link.#moveTo(this.#connection, this, session, params as unknown as ResumeParams, reply);
    } catch (error) {
      this.#relay.counters.resumptions.add('refused');
      throw error;
    }
  }

  /** The client has authenticated again: its rights may have changed. @throws RelayError */
  async #readmit(session: Session<P>, client: AuthenticatedClient<P>): Promise<void> {
    await readmit(session);
    if (client.since < this.#since) throw servedElsewhere();
    await this.#handler?.renew(client);
    if (client.since < this.#since) throw servedElsewhere();
    this.#since = client.since;
  }

  /** Synchronous: nothing is sent between the last frame of the old connection and the first one of the new. */
  #moveTo(
    connection: Connection<P>,
    from: ClientLink<P>,
    session: Session<P>,
    { received, sessionToken }: ResumeParams,
    reply: Reply,
  ): void {
    const { channel } = this;
    // What is on its way to the client belongs before a snapshot.
    session.room.members.catchUp(session.id);
    const missed = channel.log?.after(received);
    if (!missed) throw notKept();
    const last = this.#connection;
    this.#connection = connection;
    channel.socket = connection.channel;
    from.#abandon();
    connection.adopt(this);
    const nextToken = this.frames.resumed(session, sessionToken);
    const { received: executed } = this.frames;
    const sent = channel.sent - missed.texts.length;
    const answer = (snapshot?: JoinResult) => {
      reply({ sessionToken: nextToken, received: executed, sent, ...(snapshot && { snapshot }) });
      channel.repeat(missed.texts);
    };
    this.#release();
    if (missed.needsSnapshot) this.#handler?.served.describe(answer);
    else answer();
    last?.end(servedElsewhere());
    // What is still pending there is not answered: the counts are this link's now.
    from.channel.socket = undefined;
    // The socket has failed as it was written to: the client is as far away as before.
    if (this.#connection !== connection) return;
    this.#away = undefined;
    session.presence.attach(missed.needsSnapshot ? 'snapshot' : 'resumed');
  }

  /** Another link serves the connection. */
  #abandon(): void {
    this.#connection = undefined;
    this.#isOver = true;
    this.#handler?.dispose();
  }

  #detach(remoteAddress: string | undefined, reason: string, code: RelayErrorCode | undefined): boolean {
    const { resumption, isClosing, detached, logger, elsewhere } = this.#relay;
    const session = this.#handler?.served.session;
    if (
      !resumption ||
      (isClosing && !elsewhere?.hasOthers) ||
      session?.state !== 'joined' ||
      !this.channel.log?.isResumable
    )
      return false;
    const release = detached.add(remoteAddress, () =>
      logger.warn({ remoteAddress }, 'Too many clients are without a connection: further sessions end'),
    );
    if (!release) return false;
    this.#release = release;
    this.#away = session;
    session.presence.detach({
      reason,
      ...(code && { code }),
      graceMs: resumption.graceMs,
      onExpired: () => this.#end({ by: 'client', error: notBack() }),
    });
    return true;
  }

  #end(reason?: SessionCloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    this.#handler?.dispose();
    void this.#handler?.leave(reason);
  }
}
