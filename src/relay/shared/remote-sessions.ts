import type { Seat } from '../../backplane/backplane.js';
import type { Participant } from '../../protocol/types.js';
import type { Room } from '../../room/room.js';
import { RemoteSession } from './remote-session.js';

const NOTHING_CUT: ReadonlySet<string> = new Set();
/** ms in which every process writes its seats again, where the shared state was lost. */
const REWRITTEN_MS = 2_000;
/** ms between two looks at whether they are written. */
const LOOK_MS = 200;

/** The sessions of other processes in one room. */
export class RemoteSessions {
  readonly #room: Room;
  readonly #sessions = new Map<string, RemoteSession>();
  /** The ids of sessions of dead processes that sessions of this one have replaced. */
  readonly #replaced = new Set<string>();

  constructor(room: Room) {
    this.#room = room;
  }

  get(sessionId: string): RemoteSession | undefined {
    return this.#sessions.get(sessionId);
  }

  ofUser(userId: string): RemoteSession[] {
    return [...this.#sessions.values()].filter((each) => each.userId === userId);
  }

  /** A session has a seat. */
  show(participant: Participant, seat: Seat): RemoteSession {
    const { members } = this.#room;
    const { moderates, processId = '' } = seat;
    const renamed = new Map(Object.entries(seat.renamed ?? {}));
    const { sessionId, tracks, metadata, connection, role } = participant;
    const known = this.#sessions.get(sessionId);
    const session = known ?? new RemoteSession(participant, seat);
    session.processId = processId;
    if (!known) {
      this.#sessions.set(sessionId, session);
      members.add(session, { tracks, cut: NOTHING_CUT }, metadata);
    } else {
      if (session.permit(role, moderates)) members.permissionsChanged(session);
      members.setTracks(session, { tracks, cut: NOTHING_CUT, renamed });
      const isNew = session.describe(participant);
      members.update(session, { tracks: flagsOf(participant), ...(isNew && metadata && { metadata }) });
    }
    if (connection) members.setConnection(session, connection);
    return session;
  }

  /** A session of this process has got another one. Nobody is told. */
  handedOver(participant: Participant, seat: Seat): void {
    const session = new RemoteSession(participant, seat);
    this.#sessions.set(session.id, session);
    this.#room.members.adopt(session, { tracks: participant.tracks, cut: NOTHING_CUT });
  }

  /** This process has the session. */
  arrived(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }

  /** The session has ended. */
  forget(sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    if (!session) return;
    this.#room.directory?.left(sessionId, session.processId);
    this.#room.members.remove(session);
  }

  /** A session of a dead process makes way for one of this process, which is just coming in. */
  replaced(sessionId: string): void {
    if (this.#sessions.has(sessionId)) this.#replaced.add(sessionId);
  }

  /** All changes of one cause are complete. */
  settle(): void {
    for (const sessionId of this.#replaced) {
      this.#replaced.delete(sessionId);
      this.forget(sessionId);
    }
  }

  /**
   * Nobody is to hear of a leave because Redis has come back empty: sessions without a seat have a moment to get another one, until
   * their process has written its seats.
   */
  forgetLater(hasSeat: (sessionId: string) => boolean): void {
    const lost = [...this.#sessions.values()].filter(({ id }) => !hasSeat(id));
    this.#lookLater(lost, performance.now() + REWRITTEN_MS);
  }

  #lookLater(lost: readonly RemoteSession[], deadline: number): void {
    if (lost.length === 0) return;
    setTimeout(() => {
      const { seats = new Map<string, Seat>() } = this.#room.log.state;
      // A process writes all of its seats in a room by one commit.
      const written = new Set([...seats.values()].map(({ processId }) => processId));
      const isLate = performance.now() >= deadline;
      const without = lost.filter((each) => this.#sessions.get(each.id) === each && !seats.has(each.id));
      const isGone = ({ processId }: RemoteSession) => isLate || written.has(processId);
      for (const { id } of without.filter(isGone)) this.forget(id);
      this.#lookLater(
        without.filter((each) => !isGone(each)),
        deadline,
      );
    }, LOOK_MS).unref();
  }
}

function flagsOf({ tracks }: Participant): { trackId: string; muted: boolean }[] {
  return tracks.map(({ trackId, muted }) => ({ trackId, muted }));
}
