import type { AuthRequest, Principal } from '../access/authentication.js';
import { checkLiveGrants, readGrants, resolveRole } from '../access/grants.js';
import { type BanOptions, makeBan } from '../backplane/ban-store.js';
import type { HookRunner } from '../hooks/hook-runner.js';
import { mayJoin } from '../hooks/join-and-message-hooks.js';
import { AddressCount } from '../limits/count-limits.js';
import type { SafeRateLimiter } from '../limits/rate-limiter.js';
import type { MessageKinds } from '../messages/message-kind.js';
import { checkId } from '../protocol/ids.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import type { LiveGrants, SessionStats } from '../protocol/types.js';
import type { Room } from '../room/room.js';
import type { NextPeer } from '../session/peer/session-peers.js';
import type { Takeover } from '../session/peer/takeover.js';
import type { Session } from '../session/session.js';
import { IonSfu } from '../sfu/ion/ion-sfu.js';
import type { Sfu } from '../sfu/sfu.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import type { CancelSignal } from '../util/cancellation.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import { SafeEmitter } from '../util/safe-emitter.js';
import { Authenticator } from './authenticator.js';
import { checkHealth, type HealthReport } from './health.js';
import { checkNodeVersion } from './node-version.js';
import {
  type DefaultMessageKinds,
  type ResolvedOptions,
  resolveOptions,
  type SfuRelayOptions,
} from './options.js';
import { type CreateSessionParams, checkSessionOptions, checkSessionParams } from './session-params.js';
import { SessionRegistry } from './session-registry.js';
import { type Drainable, Shutdown } from './shutdown.js';

/** @category Relay */
export type RelayEvents<P extends Principal> = {
  /** A session has joined. */
  sessionopen: [session: Session<P>];
  /** A session has ended, joined or not. */
  sessionclose: [session: Session<P>];
};

checkNodeVersion();

const CLOSE_KEYS: Keys<NonNullable<Parameters<SfuRelay['close']>[0]>> = { timeoutMs: true };

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
export class SfuRelay<
  P extends Principal = Principal,
  Kinds extends MessageKinds = DefaultMessageKinds,
