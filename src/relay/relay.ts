import type { AuthRequest, Principal } from '../access/authentication.js';
import { checkLiveGrants } from '../access/grants.js';
import type { BanOptions } from '../backplane/ban-store.js';
import type { HookRunner } from '../hooks/hook-runner.js';
import { mayJoin } from '../hooks/join-and-message-hooks.js';
import { AddressCount } from '../limits/count-limits.js';
import { DetachedCount } from '../limits/detached-count.js';
import type { SafeRateLimiter } from '../limits/rate-limiter.js';
import type { MessageKinds } from '../messages/message-kind.js';
import { checkId } from '../protocol/ids.js';
import type { LiveGrants, SessionStats } from '../protocol/types.js';
import type { Room } from '../room/room.js';
import type { NextPeer } from '../session/peer/next-peer.js';
import type { Takeover } from '../session/peer/takeover.js';
import type { Session } from '../session/session.js';
import { resolveLaterNodes, type SfuNodeOptions, type SfuNodeStatus } from '../sfu/pool/options.js';
import type { SfuPool } from '../sfu/pool/sfu-pool.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import type { CancelSignal } from '../util/cancellation.js';
import { readSignal } from '../util/read-signal.js';
import { SafeEmitter } from '../util/safe-emitter.js';
import { Authenticator } from './authenticator.js';
import { checkHealth, type HealthReport } from './health.js';
import type { DrainNodeOptions, DrainReport, MoveRoomOptions, RoomMoveReport } from './moves/move-options.js';
import { RoomMoves } from './moves/room-moves.js';
import { checkNodeVersion } from './node-version.js';
import { openSfu } from './open-sfu.js';
import {
  type DefaultMessageKinds,
  type ResolvedOptions,
  resolveOptions,
  type SfuRelayOptions,
} from './options.js';
import type { RelayEvents } from './relay-events.js';
import type { ResolvedResumption } from './resumption-options.js';
import { created, endSession, renewSession } from './session-changes.js';
import { type CreateSessionParams, checkSessionParams } from './session-params.js';
import { SessionRegistry } from './session-registry.js';
import type { SessionTaker } from './shared/handover/session-taker.js';
import type { SessionsElsewhere } from './shared/handover/sessions-elsewhere.js';
import { type CloseOptions, type Drainable, readCloseOptions, Shutdown } from './shutdown.js';

