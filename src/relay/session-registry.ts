import { randomUUID } from 'node:crypto';
import type { Principal } from '../access/authentication.js';
import { publishLimits, readGrants, resolveRole } from '../access/grants.js';
import { memoryBackplane } from '../backplane/memory/memory-backplane.js';
import { candidateFilter } from '../guard/ice-candidate.js';
import { maySend } from '../hooks/join-and-message-hooks.js';
import { sessionFilters } from '../hooks/session-filters.js';
import { MessageArchive } from '../messages/archive.js';
import { invalidParams, RelayError } from '../protocol/errors.js';
import { checkId } from '../protocol/ids.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import { checkMetadata } from '../room/participant-update.js';
import type { Room } from '../room/room.js';
import { Rooms } from '../room/rooms.js';
import type { InterruptionObserver } from '../session/peer/peer-owner.js';
import type { Takeover } from '../session/peer/takeover.js';
import { Session } from '../session/session.js';
import type { ConnectionObserver } from '../session/session-presence.js';
import type { Sfu } from '../sfu/sfu.js';
import { UserIndex } from '../util/user-index.js';
import { checkOneMore, replaceOthersOf } from './duplicate-users.js';
import { observeConnections, observeInterruptions } from './observe-interruptions.js';
import type { ResolvedOptions } from './options.js';
import type { CreateSessionParams } from './session-params.js';

/** The sessions and rooms of a relay, from creation to the end. */
export class SessionRegistry<P extends Principal> {
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: Sfu;
  readonly #interruptions: InterruptionObserver;
  readonly #connections: ConnectionObserver;
  readonly #onClosed: (session: Session<P>, reason: SessionCloseReason) => void;
  readonly #sessions = new Map<string, Session<P>>();
  readonly #users = new UserIndex<Session<P>>();
  readonly #rooms: Rooms;
  readonly #admitsCandidate: ((candidate: string) => boolean) | undefined;
  readonly #filters: ReturnType<typeof sessionFilters<P>>;

  constructor(
    options: ResolvedOptions<P>,
    sfu: Sfu,
    onClosed: (session: Session<P>, reason: SessionCloseReason) => void,
  ) {
    this.#options = options;
    this.#sfu = sfu;
    this.#onClosed = onClosed;
    this.#interruptions = observeInterruptions(options, this.#sessions);
    this.#connections = observeConnections(options, this.#sessions);
    const messages = new MessageArchive({
      kinds: options.messages,
      checkTimeoutMs: options.hookTimeoutMs,
      counters: options.counters.roomMessages,
    });
    const backplane = memoryBackplane({ logger: options.logger });
    this.#rooms = new Rooms(messages, options.bans, options.participants, backplane);
    this.#admitsCandidate = candidateFilter(options.candidates);
    this.#filters = sessionFilters(options.hooks);
  }

  get sessions(): ReadonlyMap<string, Session<P>> {
    return this.#sessions;
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
    checkOneMore(options, { roomId, userId, hidden, isNamed }, this, takeover);

    const { hooks, counters } = options;
    const session: Session<P> = new Session<P>(
      {
        id,
        room: this.#rooms.enter(roomId, hidden),
        userId,
        role,
        grants,
        policy: {
          offer: publishLimits(grants, role, options.dataChannels === 'allow'),
          videoCodec: options.videoCodec,
          canSubscribe: grants.canSubscribe !== false,
          admitsCandidate: this.#admitsCandidate,
          layerSubscriptions: options.layerSubscriptions,
        },
        autoSubscribe,
        principal,
        isNamed,
        filters: this.#filters,
        logger: options.logger,
        moderate: hooks.has('onMessage')
          ? (message, recheck) => maySend(hooks, session, message, recheck)
          : undefined,
        iceServers: () =>
          options.iceServers({ sessionId: id, roomId, userId, role: session.role, principal }),
        sfu: this.#sfu,
        interruptionTimeoutMs: options.interruptionTimeoutMs,
        interruptions: this.#interruptions,
        connections: this.#connections,
        joinTimeoutMs: options.joinTimeoutMs,
        answerTimeoutMs: options.answerTimeoutMs,
        sfuReplies: counters.sfuReplies,
        surplusCandidates: counters.surplusCandidates,
      },
      takeover,
    );
    this.#add(session, takeover);
    return session;
  }

  /** Ends the other sessions of a joined session's user in its room, where the option `duplicateUser` says so. */
  joined(session: Session<P>): void {
    if (this.#options.duplicateUser === 'replace') replaceOthersOf(session, this);
  }

  /** All sessions are about to end: nobody is told of the others any more. */
  silence(): void {
    this.#rooms.silence();
  }

  close(): void {
    this.#rooms.close();
  }

  #add(session: Session<P>, takeover: Takeover<Session<P>> | undefined): void {
    this.#sessions.set(session.id, session);
    this.#users.add(session);
    session.room.moderation.sessions.add(session);
    session.lifecycle.onClosed = (reason) => this.#delete(session, reason);
    for (const each of takeover?.sessions ?? []) each.heir = session;
    const replaced = takeover?.replacedIn(session.room);
    if (replaced) void session.permissions.change(replaced.permissions.changes);
  }

  #delete(session: Session<P>, reason: SessionCloseReason): void {
    this.#sessions.delete(session.id);
    this.#users.delete(session);
    session.room.moderation.sessions.delete(session);
    this.#rooms.leave(session.room);
    this.#onClosed(session, reason);
  }
}

function noSuchSession(sessionId: unknown): string {
  return typeof sessionId === 'string'
    ? 'There is no such session.'
    : 'There is no such session: the first argument must be the id of a session, a string.';
}
