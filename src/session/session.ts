import type { Principal } from '../access/authentication.js';
import type { SessionCloseReason, SessionState } from '../protocol/session-state.js';
import type {
  Grants,
  IceCandidate,
  IceServer,
  MessageReceipt,
  OutgoingMessage,
  ParticipantUpdate,
  Role,
  SessionDescription,
  SessionStats,
  StatsReport,
  Subscription,
  Target,
  Track,
} from '../protocol/types.js';
import { checkUpdate } from '../room/participant-update.js';
import type { Room } from '../room/room.js';
import type { CancelSignal } from '../util/cancellation.js';
import { wallClock } from '../util/wall-clock.js';
import { ClientNegotiation } from './client-negotiation.js';
import { SessionEmitter } from './events/session-emitter.js';
import type { SessionEvents } from './events/session-events.js';
import type { Admit } from './peer/join-attempt.js';
import { type NextPeer, type RejoinParams, readRejoin } from './peer/next-peer.js';
import { SessionPeers } from './peer/session-peers.js';
import type { Predecessor, Takeover } from './peer/takeover.js';
import { SessionGrants } from './session-grants.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { SessionPermissions } from './session-permissions.js';
import { SessionPresence } from './session-presence.js';
import { SessionSender } from './session-sender.js';
import type { SessionSetup } from './session-setup.js';
import { StatsMeter } from './stats-meter.js';

/**
 * One participant in one room. A session knows nothing of its client's connection: an application can drive it directly.
 * @category Session
 */
export class Session<P extends Principal = Principal> {
  readonly id: string;
  readonly room: Room;
  readonly userId: string;
  readonly hidden: boolean;
  /** ms since the epoch. */
  readonly createdAt = wallClock();
  /** @internal Whether the application chose the user id, not the client. */
  readonly isNamed: boolean;
  /** @internal The id of the session in this room that this one replaces. */
  readonly replaces: string | undefined;
  /** @internal */
  readonly predecessor: Predecessor | undefined;
  /** @internal The newest session that is about to replace this one. */
  heir: Session<P> | undefined;
  /** @internal */ readonly emitter: SessionEmitter;
  /** @internal */ readonly lifecycle: SessionLifecycle;
  /** @internal */ readonly peers: SessionPeers;
  /** @internal */ readonly permissions: SessionPermissions;
  #principal: P | undefined;
  readonly #negotiation: ClientNegotiation;
  readonly #meter: StatsMeter;
  readonly #setup: Pick<SessionSetup<P, Session<P>>, 'moderate' | 'connections'>;
  /** Made by the first message. */
  #sender: SessionSender | undefined;

  /** @internal */
  constructor(setup: SessionSetup<P, Session<P>>, takeover?: Takeover) {
    const { id, room, userId, logger, role } = setup;
    const identity = { sessionId: id, roomId: room.id, userId };
    this.id = id;
    this.room = room;
    this.userId = userId;
    this.hidden = setup.grants.hidden === true;
    this.isNamed = setup.isNamed;
    this.replaces = takeover?.idIn(room);
    this.predecessor = takeover?.predecessor;
    this.#principal = setup.principal;
    this.#setup = setup;
    this.#meter = new StatsMeter({ sessionId: id, roomId: room.id, userId, role });
    const filters = setup.filters?.(this);
    const emitter = new SessionEmitter(logger, identity);
    const lifecycle = new SessionLifecycle({ session: this, filters, emitter });
    const peers = new SessionPeers(setup, { session: this, filters, emitter, lifecycle }, takeover);
    lifecycle.peers = peers;
    this.emitter = emitter;
    this.lifecycle = lifecycle;
    this.peers = peers;
    const grants = new SessionGrants(setup.grants, role);
    this.permissions = new SessionPermissions({ grants, session: this, peers, lifecycle, emitter });
    this.#negotiation = new ClientNegotiation({ peers, lifecycle, emitter, filter: filters?.signals });
  }