checkNodeVersion();

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
  /** @internal */ readonly addresses: AddressCount;
  /** @internal */ readonly detached: DetachedCount;
  /** @internal The sessions of the other processes. */ readonly elsewhere: SessionsElsewhere | undefined;
  /** @internal Takes over sessions of the other processes. */ readonly taker: SessionTaker<P> | undefined;
  /** @internal */ readonly resumption: ResolvedResumption | undefined;
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: SfuPool;
  readonly #registry: SessionRegistry<P>;
  readonly #authenticator: Authenticator<P>;
  readonly #shutdown = new Shutdown();
  readonly #moves: RoomMoves<P>;

  /** @throws RelayError `ERR_RELAY_CONFIG` that names the wrong option and says what to write. */
  constructor(options: SfuRelayOptions<P, Kinds>) {
    // `Kinds` types the hooks for the caller only.
    const resolved = resolveOptions(options as unknown as SfuRelayOptions<P>);
    super(resolved.logger);
    this.#options = resolved;
    this.#sfu = openSfu(resolved, {
      isClosing: () => this.#shutdown.isRefusing,
      rooms: () => this.rooms.values(),
      emit: (name: keyof RelayEvents<P>, event: never) => this.emit(name, event),
    });
    this.addresses = new AddressCount(resolved.limits, resolved.sharedCounts);
    this.resumption = resolved.resumption;
    this.detached = new DetachedCount(resolved.resumption);
    this.#authenticator = new Authenticator(resolved, this.#shutdown);
    this.#registry = new SessionRegistry(resolved, this.#sfu, (session, reason, isElsewhere) => {
      if (!isElsewhere) endSession(resolved, session, reason);
      this.emit('sessionclose', session);
    });
    this.#registry.onAdopted = (session) => this.emit('sessionopen', session);
    ({ taker: this.taker, elsewhere: this.elsewhere } = this.#registry);
    this.#moves = new RoomMoves(resolved, this.#sfu, this.#registry, (event) => this.emit('drain', event));
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

  /** Totals since the start. */
  get counters(): RelayCounters {
    return this.#options.counters;
  }

  /** @internal */ get hooks(): HookRunner<P> {
    return this.#options.hooks;
  }

  /** @internal */ get rateLimiter(): SafeRateLimiter | undefined {
    return this.#options.rateLimiter;
  }

  /** @internal */ get expiryWarningMs(): number {
    return this.#options.expiryWarningMs;
  }

  /** The SFU nodes, as this relay sees them. */
  get nodes(): readonly SfuNodeStatus[] {
    return this.#sfu.statuses;
  }

  /**
   * Replaces the nodes of a cluster. Rooms on removed nodes stay there until they end. The weight and the limit of a known node
   * change at once; its other options only after it was removed and its last session has ended.
   * @throws RelayError `ERR_RELAY_CONFIG`: the relay has the mode `standalone`, or the list is wrong; nothing has changed then.
   */
  setNodes(nodes: readonly (string | SfuNodeOptions)[]): void {
    this.#sfu.setNodes(resolveLaterNodes(nodes, this.#options.sfu));
  }

  /**
   * Moves a room to another node of a cluster, without a gap: each session gets another peer there while the old one goes on. Joins go
   * to the new node at once. Resolves when all sessions are there; those that are not after `deadlineMs` are closed, retryable (1001).
   * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_INVALID_PARAMS`: no such room or node; `ERR_RELAY_INVALID_STATE`: the room is moving
   * already, or has no node; `ERR_RELAY_SFU_UNAVAILABLE`: no other node can take it; `ERR_RELAY_ABORTED`: the room has returned.
   */
  moveRoom(roomId: string, options: MoveRoomOptions = {}): Promise<RoomMoveReport> {
    return this.#moves.move(roomId, options);
  }

  /**
   * Empties a node, so that it can be stopped: it gets no new rooms until `undrainNode`, and its rooms move as by `moveRoom`. Resolves when
   * it has no streams any more; the event `drain` tells of the progress.
   * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`; `ERR_RELAY_ABORTED`: undrained.
   */
  drainNode(serverUrl: string, options: DrainNodeOptions = {}): Promise<DrainReport> {
    return this.#moves.drains.drain(serverUrl, options);
  }

  /** Lets a node that was drained, or is draining, take rooms again. @throws RelayError as `drainNode` */
  undrainNode(serverUrl: string): void {
    this.#moves.drains.undrain(serverUrl);
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
    const example = 'relay.createSession(params, { signal: AbortSignal.timeout(5000) })';
    return created(await this.join(params, readSignal('createSession()', example, options)));
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
      const mayBeIn = (until: CancelSignal) => mayJoin(this.hooks, session, params.metadata, until);
      await session.join(params.sdp, (until) => this.#registry.admit(session, () => mayBeIn(until)), signal);
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
    await session.replacePeer(next, signal);
  }

  getSession(sessionId: string): Session<P> | undefined {
    return this.sessions.get(sessionId);
  }

  /** @internal In all rooms. */
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
    await this.#registry.closeSession(sessionId);
  }

  /**
   * Changes grants of a session at once; grants that are left out stay. Tracks that are no longer allowed are cut off at the
   * SFU; a session that may no longer receive is closed (4403). The change lasts as long as the session, across new tokens.
   * @returns when the SFU forwards only what the grants allow
   * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_INVALID_PARAMS`
   */
  async updateGrants(sessionId: string, grants: LiveGrants): Promise<void> {
    await this.#registry.updateGrants(sessionId, checkLiveGrants(grants));
  }

  /** As `room.ban`, also for a room without sessions. @throws RelayError as `room.ban` */
  async ban(roomId: string, userId: string, options: BanOptions = {}): Promise<void> {
    await this.#registry.ban(checkId(roomId, 'roomId'), userId, options);
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

  /** @internal As `renewSession`. */
  renew(session: Session<P>, principal: P): Promise<void> | undefined {
    return renewSession(session, principal);
  }

  /** Runs the whole signalling loop to the SFU and back, without joining. Never rejects. */
  healthCheck(): Promise<HealthReport> {
    return checkHealth(this.#sfu.servers, this.#options, this.#shutdown.hasBegun);
  }

  /**
   * Closes the relay: notifies the clients, leaves the SFU, closes the connections. Idempotent: later calls return the first promise.
   * Rejects only for wrong options.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    return this.#shutdown.run(this.sessions.values(), readCloseOptions(options), this.#registry);
  }

  /** Whether new connections and sessions are refused: `close()` was called, and `readinessDelayMs` are over. */
  get isClosing(): boolean {
    return this.#shutdown.isRefusing;
  }

  /** @internal `close()` ends this connection. */
  attach(connection: Drainable): void {
    this.#shutdown.attach(connection);
  }

  /** @internal The connection has ended. */
  detach(connection: Drainable): void {
    this.#shutdown.detach(connection);
  }
}
