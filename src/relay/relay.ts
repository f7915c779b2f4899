import { randomUUID } from 'node:crypto';
import { type AuthRequest, identify, isPrincipal, type Principal } from '../access/authentication.js';
import { checkLiveGrants, publishLimits, readGrants, resolveRole } from '../access/grants.js';
import { type BanOptions, makeBan } from '../backplane/ban-store.js';
import { candidateFilter } from '../guard/ice-candidate.js';
import type { HookRunner } from '../hooks/hook-runner.js';
import { mayJoin, maySend } from '../hooks/join-and-message-hooks.js';
import { sessionFilters } from '../hooks/session-filter.js';
import { AddressCount } from '../limits/count-limits.js';
import type { SafeRateLimiter } from '../limits/rate-limiter.js';
import { MessageArchive } from '../messages/archive.js';
import { closing, RelayError } from '../protocol/errors.js';
import { checkId } from '../protocol/ids.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import type { LiveGrants, SessionStats } from '../protocol/types.js';
import { checkMetadata } from '../room/participant-update.js';
import type { Room } from '../room/room.js';
import { Rooms } from '../room/rooms.js';
import { Session } from '../session/session.js';
import type { NextPeer } from '../session/session-peers.js';
import type { Takeover } from '../session/takeover.js';
import { IonSfu } from '../sfu/ion/ion-sfu.js';
import type { Sfu } from '../sfu/sfu.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import type { CancelSignal } from '../util/cancellation.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import { SafeEmitter } from '../util/safe-emitter.js';
import { checkOneMore, replaceOthersOf } from './duplicate-users.js';
import { checkNodeVersion } from './node-version.js';
import { type ResolvedOptions, resolveOptions, type SfuRelayOptions } from './options.js';
import { SessionIndex } from './session-index.js';
import { type CreateSessionParams, checkSessionOptions, checkSessionParams } from './session-params.js';

export type { CreateSessionParams } from './session-params.js';

/**
 * The state of the SFU, as `healthCheck` found it.
 * @category Relay
 */
export interface HealthReport {
  ok: boolean;
  /** `cause` is for operators: it has the address of the SFU, and why it can't be reached. */
  nodes: { serverUrl: string; ok: boolean; latencyMs: number; error?: RelayError; cause?: string }[];
}

/** @category Relay */
export type RelayEvents<P extends Principal> = {
  /** A session has joined. */
  sessionopen: [session: Session<P>];
  sessionclose: [session: Session<P>];
};

checkNodeVersion();

const CLOSE_KEYS: Keys<NonNullable<Parameters<SfuRelay['close']>[0]>> = { timeoutMs: true };

const NO_REFUSAL =
  'A client could not be authenticated for now, and is told to try again (4503). To refuse a client let authenticate() ' +
  'return false, or throw a RelayError ERR_RELAY_UNAUTHENTICATED or an error with the status 401 or 403';

/** What a relay closes before it closes itself: the connections of its clients. */
export interface Attachment {
  /** Says goodbye and ends; never rejects. */
  drain(): Promise<void>;
  /** Ends at once. */
  terminate(): void;
}

/**
 * The sessions and rooms of this process, in front of an Ion SFU.
 *
 * ```ts
 * const relay = new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() });
 * const session = await relay.createSession({ roomId: 'lobby', userId: '789', sdp: offer.sdp });
 * session.answer; // { type: 'answer', sdp }
 * ```
 * @category Relay
 */
export class SfuRelay<P extends Principal = Principal> extends SafeEmitter<RelayEvents<P>> {
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: Sfu;
  readonly #sessions = new Map<string, Session<P>>();
  readonly #index = new SessionIndex<Session<P>>();
  readonly #rooms: Rooms;
  readonly #attachments = new Set<Attachment>();
  /** @internal */
  readonly addresses: AddressCount;
  readonly #admitsCandidate: ((candidate: string) => boolean) | undefined;
  #closed: Promise<void> | undefined;