  /** Adds a listener. @returns a function that removes it */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): () => void {
    return this.emitter.on(name, listener);
  }

  /** Adds a listener for one event. @returns a function that removes it */
  once<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): () => void {
    return this.emitter.once(name, listener);
  }

  off<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): void {
    this.emitter.off(name, listener);
  }

  /** Without a name it counts the listeners of all events. */
  listenerCount(name?: keyof SessionEvents): number {
    return this.emitter.listenerCount(name);
  }

  get role(): Role {
    return this.permissions.role;
  }

  /** The current grants. */
  get grants(): Readonly<Grants> {
    return this.permissions.current;
  }

  /** The tracks that a moderator has muted, by the client's ids. */
  get cutTracks(): readonly string[] {
    const { cut, names } = this.peers.current;
    return [...cut].map((trackId) => names.ofClient(trackId));
  }

  /** The result of `authenticate` for the client's newest token; undefined where the session was not authenticated. */
  get principal(): P | undefined {
    return this.#principal;
  }

  /** @internal */
  set principal(principal: P) {
    this.#principal = principal;
  }

  /** The ICE servers of the client's peer connections. */
  get iceServers(): readonly IceServer[] {
    return this.peers.current.iceServers;
  }

  get roomId(): string {
    return this.room.id;
  }

  get state(): SessionState {
    return this.lifecycle.state;
  }

  /** `detached` between the events `detached` and `attached`: the client has lost its connection, and may get another one. */
  get connection(): 'connected' | 'detached' {
    return this.lifecycle.isDetached ? 'detached' : 'connected';
  }

  /** @internal */
  get presence(): SessionPresence {
    this.lifecycle.presence ??= new SessionPresence(this, this.#setup.connections);
    return this.lifecycle.presence;
  }

  /** The SFU's answer to the join, or to the newest offer since. */
  get answer(): SessionDescription {
    return this.peers.current.answer;
  }

  /** The published tracks. */
  get tracks(): readonly Track[] {
    return this.room.tracksOf(this.id);
  }

  get stats(): SessionStats {
    return { ...this.#meter.current, role: this.role };
  }

  /** @internal Joins on the SFU, once `admit` allows it. After a failure nothing is left on either side. */
  join(sdp: string, admit: Admit, signal?: CancelSignal): Promise<void> {
    const peer = this.peers.current;
    return peer.join(
      sdp,
      admit,
      signal,
      ({ released, metadata }) => {
        this.lifecycle.joined();
        this.room.members.add(this, released, metadata);
        peer.open();
        this.permissions.joined();
      },
      (error) => this.lifecycle.finish({ by: 'relay', error }),
    );
  }

  /**
   * Replaces the peer on the SFU, that is, both of its connections; the session stays in the room. Call it after the event `rejoin`.
   * Afterwards `answer` is the SFU's answer to the new offer.
   * @throws RelayError as `relay.createSession()`; nothing has changed then
   */
  async rejoin(params: RejoinParams, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { next, signal } = readRejoin(params, options);
    await this.replacePeer(next, signal);
    this.peers.current.open();
  }

  /** @internal As `rejoin`. The SFU's messages to the new peer wait for its `open()`. */
  async replacePeer(next: NextPeer, signal?: CancelSignal): Promise<void> {
    this.lifecycle.requireJoined();
    await this.peers.replace(next, signal);
    // Grants or mutes may have changed after the offer was checked.
    void this.permissions.revise();
  }

  /** @internal The number of the current peer. */
  get peer(): number {
    return this.peers.current.number;
  }

  /**
   * A new offer of the client's publisher connection: more or fewer tracks, or an ICE restart. One offer is with the SFU at a
   * time and one waits; a newer one replaces the waiting one, which fails with `ERR_RELAY_INVALID_STATE`.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_SDP`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_SFU_TIMEOUT`, `ERR_RELAY_SFU_STREAM_ENDED`
   */
  offer(description: SessionDescription, number?: number): Promise<SessionDescription> {
    return this.#negotiation.offer(description, number);
  }

  /**
   * The client's answer to the SFU's pending offer. Returns a promise where `onSignal` does.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_INVALID_SDP`
   */
  answerOffer(description: SessionDescription, number?: number): void | Promise<void> {
    return this.#negotiation.answer(description, number);
  }

  /**
   * A candidate of the client; an empty one signals the end of candidates. Returns a promise where `onSignal` does.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_SDP`
   */
  addIceCandidate(
    trickle: { target: Target; candidate: IceCandidate },
    number?: number,
  ): void | Promise<void> {
    return this.#negotiation.candidate(trickle, number);
  }

  /**
   * Selects the tracks of the room that the client receives.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_SFU_TIMEOUT`
   */
  subscribe(subscriptions: readonly Subscription[], number?: number): Promise<void> {
    return this.#negotiation.subscribe(subscriptions, number);
  }

  /**
   * Changes what the room sees of the participant: metadata, and the `muted` flags of its tracks.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`
   */
  update(update: ParticipantUpdate): void {
    this.lifecycle.requireJoined();
    this.room.members.update(this, checkUpdate(update, this.tracks, this.peers.current.names));
  }

  /**
   * Sends a message to the room in the name of the session's user. `onMessage` is asked, and messages are delivered in the
   * order in which they were sent. A message whose `id` was sent before is only acknowledged again.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`,
   * `ERR_RELAY_TOO_LARGE`, `ERR_RELAY_TOO_MANY`
   */
  async send(message: OutgoingMessage): Promise<MessageReceipt> {
    this.lifecycle.requireJoined();
    this.#sender ??= new SessionSender(this, this.#setup.moderate);
    return this.#sender.send(message);
  }

  /**
   * Takes a `getStats()` report of the client; bitrates and losses are differences to the last report.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`
   */
  reportStats(report: StatsReport): SessionStats {
    this.lifecycle.requireJoined();
    const stats = this.#meter.report(report);
    this.emitter.emit('stats', stats);
    return stats;
  }

  /** Leaves the SFU; resolves when the SFU has ended the stream. Never rejects; idempotent. */
  close(reason: SessionCloseReason = { by: 'application' }): Promise<void> {
    return this.lifecycle.close(reason);
  }
}
