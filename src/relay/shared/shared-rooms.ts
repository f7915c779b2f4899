import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../backplane/attempt.js';
import type { Backplane, Membership, NodeCard, ProcessCard, RoomFields } from '../../backplane/backplane.js';
import type { ResolvedCountLimits } from '../../limits/count-limits.js';
import { RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { RoomMember } from '../../room/participants/room-member.js';
import type { Room } from '../../room/room.js';
import type { Rooms } from '../../room/rooms.js';
import { isPromise } from '../../util/is-promise.js';
import type { Logger } from '../../util/logger.js';
import { joinedElsewhere } from '../duplicate-users.js';
import type { DuplicateUser } from '../options.js';
import { Admission, type AdmittedSession } from './admission.js';
import { claimBackplane } from './check-backplane.js';
import { endBanned } from './end-banned.js';
import { FORMAT, VERSION } from './formats.js';
import type { ArrivalRecorder } from './handover/arrival-recorder.js';
import type { HeldSession } from './handover/session-holder.js';
import { SessionsElsewhere } from './handover/sessions-elsewhere.js';
import { moderationElsewhere } from './moderation-elsewhere.js';
import { streamsOf } from './node-streams.js';
import { isDownForMost } from './node-votes.js';
import { ProcessCalls } from './process-calls.js';
import { RoomRecall } from './room-recall.js';
import { type ChangeableSession, type SessionAnswersSetup, sessionAnswers } from './session-answers.js';
import { SharedRoom } from './shared-room.js';
import { ViewersElsewhere } from './viewers/viewers-elsewhere.js';

/** ms until it is tried again to announce the process. */
const RETRY_MS = 500;
/** ms within which a room has to hear of a change that another process knows. */
const HEARD_MS = 2_000;
/** ms between two cards, and two looks at who is alive. */
const BEAT_MS = 1_000;

interface SharedRoomsSetup extends Pick<SessionAnswersSetup, 'sendersOf'> {
  readonly backplane: Backplane;
  readonly logger: Logger;
  /** The sessions of this process. */
  readonly sessions: ReadonlyMap<string, ChangeableSession & HeldSession>;
  /** Another process has the session from now on. Here it ends when it is closed. */
  readonly handOver: (session: HeldSession, reason: SessionCloseReason) => void;
  /** The rooms of this process. */
  readonly rooms: Pick<Rooms, 'all' | 'messagesOf'>;
  readonly limits: ResolvedCountLimits;
  readonly duplicateUser: DuplicateUser;
  /** A room has another node, or another generation, than `from`. */
  readonly onPlaced: (room: Room, from: RoomFields) => void;
  /** The other processes have so many streams on the SFU nodes of these addresses. */
  readonly onStreams: (streams: ReadonlyMap<string, number>, processes: number) => void;
  readonly nodes: () => readonly NodeCard[];
  /** Undefined for a node that this process does not have. */
  readonly isNodeDown: (serverUrl: string) => Promise<boolean | undefined>;
}

/** This process among those that share their rooms. */
export class SharedRooms {
  readonly processId = randomUUID();
  readonly elsewhere: SessionsElsewhere;
  readonly viewers: ViewersElsewhere;
  readonly #setup: SharedRoomsSetup;
  readonly calls: ProcessCalls;
  readonly #admission: Admission;
  readonly #rooms = new Map<Room, SharedRoom>();
  readonly #recall: RoomRecall;
  #entering: Promise<void> | undefined;
  readonly #beat: NodeJS.Timeout;
  #membership: Membership | undefined;
  #isClosing = false;
  #isClosed = false;

  constructor(setup: SharedRoomsSetup) {
    this.#setup = setup;
    claimBackplane(setup.backplane);
    this.elsewhere = new SessionsElsewhere({
      ...setup,
      processId: this.processId,
      ask: (...request) => this.ask(...request),
      announced: () => this.#announced(),
      seatOf: ({ room, id }) => this.#rooms.get(room)?.seatFor(id),
      left: (roomId, sessionId) => this.#sharedOf(roomId)?.forget(sessionId),
    });
    this.viewers = new ViewersElsewhere(
      () => this.calls,
      (roomId) => this.#sharedOf(roomId),
    );
    this.#recall = new RoomRecall(setup.rooms, (params) => this.calls.askAll('messages', params));
    const answers = Object.assign(this.elsewhere.answers, {
      ...sessionAnswers(setup),
      ...this.viewers.answers,
      close: (params: Params) => this.#close(params),
      revise: (params: Params) => this.#revise(params),
      isNodeDown: ({ serverUrl }: Params) => setup.isNodeDown(String(serverUrl)),
      ...this.#recall.answers,
    });
    this.calls = new ProcessCalls(setup.backplane, this.processId, answers, setup.logger);
    this.#admission = new Admission({
      ...setup,
      // Who can't be asked does not make way.
      makeWay: async ({ roomId, userId, isNamed }) =>
        isNamed && this.anywhere('makeWay', { roomId, userId }).catch(() => false),
      countViewers: ({ roomId, userId }) => this.viewers.countOf(roomId, userId),
      countElsewhere: (session) => this.#sharedOf(session.roomId)?.countOf(session.userId) ?? 0,
    });
    this.#enter();
    this.#beat = setInterval(() => {
      this.#membership?.update(this.#card());
      for (const shared of this.#rooms.values()) shared.recount();
      this.elsewhere.beat();
      const others = setup.backplane.processes().filter(({ processId }) => processId !== this.processId);
      setup.onStreams(streamsOf(others), others.length);
    }, BEAT_MS).unref();
  }

  /** Settles when the session may join, as far as the other processes are concerned. */
  async admit(
    session: AdmittedSession & { readonly room: Room },
    replaced: readonly AdmittedSession[],
  ): Promise<void> {
    const { room } = session;
    await this.#announced();
    if (session.state !== 'joining') throw unavailable(new Error('the join has ended'));
    await this.recalled(room);
    await this.#admission.admit(session, replaced);
  }

  /** Resolves when the room's earlier messages are here. */
  recalled(room: Room): Promise<void> {
    return this.#recall.recalled(room);
  }

  /** A session comes from another process, where it was admitted. */
  assume(session: AdmittedSession): void {
    this.#admission.assume(session);
  }

  /** Asks a process. @throws RelayError */
  ask(...request: Parameters<ProcessCalls['ask']>): Promise<unknown> {
    return this.calls.ask(...request);
  }

  expect(room: Room, sessionId: string, arrival: ArrivalRecorder | undefined): void {
    this.#rooms.get(room)?.expect(sessionId, arrival);
  }

  handedOver(sessionId: string, member: RoomMember, processId: string): void {
    this.elsewhere.holder.handedOver(sessionId, member, processId);
  }

  /** @throws RelayError `ERR_RELAY_UNAVAILABLE` where that takes too long: the client tries again */
  async #announced(): Promise<void> {
    if (this.#entering) await Promise.race([this.#entering, sleep(HEARD_MS, undefined, { ref: false })]);
    if (this.#entering) throw unavailable(new Error('the process is not announced to the others'));
  }

  /** Another process has the session, and has told of it. */
  gone(sessionId: string): void {
    this.#admission.release(sessionId);
    void this.elsewhere.directory.forget(sessionId, true);
  }

  /** The session is leaving, or has not joined. */
  release(sessionId: string): void {
    this.#admission.release(sessionId);
    void this.elsewhere.directory.forget(sessionId);
  }

  /**
   * Asks the other processes for what only one of them can do.
   * @returns false where none can
   * @throws RelayError
   */
  anywhere(method: string, params: object): Promise<boolean> {
    return this.calls.anywhere(method, params);
  }

  isDownForMost(serverUrl: string): Promise<boolean> {
    return isDownForMost(this.calls, this.#setup.backplane.processes(), serverUrl);
  }

  share(room: Room): SharedRoom {
    const shared = new SharedRoom(room, this, this.#setup.backplane);
    this.#rooms.set(room, shared);
    room.directory = this.elsewhere.directory;
    room.moderation.elsewhere = moderationElsewhere(this.calls, room, shared);
    return shared;
  }

  closed({ room }: SharedRoom): void {
    this.#rooms.delete(room);
    this.#recall.forget(room);
  }

  removed(sessionId: string, reason: string | undefined): void {
    const session = this.#setup.sessions.get(sessionId);
    const end: SessionCloseReason =
      reason === undefined
        ? { by: 'relay', error: joinedElsewhere() }
        : { by: 'application', error: new RelayError('ERR_RELAY_REMOVED', reason) };
    void session?.close(end);
  }

  placed(room: Room, from: RoomFields): void {
    this.#setup.onPlaced(room, from);
  }

  isAlive(processId: string): boolean {
    return this.#setup.backplane.processes().some((card) => card.processId === processId);
  }

  get replacesDuplicates(): boolean {
    return this.#setup.duplicateUser === 'replace';
  }

  /** No session comes to this process any more: the others do not wait for that. */
  closing(): void {
    this.#isClosing = true;
    this.#membership?.update(this.#card());
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#beat);
    this.elsewhere.holder.close();
    this.calls.close();
  }

  #sharedOf(roomId: string): SharedRoom | undefined {
    const room = this.#setup.rooms.all.get(roomId);
    return room && this.#rooms.get(room);
  }

  async #close({ roomId, userId, code, message }: Params): Promise<void> {
    const sessions =
      this.#setup.rooms.all.get(String(roomId))?.moderation.sessions.ofUser(String(userId)) ?? [];
    const error = new RelayError(String(code), String(message));
    await Promise.all([...sessions].map((session) => session.close({ by: 'application', error })));
  }

  async #revise({ roomId, userId, revision }: Params): Promise<void> {
    const room = this.#setup.rooms.all.get(String(roomId));
    const shared = room && this.#rooms.get(room);
    if (!shared) return;
    await shared.revision.reached(Number(revision), HEARD_MS);
    const sessions = [...room.moderation.sessions.ofUser(String(userId))];
    await Promise.all(sessions.map((session) => session.permissions.revise()));
  }

  #enter(): void {
    const enter = () => this.#setup.backplane.enter(this.#card([]), (text) => this.calls.receive(text));
    const entered = enter();
    if (!isPromise(entered)) this.#entered(entered);
    else this.#entering = this.#enterLate(Promise.resolve(entered), enter);
  }

  async #enterLate(first: Promise<Membership>, enter: () => Membership | Promise<Membership>): Promise<void> {
    for (let pending = first; ; ) {
      try {
        const membership = await pending;
        this.#entering = undefined;
        this.#entered(membership);
        return;
      } catch (error) {
        if (this.#isClosed) return;
        this.#setup.logger.warn({ err: error }, 'The process could not be announced to the others');
      }
      await sleep(RETRY_MS, undefined, { ref: false });
      if (this.#isClosed) return;
      pending = Promise.resolve().then(enter);
    }
  }

  #entered(membership: Membership): void {
    const { lost } = membership;
    const { sessions, logger } = this.#setup;
    if (this.#membership) void endBanned(sessions.values(), logger);
    this.#membership = membership;
    for (const shared of this.#rooms.values()) shared.resume();
    this.elsewhere.directory.refresh();
    const again = () => {
      if (this.#isClosed) return;
      logger.warn({}, 'The other processes have taken this one for dead: it is announced again');
      this.#enter();
    };
    if (lost.aborted) again();
    else lost.addEventListener('abort', again, { once: true });
  }

  #card(nodes = this.#setup.nodes()): ProcessCard {
    const closing = this.#isClosing && { closing: true };
    return { processId: this.processId, format: FORMAT, version: VERSION, nodes, ...closing };
  }
}

type Params = Readonly<Record<string, unknown>>;