  /** @throws RelayError `ERR_RELAY_CONFIG` that says which option is wrong, and what to write. */
  constructor(options: SfuRelayOptions<P>) {
    const resolved = resolveOptions(options);
    super(resolved.logger);
    this.#options = resolved;
    this.#sfu = new IonSfu(resolved.sfu, {
      logger: resolved.logger,
      probeTimeoutMs: resolved.healthTimeoutMs,
      joinTimeoutMs: resolved.joinTimeoutMs,
      onAbandonedPeer: (outcome) => resolved.counters.abandonedPeers.add(outcome),
    });
    this.addresses = new AddressCount(resolved.limits);
    const messages = new MessageArchive({
      kinds: resolved.messages,
      checkTimeoutMs: resolved.hookTimeoutMs,
      counters: resolved.counters.roomMessages,
    });
    this.#rooms = new Rooms(messages, resolved.bans);
    this.#admitsCandidate = candidateFilter(resolved.candidates);
  }

  /** Sessions that are joining, joined or ending, by id. */
  get sessions(): ReadonlyMap<string, Session<P>> {
    return this.#sessions;
  }

  /** Rooms with sessions, by id. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms.all;
  }

  get logger() {
    return this.#options.logger;
  }

  /** What has happened since it was made. */
  get counters(): RelayCounters {
    return this.#options.counters;
  }

  /** @internal */
  get hooks(): HookRunner<P> {
    return this.#options.hooks;
  }

  /** @internal */
  get rateLimiter(): SafeRateLimiter | undefined {
    return this.#options.rateLimiter;
  }

  /** @internal */
  get expiryWarningMs(): number {
    return this.#options.expiryWarningMs;
  }

  /** @internal Streams on the SFU that are open or ending. */
  get streamCount(): number {
    return this.#sfu.streamCount;
  }

  /** @internal Connections to the SFU that are open or opening. */
  get sfuConnectionCount(): number {
    return this.#sfu.connectionCount;
  }

  /**
   * Joins a room on the SFU; resolves with its answer.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_SDP`, `ERR_RELAY_FORBIDDEN`,
   * `ERR_RELAY_SESSION_EXISTS`, `ERR_RELAY_SFU_UNAVAILABLE`, `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_SFU_REFUSED`,
   * `ERR_RELAY_SFU_STREAM_ENDED`, `ERR_RELAY_ABORTED`, `ERR_RELAY_CLOSED`; nothing is left of it then.
   */
  async createSession(
    params: CreateSessionParams<P>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Session<P>> {
    checkSessionParams(params);
    return this.join(params, checkSessionOptions(options).signal);
  }

  /** @internal As `createSession`. */
  async join(
    params: CreateSessionParams<P>,
    signal?: CancelSignal,
    takeover?: Takeover<Session<P>>,
  ): Promise<Session<P>> {
    const { joins } = this.counters;
    const start = performance.now();
    try {
      this.#checkOpen();
      const session = this.#makeSession(params, takeover);
      await session.join(
        this.#sfu,
        params.sdp,
        (until) => mayJoin(this.hooks, session, params.metadata, until),
        signal,
      );
      joins.succeeded(start);
      if (this.#options.duplicateUser === 'replace') replaceOthersOf(session, this.#index);
      this.emit('sessionopen', session);
      return session;
    } catch (error) {
      joins.failed(error, start);
      throw error;
    }
  }

  /** @internal Another peer on the SFU takes the place of a session's current one. @throws RelayError */
  async rejoin(session: Session<P>, next: NextPeer, signal: CancelSignal): Promise<void> {
    this.#checkOpen();
    await session.rejoin(this.#sfu, next, signal);
  }

  getSession(sessionId: string): Session<P> | undefined {
    return this.#sessions.get(sessionId);
  }

  /** @internal In all rooms. */
  sessionsOfUser(userId: string): readonly Session<P>[] {
    return this.#index.ofUser(userId);
  }

  /** @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND` */
  getSessionStats(sessionId: string): SessionStats {
    return this.#find(sessionId).stats;
  }

  /**
   * Ends a session; its client's connection is closed with 1000.
   * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`
   */
  async closeSession(sessionId: string): Promise<void> {
    await this.#find(sessionId).close();
  }

  /**
   * Changes what a session may do, at once; what is left out stays. What it publishes and may not any more is cut off
   * at the SFU. Who may no longer receive is put out (4403). It lasts as long as the session, and outlives its tokens.
   * @returns when the SFU takes no more than that
   * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_INVALID_PARAMS`
   */
  async updateGrants(sessionId: string, grants: LiveGrants): Promise<void> {
    await this.#find(sessionId).changeGrants(checkLiveGrants(grants));
  }

  /**
   * As `room.ban`, where the room need not have sessions.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_MANY`, or what the store rejects with
   */
  async ban(roomId: string, userId: string, options: BanOptions = {}): Promise<void> {
    const room = this.rooms.get(checkId(roomId, 'roomId'));
    await (room ? room.ban(userId, options) : this.#options.bans.set(roomId, makeBan(userId, options)));
  }

  /** As `room.unban`, where the room need not have sessions. */
  async unban(roomId: string, userId: string): Promise<void> {
    await this.#options.bans.delete(checkId(roomId, 'roomId'), checkId(userId, 'userId'));
  }

  /**
   * Says who a client is, by the application's `authenticate`. For transports.
   * @throws RelayError `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_CLOSED`
   */
  async authenticate(request: AuthRequest): Promise<P> {
    const { authentications } = this.counters;
    const start = performance.now();
    try {
      this.#checkOpen();
      const named = await identify(this.#options.authenticate, request);
      const context = { request, principal: named };
      const principal = (await this.hooks.ask('onAuthenticate', context, isPrincipal<P>)) ?? named;
      authentications.succeeded(start);
      return principal;
    } catch (error) {
      authentications.failed(error, start);
      this.#reportAuthentication(RelayError.from(error), request);
      throw error;
    }
  }

  /** A refusal is the client's affair; that nobody can be authenticated is the operator's. */
  #reportAuthentication(err: RelayError, { remoteAddress }: AuthRequest): void {
    if (err.code === 'ERR_RELAY_INTERNAL')
      this.logger.error(
        { err, remoteAddress },
        'A client could not be authenticated: the cause says what to correct',
      );
    else if (err.code === 'ERR_RELAY_AUTH_UNAVAILABLE') this.logger.error({ err, remoteAddress }, NO_REFUSAL);
  }

  /**
   * @internal A session's user has brought another token: what it allows takes the place of what the last one did.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`: it is not for this room; nothing has changed then.
   */
  renew(session: Session<P>, principal: P): Promise<void> | undefined {
    const grants = readGrants(principal.grants);
    resolveRole(grants, session.roomId, undefined);
    session.principal = principal;
    return session.renewGrants(grants);
  }

  /** Proves the signalling loop to the SFU and back, without joining. Never rejects. */
  async healthCheck(): Promise<HealthReport> {
    const { serverUrl } = this.#options.sfu;
    const start = performance.now();
    const latencyMs = () => Math.round((performance.now() - start) * 10) / 10;
    try {
      await this.#sfu.probe(AbortSignal.timeout(this.#options.healthTimeoutMs));
      return { ok: true, nodes: [{ serverUrl, ok: true, latencyMs: latencyMs() }] };
    } catch (error) {
      const failure = RelayError.from(error);
      const cause = failure.cause === undefined ? {} : { cause: causeOf(failure) };
      return {
        ok: false,
        nodes: [{ serverUrl, ok: false, latencyMs: latencyMs(), error: failure, ...cause }],
      };
    }
  }

  /**
   * Ends everything: tells the clients, leaves the SFU, closes the connections. Idempotent; rejects only where its
   * options are wrong. What has not ended after `timeoutMs` (default 5000) is cut off.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    checkOptions({ name: 'close()', example: 'relay.close({ timeoutMs: 5000 })' }, options, CLOSE_KEYS);
    const timeoutMs = integer(options, 'timeoutMs', 5_000, 0);
    this.#closed ??= this.#drain(timeoutMs);
    return this.#closed;
  }

  /** Whether `close()` was called. */
  get isClosing(): boolean {
    return this.#closed !== undefined;
  }

  /** @internal A connection that `close()` has to end. */
  attach(attachment: Attachment): void {
    this.#attachments.add(attachment);
  }

  /** @internal It has ended. */
  detach(attachment: Attachment): void {
    this.#attachments.delete(attachment);
  }

  async #drain(timeoutMs: number): Promise<void> {
    const ends: Promise<unknown>[] = [];
    for (const attachment of this.#attachments) ends.push(attachment.drain());
    for (const session of this.#sessions.values())
      ends.push(session.close({ by: 'relay', error: closing() }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.allSettled(ends), late]);
    clearTimeout(timer);
    for (const attachment of this.#attachments) attachment.terminate();
    this.#rooms.close();
    this.#sfu.close();
  }

  #makeSession(params: CreateSessionParams<P>, takeover?: Takeover<Session<P>>): Session<P> {
    const { sessionId = randomUUID(), autoSubscribe = true, principal } = params;
    const roomId = checkId(params.roomId, 'roomId');
    const userId = checkId(params.userId, 'userId');
    const id = checkId(sessionId, 'sessionId');
    if (params.role !== undefined && params.role !== 'publisher' && params.role !== 'subscriber')
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"role" must be "publisher" or "subscriber".');
    const grants = readGrants(principal?.grants);
    const role = resolveRole(grants, roomId, params.role);
    checkMetadata(params.metadata);
    if (this.#sessions.has(id))
      throw new RelayError('ERR_RELAY_SESSION_EXISTS', `The session "${id}" exists already.`);
    const joining = { roomId, userId, hidden: grants.hidden === true };
    checkOneMore(this.#options, joining, this.#index, takeover);

    const session: Session<P> = new Session<P>(
      {
        id,
        room: this.#rooms.enter(roomId),
        userId,
        role,
        grants,
        policy: {
          offer: publishLimits(grants, role, this.#options.dataChannels === 'allow'),
          videoCodec: this.#options.videoCodec,
          canSubscribe: grants.canSubscribe !== false,
          admitsCandidate: this.#admitsCandidate,
          layerSubscriptions: this.#options.layerSubscriptions,
        },
        autoSubscribe,
        principal,
        isNamed: principal === undefined || principal.userId !== undefined,
        filters: sessionFilters(this.hooks),
        logger: this.#options.logger,
        moderate: this.hooks.has('onMessage')
          ? (message, recheck) => maySend(this.hooks, session, message, recheck)
          : undefined,
        iceServers: () =>
          this.#options.iceServers({ sessionId: id, roomId, userId, role: session.role, principal }),
        joinTimeoutMs: this.#options.joinTimeoutMs,
        answerTimeoutMs: this.#options.answerTimeoutMs,
        sfuReplies: this.counters.sfuReplies,
        surplusCandidates: this.counters.surplusCandidates,
      },
      takeover,
    );
    this.#sessions.set(id, session);
    this.#index.add(session);
    session.room.moderation.sessions.add(session);
    session.once('close', (reason) => this.#sessionClosed(session, reason));
    for (const each of takeover?.sessions ?? []) each.heir = session;
    const seat = takeover?.seatIn(session.room);
    if (seat) void session.changeGrants(seat.grantChanges);
    return session;
  }

  #sessionClosed(session: Session<P>, reason: SessionCloseReason): void {
    this.#sessions.delete(session.id);
    this.#index.delete(session);
    session.room.moderation.sessions.delete(session);
    this.#rooms.leave(session.room);
    if (session.hasJoined) this.counters.sessionEnded(reason, session.ageMs);
    this.hooks.tell('onLeave', { session, reason });
    this.emit('sessionclose', session);
  }

  #find(sessionId: string): Session<P> {
    const session = this.#sessions.get(sessionId);
    if (!session) throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', noSuchSession(sessionId));
    return session;
  }

  #checkOpen(): void {
    if (this.isClosing) throw closing();
  }
}

function noSuchSession(sessionId: unknown): string {
  return typeof sessionId === 'string'
    ? 'There is no such session.'
    : 'There is no such session: the first argument must be the id of a session, a string.';
}

function causeOf({ cause }: RelayError): string {
  return cause instanceof Error ? cause.message : String(cause);
}
