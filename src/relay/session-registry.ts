import { randomUUID } from 'node:crypto';
import type { Principal } from '../access/authentication.js';
import { mayPublish, readGrants, resolveRole } from '../access/grants.js';
import type { NodeCard, RoomFields } from '../backplane/backplane.js';
import { type BanOptions, makeBan } from '../backplane/ban-store.js';
import { memoryBackplane } from '../backplane/memory/memory-backplane.js';
import { MessageArchive } from '../messages/archive.js';
import { invalidParams, RelayError } from '../protocol/errors.js';
import { checkId } from '../protocol/ids.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import type { LiveGrants } from '../protocol/types.js';
import { checkMetadata } from '../room/participant-update.js';
import type { Room } from '../room/room.js';
import { Rooms } from '../room/rooms.js';
import type { Takeover } from '../session/peer/takeover.js';
import type { Session } from '../session/session.js';
import type { SfuNodeStatus } from '../sfu/pool/options.js';
import { UserIndex } from '../util/user-index.js';
import { checkOneMore, replaceOthersOf } from './duplicate-users.js';
import type { ResolvedOptions } from './options.js';
import { SessionFactory } from './session-factory.js';
import type { CreateSessionParams } from './session-params.js';
import type { AdmittedSession } from './shared/admission.js';
import type { HeldPeers } from './shared/handover/held-peers.js';
import type { SessionState } from './shared/handover/session-state.js';
import { type SessionTaker, takerOf } from './shared/handover/session-taker.js';
import type { SessionsElsewhere } from './shared/handover/sessions-elsewhere.js';
import { leaveNode } from './shared/leave-node.js';
import type { ProcessCalls } from './shared/process-calls.js';
import { SharedRooms } from './shared/shared-rooms.js';
import type { SharedSfu } from './shared/shared-sfu.js';

/** `isElsewhere`: it goes on in another process. */
type OnClosed<P extends Principal> = (
  session: Session<P>,
  reason: SessionCloseReason,
  isElsewhere?: boolean,
) => void;

/** The sessions and rooms of a relay, from creation to the end. */
export class SessionRegistry<P extends Principal> {
  /** Called when a session of another process goes on here. */
  onAdopted: ((session: Session<P>) => void) | undefined;
  /** Undefined where this process is the only one. */
  readonly taker: SessionTaker<P> | undefined;
  /** Called when a room that several processes share gets another node, or another generation. */
  onPlaced: ((room: Room, from: RoomFields) => void) | undefined;
  /** Called when a session of the room has joined. */
  onJoined: ((room: Room) => void) | undefined;
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: SharedSfu;
  readonly #onClosed: OnClosed<P>;
  readonly #factory: SessionFactory<P>;
  readonly #sessions = new Map<string, Session<P>>();
  readonly #users = new UserIndex<Session<P>>();
  readonly #rooms: Rooms;
  /** Undefined where this process is the only one. */
  readonly #shared: SharedRooms | undefined;
  /** The sessions that joining ones replace. */
  readonly #replaced = new WeakMap<Session<P>, readonly AdmittedSession[]>();

