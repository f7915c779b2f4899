import type {
  Backplane,
  MaybePromise,
  RoomChange,
  RoomEntry,
  RoomFields,
  RoomLog,
  Seat,
} from '../../backplane/backplane.js';
import { proposeRegulars } from '../../room/moderation/lock.js';
import type { RoomMember } from '../../room/participants/room-member.js';
import type { MembersObserver } from '../../room/participants/room-members.js';
import type { Room, RoomShare } from '../../room/room.js';
import { disregard } from '../../util/is-promise.js';
import type { ArrivalRecorder } from './handover/arrival-recorder.js';
import { LogGate } from './log-gate.js';
import { SharedMessages } from './messages/shared-messages.js';
import { RemoteSession } from './remote-session.js';
import { RemoteSessions } from './remote-sessions.js';
import { Revision } from './revision.js';
import { REPLACED, SeatWriter } from './seats/seat-writer.js';
import { TrackClaims } from './seats/track-claims.js';
import { Audiences } from './viewers/audiences.js';
import { CountedViewers } from './viewers/counted-viewers.js';
import type { ViewersElsewhere } from './viewers/viewers-elsewhere.js';

/** The process that has the room. */
interface SharingProcess {
  readonly processId: string;
  /** Whether a session ends that its user's next one finds in the room. */
  readonly replacesDuplicates: boolean;
  /** A session has been removed from the room; without a reason another session of its user has taken its place. */
  removed(sessionId: string, reason: string | undefined): void;
  isAlive(processId: string): boolean;
  placed(room: Room, from: RoomFields): void;
  /** Of the other processes. */
  readonly viewers: ViewersElsewhere;
  /** Another process has a session of this one from now on: the last moment in which it is a member here. */
  handedOver(sessionId: string, member: RoomMember, processId: string): void;
  /** A session leaves the room. */
  release(sessionId: string): void;
  closed(shared: SharedRoom): void;
}

/**
 * A room that several processes share: its log tells the others of the sessions of this one, and the room's members of those of the
 * others.
 */
export class SharedRoom implements RoomShare, MembersObserver {
  readonly room: Room;
  readonly #process: SharingProcess;
  /** The members whose sessions are in this process. */
  readonly #own = new Map<string, RoomMember>();
  readonly #others: RemoteSessions;
  /** By session id, what comes for sessions of other processes that are about to be this one's. */
  readonly #arrivals = new Map<string, ArrivalRecorder>();
  /** Visible own members that are only counted. */
  readonly viewers: CountedViewers;
  /** Counted by the other processes. */
  readonly #audiences: Audiences;
  /** Own sessions that keep their seats, as they had a reason for one before. */
  readonly #known = new Set<string>();
  readonly #writer: SeatWriter;
  readonly #messages: SharedMessages;
  readonly #gate: LogGate;
  readonly revision = new Revision();
  /** The last one that this process was told. */
  #placement: RoomFields = { generation: 0 };

