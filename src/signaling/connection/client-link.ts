import type { Principal } from '../../access/authentication.js';
import type { LimitedMessage } from '../../limits/rate-limiter.js';
import type { RelayError, RelayErrorCode } from '../../protocol/errors.js';
import type { JoinResult, ResumeParams } from '../../protocol/messages.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { HandedLink, LinkState } from '../../relay/shared/handover/session-state.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import type { ResolvedConnectionOptions as Options } from '../options.js';
import { backlogOf } from '../resumption/backlog.js';
import { rememberEnding } from '../resumption/endings.js';
import { FrameLog } from '../resumption/frame-log.js';
import { bringSession, unanswered } from '../resumption/moved-link.js';
import { ResumableLinks } from '../resumption/resumable-links.js';
import {
  cannotResume,
  notBack,
  notKept,
  readmit,
  requireFree,
  servedElsewhere,
} from '../resumption/resume-params.js';
import type { ChannelOwner, Handover, Position } from '../rpc/client-channel.js';
import { Dispatcher, logRefusal } from '../rpc/dispatcher.js';
import { RateLimitGate } from '../rpc/rate-limit-gate.js';
import { RpcHandler } from '../rpc/rpc-handler.js';
import type { Reply } from '../rpc/session-joiner.js';
import type { RpcId, RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import { Absence } from './absence.js';
import { ClientFrames } from './client-frames.js';
import { canContinue, continueOn } from './continued-link.js';
import { LinkChannel } from './link-channel.js';
import { type LinkConnection, type LinkOrigin, NOWHERE } from './link-connection.js';

type Connection<P extends Principal> = LinkConnection<ClientLink<P>>;

/** ms for what is being executed when another process takes the session over. */
const ANSWER_MS = 2_000;
const links = new ResumableLinks<ClientLink<Principal>>();

/**
 * What outlives a connection: a client's handler, its pending messages, and the counts of its frames. A client with the capability
 * `resume` that has lost its connection goes on with another one.
 */
export class ClientLink<P extends Principal> implements ChannelOwner, HandedLink {
  readonly channel: LinkChannel;
  readonly frames: ClientFrames<P>;
  readonly absence = new Absence<P>();
  readonly gate: RateLimitGate | undefined;
  readonly #relay: SfuRelay<P>;
  readonly #options: Options;
  readonly #dispatcher: Dispatcher<P>;
  #connection: Connection<P> | undefined;
  /** The last connection, while there is none. */
  #last: LinkOrigin = NOWHERE;
  /** Once the client is authenticated. */
  #handler: RpcHandler<P> | undefined;
  /** `performance.now()` at the authentication of the connection. */
  #since = 0;
  #isOver = false;
  /** The number of the client's frames that were executed here, once another process continues the session. */
  #executed = 0;

  /** @param received so many frames of the client were received in another process */
  constructor(relay: SfuRelay<P>, connection: Connection<P> | undefined, options: Options, received = 0) {
    this.#relay = relay;
    this.#connection = connection;
    this.#options = options;
    this.channel = new LinkChannel(options.maxMessageBytes, relay.counters, connection?.channel);
    this.frames = new ClientFrames(this.channel, received);
    const { rateLimiter } = relay;
    this.gate = rateLimiter && new RateLimitGate(rateLimiter, options.maxQueuedMessages, this);
    this.#dispatcher = new Dispatcher(this, this.channel, this.gate);
  }

  get handler(): RpcHandler<P> | undefined {
    return this.#handler;
  }

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
    return this.#relay.elsewhere?.hasOthers === true && canContinue(this);
  }

  authenticated(client: AuthenticatedClient<P>): void {
    this.#since = client.since;
    this.#handler = new RpcHandler(this.#relay, client, this.channel, this);
  }

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
    const { remoteAddress } = this.#connection ?? this.#last;
    const failure = logRefusal(this.#relay.logger, error, { method, remoteAddress });
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
    if (session && limits) {
      links.serve(session, this as unknown as ClientLink<Principal>);
      this.#relay.elsewhere?.holder.serve(session, this);
    }
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
    this.#last = { id: connection.id, remoteAddress: connection.remoteAddress };
    this.#connection = undefined;
    this.channel.socket = undefined;
    if (reason === undefined || !this.#detach(this.#last.remoteAddress, reason, code)) this.#end();
  }

  end(error: RelayError | undefined): void {
    if (this.#connection) {
      this.#connection.end(error);
      return;
    }
    const { session } = this.absence;
    if (error && session) rememberEnding(this.#relay, session, error);
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
    const find = () =>
      links.find(this.#relay, handler.client, params) as unknown as {
        session: Session<P>;
        link: ClientLink<P>;
      };
    try {
      await bringSession(this.#relay, handler.client, params, (session, moved, resumption) => {
        const link = new ClientLink(this.#relay, undefined, this.#options, moved.received);
        continueOn(link, session, handler.client, moved, resumption);
      });
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

  freeze(): void {
    const connection = this.#connection;
    this.#executed = this.frames.received - this.#dispatcher.waiting;
    this.#connection = undefined;
    this.channel.socket = undefined;
    this.#isOver = true;
    this.absence.end();
    this.#handler?.dispose();
    this.#handler?.served.stop();
    connection?.end(servedElsewhere());
  }

  async collect(): Promise<LinkState> {
    await this.#dispatcher.answerAll(ANSWER_MS, unanswered);
    const { capabilities } = this.#handler?.served ?? {};
    return { capabilities, received: this.#executed, log: this.channel.log?.state };
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
    this.absence.release();
    if (missed.needsSnapshot) this.#handler?.served.describe(answer);
    else answer();
    last?.end(servedElsewhere());
    // What is still pending there is not answered: the counts are this link's now.
    from.channel.socket = undefined;
    // The socket has failed as it was written to: the client is as far away as before.
    if (this.#connection !== connection) return;
    this.absence.end();
    session.presence.attach(missed.needsSnapshot ? 'snapshot' : 'resumed');
  }

  /** Another link serves the connection. */
  #abandon(): void {
    this.#connection = undefined;
    this.#isOver = true;
    this.#handler?.dispose();
  }

  #detach(remoteAddress: string | undefined, reason: string, code: RelayErrorCode | undefined): boolean {
    const { resumption, isClosing, elsewhere } = this.#relay;
    const session = this.#handler?.served.session;
    if (!resumption || (isClosing && !elsewhere?.hasOthers) || session?.state !== 'joined') return false;
    if (!this.channel.log?.isResumable) return false;
    return this.absence.begin(this.#relay, session, remoteAddress, {
      reason,
      ...(code && { code }),
      graceMs: resumption.graceMs,
      onExpired: () => this.expired(),
    });
  }

  /** The client has not come back in time. */
  expired(): void {
    this.#end({ by: 'client', error: notBack() });
  }

  #end(reason?: SessionCloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.absence.release();
    this.#handler?.dispose();
    void this.#handler?.leave(reason);
  }
}