  constructor(options: ResolvedOptions<P>, sfu: SharedSfu, onClosed: OnClosed<P>) {
    this.#options = options;
    this.#sfu = sfu;
    this.#onClosed = onClosed;
    this.#factory = new SessionFactory(options, sfu, this.#sessions);
    const messages = new MessageArchive({
      kinds: options.messages,
      checkTimeoutMs: options.hookTimeoutMs,
      counters: options.counters.roomMessages,
    });
    const { backplane, logger, bans, participants, limits, duplicateUser } = options;
    const share = backplane && ((room: Room) => (this.#shared as SharedRooms).share(room));
    this.#rooms = new Rooms(messages, bans, participants, backplane ?? memoryBackplane({ logger }), share);
    const nodes = () => sfu.statuses.map(cardOf);
    const onPlaced = (room: Room, from: RoomFields) => this.onPlaced?.(room, from);
    this.#shared =
      backplane &&
      new SharedRooms({
        backplane,
        logger,
        limits,
        duplicateUser,
        nodes,
        onPlaced,
        handOver: (session, reason) => this.#handOver(session as Session<P>, reason),
        isNodeDown: (serverUrl) => sfu.isNodeDown(serverUrl),
        sendersOf: (room) => sfu.sendersOf(room),
        onStreams: (streams, processes) => sfu.setElsewhere(streams, processes),
        rooms: this.#rooms,
        sessions: this.#sessions,
      });
    const shared = this.#shared;
    this.taker = shared && takerOf(shared, this.#rooms, this.#sessions, (...come) => this.#adopt(...come));
    if (!shared) return;
    sfu.verdicts.askOthers = (serverUrl) => shared.isDownForMost(serverUrl);
    sfu.verdicts.onCutOff = (...cut) => leaveNode(this.#sessions.values(), options.logger, ...cut);
  }

  get sessions(): ReadonlyMap<string, Session<P>> {
    return this.#sessions;
  }

  /** Undefined where this process is the only one. */
  get elsewhere(): SessionsElsewhere | undefined {
    return this.#shared?.elsewhere;
  }

  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms.all;
  }

  /** @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND` */
  get(sessionId: string): Session<P> {
    const session = this.#sessions.get(sessionId);
    if (!session) throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', noSuchSession(sessionId));
    return session;
  }

  /** As `room.ban`, whichever processes have the room. */
  async ban(roomId: string, userId: string, options: BanOptions): Promise<void> {
    const room = this.rooms.get(roomId);
    if (room) return room.ban(userId, options);
    await this.#options.bans.set(roomId, makeBan(userId, options));
    const { reason } = options;
    await this.#shared?.anywhere('kick', { roomId, userId, ...(reason !== undefined && { reason }) });
  }

  /** Ends a session, wherever it is. @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND` */
  async closeSession(sessionId: string): Promise<void> {
    const session = this.#sessions.get(sessionId);
    if (session) await session.close();
    else if (!(await this.#shared?.anywhere('closeSession', { sessionId }))) this.get(sessionId);
  }

  /** Changes the grants of a session, wherever it is. @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND` */
  async updateGrants(sessionId: string, grants: LiveGrants): Promise<void> {
    const session = this.#sessions.get(sessionId);
    if (session) await session.permissions.change(grants);
    else if (!(await this.#shared?.anywhere('updateGrants', { sessionId, grants }))) this.get(sessionId);
  }

  /** The number of rooms with sessions that are not closing. */
  get occupiedRooms(): number {
    return this.#rooms.occupiedRooms;
  }

  /** The sessions of a user in all rooms. */
  ofUser(userId: string): readonly Session<P>[] {
    return this.#users.ofUser(userId);
  }

  /**
   * Creates a session that has not joined yet.
   * @throws RelayError
   */
  create(params: CreateSessionParams<P>, takeover?: Takeover<Session<P>>): Session<P> {
    const options = this.#options;
    const { sessionId = randomUUID(), autoSubscribe = true, principal } = params;
    const roomId = checkId(params.roomId, 'roomId');
    const userId = checkId(params.userId, 'userId');
    const id = checkId(sessionId, 'sessionId');
    if (params.role !== undefined && params.role !== 'publisher' && params.role !== 'subscriber')
      throw invalidParams('"role" must be "publisher" or "subscriber".');
    const grants = readGrants(principal?.grants);
    const role = resolveRole(grants, roomId, params.role);
    checkMetadata(params.metadata);
    if (this.#sessions.has(id))
      throw new RelayError('ERR_RELAY_SESSION_EXISTS', `The session "${id}" exists already.`);
    const hidden = grants.hidden === true;
    const isNamed = principal === undefined || principal.userId !== undefined;
    const replaced = checkOneMore(options, { roomId, userId, hidden, isNamed }, this, takeover);

    const room = this.#rooms.enter(roomId, hidden);
    const session = this.#factory.make(
      { id, room, userId, role, grants, autoSubscribe, principal, isNamed },
      takeover,
    );
    this.#add(session, takeover);
    const elsewhere = takeover?.elsewhere;
    const others = elsewhere ? [{ ...elsewhere, userId, isNamed, hidden, state: session.state }] : [];
    this.#replaced.set(session, [...replaced, ...others]);
    return session;
  }

  /** Calls `next` when the other processes, if there are any, admit the session. */
  admit<Result>(session: Session<P>, next: () => Result | Promise<Result>): Result | Promise<Result> {
    const admitted = this.#shared?.admit(session, this.#replaced.get(session) ?? []);
    return admitted ? admitted.then(next) : next();
  }

  /** Ends the other sessions of a joined session's user in its room, where the option `duplicateUser` says so. */
  joined(session: Session<P>): void {
    this.onJoined?.(session.room);
    if (this.#options.duplicateUser === 'replace') replaceOthersOf(session, this);
  }

  /** Undefined where this process is the only one. */
  get others(): ProcessCalls | undefined {
    return this.#shared?.calls;
  }

  get hasOthers(): boolean {
    return this.elsewhere?.hasOthers === true;
  }

  get isHandingOver(): boolean {
    if (this.#options.backplane?.outage?.isTelling) return true;
    const isAway = [...this.#sessions.values()].some(({ connection }) => connection === 'detached');
    return this.hasOthers && (isAway || this.elsewhere?.holder.isBusy === true);
  }

  /** No session is accepted any more. */
  refusing(): void {
    this.#shared?.closing();
  }

  /** All sessions are about to end: nobody is told of the others any more. */
  allLeave(): void {
    this.#rooms.silence();
  }

  /** Never rejects. */
  ended(): Promise<void> {
    this.#sfu.close();
    this.#shared?.close();
    return this.#rooms.close();
  }

  /** Another process has the session from now on. Here it ends when it is closed: its peers stay until then. */
  #handOver(session: Session<P>, reason: SessionCloseReason): void {
    const { room, id } = session;
    this.#sessions.delete(id);
    this.#users.delete(session);
    this.#shared?.gone(id);
    session.lifecycle.onClosed = () => {
      room.moderation.sessions.delete(session);
      this.#rooms.leave(room);
    };
    session.lifecycle.handOver(reason);
    this.#onClosed(session, reason, true);
  }

  /** A session of another process goes on here: it is in the room already. */
  #adopt(id: string, room: Room, state: SessionState, principal: P, peers: HeldPeers): Session<P> {
    const { userId, isNamed, hidden, changes, tracks, metadata } = state;
    const { autoSubscribe, cut } = state.peers;
    // Whether it is hidden does not change during a session.
    const { hidden: _, ...granted } = readGrants(principal.grants);
    const grants = hidden ? { ...granted, hidden } : granted;
    const role = resolveRole(grants, room.id, mayPublish(grants) ? state.role : undefined);
    const session = this.#factory.make({ id, room, userId, role, grants, autoSubscribe, principal, isNamed });
    this.#add(session, undefined);
    room.moderation.arrived(session);
    session.lifecycle.joined();
    session.peers.assume(state.peers, peers);
    room.members.adopt(session, { tracks, cut: new Set(cut) }, metadata);
    this.#shared?.assume(session);
    this.#shared?.elsewhere.holder.setElsewhere(session, peers);
    void session.permissions.change(changes);
    this.onAdopted?.(session);
    return session;
  }

  #add(session: Session<P>, takeover: Takeover<Session<P>> | undefined): void {
    this.#sessions.set(session.id, session);
    this.#users.add(session);
    session.room.moderation.sessions.add(session);
    session.lifecycle.onClosed = (reason) => this.#delete(session, reason);
    for (const each of takeover?.sessions ?? []) each.heir = session;
    if (takeover?.elsewhere) {
      takeover.elsewhere.heir = session.id;
      takeover.elsewhere.inherit = (changes) => void session.permissions.change(changes);
    }
    const replaced = takeover?.replacedIn(session.room);
    if (replaced) void session.permissions.change(replaced.permissions.changes);
  }

  #delete(session: Session<P>, reason: SessionCloseReason): void {
    this.#sessions.delete(session.id);
    this.#users.delete(session);
    session.room.moderation.sessions.delete(session);
    this.#rooms.leave(session.room);
    this.#shared?.release(session.id);
    this.#onClosed(session, reason);
  }
}

function cardOf({ serverUrl, state, streams }: SfuNodeStatus): NodeCard {
  return { serverUrl, state, streams };
}

function noSuchSession(sessionId: unknown): string {
  return typeof sessionId === 'string'
    ? 'There is no such session.'
    : 'There is no such session: the first argument must be the id of a session, a string.';
}