> extends SafeEmitter<RelayEvents<P>> {
  /** @internal The connections of each address. */
  readonly addresses: AddressCount;
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: Sfu;
  readonly #registry: SessionRegistry<P>;
  readonly #authenticator: Authenticator<P>;
  readonly #shutdown = new Shutdown();

  /** @throws RelayError `ERR_RELAY_CONFIG` that names the wrong option and says what to write. */
  constructor(options: SfuRelayOptions<P, Kinds>) {
    // `Kinds` types the hooks for the caller only.
    const resolved = resolveOptions(options as unknown as SfuRelayOptions<P>);
    super(resolved.logger);
    this.#options = resolved;
    this.#sfu = new IonSfu(resolved.sfu, {
      logger: resolved.logger,
      probeTimeoutMs: resolved.healthTimeoutMs,
      joinTimeoutMs: resolved.joinTimeoutMs,
      isClosing: () => this.#shutdown.isClosing,
      onAbandonedPeer: (outcome) => resolved.counters.abandonedPeers.add(outcome),
    });
    this.addresses = new AddressCount(resolved.limits);
    this.#authenticator = new Authenticator(resolved, this.#shutdown);
    this.#registry = new SessionRegistry(resolved, (session, reason) => this.#closed(session, reason));
  }

  /** Joining, joined and closing sessions, by id. */
  get sessions(): ReadonlyMap<string, Session<P>> {
    return this.#registry.sessions;
  }

  /** Rooms with sessions, by id. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#registry.rooms;
  }

  get logger() {
    return this.#options.logger;
  }

  /** Totals since the relay was created. */
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
   * `ERR_RELAY_SFU_STREAM_ENDED`, `ERR_RELAY_ABORTED`, `ERR_RELAY_CLOSED`; nothing is left on either side then.
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
      this.#shutdown.requireOpen();
      const session = this.#registry.create(params, takeover);
      await session.join(
        this.#sfu,
        params.sdp,
        (until) => mayJoin(this.hooks, session, params.metadata, until),
        signal,
      );
      joins.succeeded(start);
      this.#registry.joined(session);
      this.emit('sessionopen', session);
      return session;
    } catch (error) {
      joins.failed(error, start);
      throw error;
    }
  }

  /** @internal Replaces a session's peer on the SFU. @throws RelayError */
  async rejoin(session: Session<P>, next: NextPeer, signal: CancelSignal): Promise<void> {
    this.#shutdown.requireOpen();
    await session.rejoin(this.#sfu, next, signal);
  }

  getSession(sessionId: string): Session<P> | undefined {
    return this.sessions.get(sessionId);
  }

  /** @internal The sessions of a user in all rooms. */
  sessionsOfUser(userId: string): readonly Session<P>[] {
    return this.#registry.ofUser(userId);
  }

  /** @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND` */
  getSessionStats(sessionId: string): SessionStats {
    return this.#registry.get(sessionId).stats;
  }

  /**
   * Ends a session; its client's connection is closed with 1000.
   * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`
   */
  async closeSession(sessionId: string): Promise<void> {
    await this.#registry.get(sessionId).close();
  }

  /**
   * Changes grants of a session at once; grants that are left out stay. Tracks that are no longer allowed are cut off at the
   * SFU; a session that may no longer receive is closed (4403). The change lasts as long as the session, across new tokens.
   * @returns when the SFU forwards only what the grants allow
   * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_INVALID_PARAMS`
   */
  async updateGrants(sessionId: string, grants: LiveGrants): Promise<void> {
    await this.#registry.get(sessionId).permissions.change(checkLiveGrants(grants));
  }

  /**
   * As `room.ban`, also for a room without sessions.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_MANY`, or the rejection of the store
   */
  async ban(roomId: string, userId: string, options: BanOptions = {}): Promise<void> {
    const room = this.rooms.get(checkId(roomId, 'roomId'));
    await (room ? room.ban(userId, options) : this.#options.bans.set(roomId, makeBan(userId, options)));
  }

  /** As `room.unban`, also for a room without sessions. */
  async unban(roomId: string, userId: string): Promise<void> {
    await this.#options.bans.delete(checkId(roomId, 'roomId'), checkId(userId, 'userId'));
  }

  /**
   * Authenticates a client by the application's `authenticate` and `onAuthenticate`. For transports.
   * @throws RelayError `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_CLOSED`
   */
  async authenticate(request: AuthRequest): Promise<P> {
    return this.#authenticator.authenticate(request);
  }

  /**
   * @internal Replaces the principal and grants of a session by those of a newer token.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`: the token is not for this room; nothing has changed then.
   */
  renew(session: Session<P>, principal: P): Promise<void> | undefined {
    const grants = readGrants(principal.grants);
    resolveRole(grants, session.roomId, undefined);
    session.principal = principal;
    return session.permissions.renew(grants);
  }

  /** Runs the whole signalling loop to the SFU and back, without joining. Never rejects. */
  healthCheck(): Promise<HealthReport> {
    return checkHealth(this.#sfu, this.#options.sfu.serverUrl, this.#options.healthTimeoutMs);
  }

  /**
   * Closes the relay: notifies the clients, leaves the SFU, closes the connections. What has not ended after `timeoutMs`
   * (default 5000) is terminated. Idempotent; rejects only for wrong options.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    checkOptions({ name: 'close()', example: 'relay.close({ timeoutMs: 5000 })' }, options, CLOSE_KEYS);
    const timeoutMs = integer(options, 'timeoutMs', 5_000, 0);
    return this.#shutdown.run(this.sessions.values(), timeoutMs, () => {
      this.#registry.close();
      this.#sfu.close();
    });
  }

  /** Whether `close()` was called. */
  get isClosing(): boolean {
    return this.#shutdown.isClosing;
  }

  /** @internal `close()` ends this connection. */
  attach(connection: Drainable): void {
    this.#shutdown.attach(connection);
  }

  /** @internal The connection has ended. */
  detach(connection: Drainable): void {
    this.#shutdown.detach(connection);
  }

  #closed(session: Session<P>, reason: SessionCloseReason): void {
    const { hasJoined, ageMs } = session.lifecycle;
    if (hasJoined) this.counters.sessionEnded(reason, ageMs);
    this.hooks.tell('onLeave', { session, reason });
    this.emit('sessionclose', session);
  }
}