  constructor(room: Room, process: SharingProcess, backplane: Backplane) {
    this.room = room;
    this.#process = process;
    this.#others = new RemoteSessions(room);
    this.#audiences = new Audiences(process);
    this.viewers = new CountedViewers({
      sessionsOf: (userId) => [...room.moderation.sessions.ofUser(userId)].map(({ id }) => id),
      replaced: (sessionId) => process.removed(sessionId, undefined),
      arrived: (...arrival) => process.viewers.arrived(room.id, ...arrival),
    });
    this.#writer = new SeatWriter(process.processId, this);
    this.#messages = new SharedMessages(room, backplane, {
      ...{ processId: process.processId, seatFor: (sessionId: string) => this.seatFor(sessionId) },
      seated: (sessionId) => this.#seated(sessionId),
      isPresent: (userId) => this.#audiences.count > 0 && process.viewers.hasUser(room.id, userId),
    });
    this.#gate = new LogGate(() => room.log, process);
    room.gate = this.#gate;
    room.publishers.elsewhere = new TrackClaims(room, process.processId);
    room.pagesElsewhere = process.viewers.pagesOf(room.id, this.#audiences);
    room.members.observer = this;
    room.messages.channel = this.#messages;
  }

  get log(): RoomLog {
    return this.room.log;
  }

  /** The processes that have sessions of the user, as far as these have seats. */
  processesOf(userId: string): ReadonlySet<string> {
    return new Set(this.#others.ofUser(userId).map(({ processId }) => processId));
  }

  /** The sessions of the user in other processes, as far as they have seats. */
  countOf(userId: string): number {
    return this.#others.ofUser(userId).length;
  }

  get replacesDuplicates(): boolean {
    return this.#process.replacesDuplicates;
  }

  touched(member: RoomMember): void {
    const { session } = member;
    if (session instanceof RemoteSession || member.hasLeft) return;
    if (session.replaces !== undefined) this.#others.replaced(session.replaces);
    if (!this.#own.has(session.id)) this.#others.arrived(session.id);
    this.#own.set(session.id, member);
    this.#writer.touch(session.id);
  }

  left({ session }: RoomMember): void {
    const { id } = session;
    if (session instanceof RemoteSession || !this.#own.delete(id)) return;
    this.viewers.delete(id);
    this.#known.delete(id);
    this.#writer.left(id);
    this.#process.release(id);
  }

  settled(): void {
    this.#others.settle();
    this.#writer.write();
  }

  /** Own members that are only counted, in the order in which they came. */
  get countedMembers(): RoomMember[] {
    return [...this.#own.values()].filter(({ session }) => this.viewers.has(session.id));
  }

  seatOf(sessionId: string): Seat | undefined {
    const member = this.#own.get(sessionId);
    if (!member) return undefined;
    const { userId, hidden, isNamed = false, grants, replaces } = member.session;
    if (hidden || member.isListed) this.#known.add(sessionId);
    if (!this.#known.has(sessionId)) {
      this.viewers.add(sessionId, this.replacesDuplicates ? userId : undefined);
      return undefined;
    }
    this.viewers.seat(sessionId);
    const since = this.viewers.ticketOf(sessionId);
    const { processId } = this.#process;
    const { participant } = member.entry;
    const seat = { userId, processId, isNamed, hidden, moderates: grants.roomAdmin === true, participant };
    const { renamed } = member;
    return { ...seat, ...(renamed && { renamed }), ...(replaces && { replaces }), ...(since && { since }) };
  }

  snapshot(state: RoomFields, revision: number): void {
    this.room.moderation.snapshot(state);
    const [seats, removals] = [new Map(state.seats), new Map(state.removals)];
    this.#others.forgetLater((sessionId) => seats.has(sessionId));
    this.viewers.restart(revision);
    for (const [sessionId, seat] of seats) this.#take(sessionId, seat, revision);
    for (const sessionId of this.#own.keys())
      if (!seats.has(sessionId) || removals.has(sessionId)) this.#lose(sessionId, { seats, removals });
    this.#audiences.clear();
    this.#audiences.change(state.audience);
    this.recount();
    this.#messages.know(state.totals);
    this.#place(state);
    this.revision.reach(revision);
    this.settled();
  }

  changed(change: RoomChange, revision: number): void {
    this.room.moderation.changed(change);
    for (const [sessionId, seat] of change.seats ?? []) {
      if (seat) this.#take(sessionId, seat, revision);
      else if (this.#others.get(sessionId)) this.forget(sessionId);
      else if (this.#own.has(sessionId)) this.#lose(sessionId, change);
    }
    if (change.audience) this.#audiences.change(change.audience);
    this.recount();
    this.#messages.know(change.totals);
    if (change.generation !== undefined || change.node !== undefined)
      this.#place({ ...this.#placement, ...change } as RoomFields);
    this.revision.reach(revision);
    if (change.gates) this.#gate.changed();
    if (change.locked) this.#mayRejoin();
    this.settled();
  }

  appended(_sessionId: string | undefined, entry: RoomEntry): void {
    // After its last session has left, the messages belong to the next room of the same id.
    if (this.room.messages.channel === this.#messages) this.room.messages.receive(entry);
  }

  /** The process is one of those that share the room again. */
  resume(): void {
    this.#writer.lost();
    this.#writer.resume();
    this.#gate.resume();
  }

  recount(): void {
    this.room.members.setUnknown(this.#audiences.count);
  }

  close(closed: () => void): void {
    const close = () => {
      closed();
      this.#process.closed(this);
    };
    this.#writer.finish(() => this.#gate.settled(close));
  }

  /** Who writes is known to everybody from then on. */
  #seated(sessionId: string): MaybePromise<void> {
    if (this.#own.has(sessionId)) this.#known.add(sessionId);
    return this.#writer.seated(sessionId);
  }

  /** What comes for a session from the moment in which this process has it; undefined: nothing is expected any more. */
  expect(sessionId: string, arrival: ArrivalRecorder | undefined): void {
    if (arrival) this.#arrivals.set(sessionId, arrival);
    else this.#arrivals.delete(sessionId);
  }

  /** The seat that a session of this process has, or would have. */
  seatFor(sessionId: string): Seat | undefined {
    if (this.#own.has(sessionId)) this.#known.add(sessionId);
    return this.seatOf(sessionId);
  }

  /** A session is in the room. */
  #take(sessionId: string, seat: Seat, revision: number): void {
    const { processId, participant, userId, since = revision } = seat;
    const isOwn = processId === this.#process.processId;
    if (this.#own.has(sessionId) && isOwn) this.#writer.confirmed(sessionId, seat);
    else if (this.#own.has(sessionId)) this.#handOver(sessionId, seat);
    else if (participant) {
      const arrival = isOwn ? this.#arrivals.get(sessionId) : undefined;
      if (isOwn && !arrival) return;
      const isNew = !isOwn && !this.#others.get(sessionId);
      if (isNew && this.replacesDuplicates) this.viewers.claim(userId, since);
      const session = this.#others.show(participant, seat);
      if (arrival) session.emitter = arrival;
    }
  }

  /** Another process has a session of this one from now on. */
  #handOver(sessionId: string, seat: Seat): void {
    const member = this.#own.get(sessionId);
    if (!member || !seat.participant) return;
    this.#process.handedOver(sessionId, member, seat.processId ?? '');
    this.#own.delete(sessionId);
    this.viewers.delete(sessionId);
    this.#known.delete(sessionId);
    this.#writer.handedOver(sessionId);
    this.#others.handedOver(seat.participant, seat);
  }

  forget(sessionId: string): void {
    this.#others.forget(sessionId);
  }

  /** A session of this process has no seat any more: it was removed, or the process was taken for dead. */
  #lose(sessionId: string, { seats, removals }: RoomChange): void {
    const removal = removals?.get(sessionId);
    const reason = removal === REPLACED ? undefined : removal;
    if (removal === undefined && !this.#writer.hasSeat(sessionId)) return;
    const userId = this.#own.get(sessionId)?.userId;
    const isReplaced =
      removal === REPLACED ||
      [...(seats?.values() ?? [])].some(
        (seat) => seat?.replaces === sessionId || (this.replacesDuplicates && seat?.userId === userId),
      );
    if (reason === undefined && !isReplaced) {
      this.#writer.lost();
      return;
    }
    this.#writer.removed(sessionId);
    this.#process.removed(sessionId, reason);
  }

  /** Who locks a room knows only those who have seats. */
  #mayRejoin(): void {
    const sessions = [...this.#own.values()].map(({ session }) => session);
    const users = sessions.filter(({ isNamed }) => isNamed).map(({ userId }) => userId);
    disregard(this.log.commit((state) => proposeRegulars(state, users)));
  }

  #place({ node, generation }: RoomFields): void {
    const from = this.#placement;
    this.#placement = { node, generation };
    // With a single SFU no room names a node.
    if (generation !== from.generation && (from.node !== undefined || node === undefined))
      this.#process.placed(this.room, from);
  }
}
