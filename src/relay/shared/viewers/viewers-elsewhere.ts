import type { ParticipantQuery } from '../../../protocol/room-events.js';
import type { PagesElsewhere } from '../../../room/participants/pages-elsewhere.js';
import { findPage, readQuery } from '../../../room/participants/participant-page.js';
import type { RoomMember } from '../../../room/participants/room-member.js';
import type { Room } from '../../../room/room.js';
import type { Answers, ProcessCalls } from '../process-calls.js';
import type { Audiences } from './audiences.js';
import type { CountedViewers } from './counted-viewers.js';

/** What this process has of a room. */
interface RoomViewers {
  readonly room: Room;
  readonly viewers: CountedViewers;
  /** Its counted viewers, in the order in which they came. */
  readonly countedMembers: readonly RoomMember[];
}

/** The viewers that are only counted: the processes of a room tell each other of them where they are asked. */
export class ViewersElsewhere {
  readonly #calls: () => ProcessCalls;
  readonly #ofRoom: (roomId: string) => RoomViewers | undefined;

  constructor(calls: () => ProcessCalls, ofRoom: (roomId: string) => RoomViewers | undefined) {
    this.#calls = calls;
    this.#ofRoom = ofRoom;
  }

  /** What the other processes may ask for. */
  readonly answers: Answers = {
    arrived: ({ roomId, userIds, revision }) =>
      this.#ofRoom(String(roomId))?.viewers.claimAll(userIds as string[], Number(revision)),
    hasUser: ({ roomId, userId }) =>
      this.#ofRoom(String(roomId))?.room.members.isPresent(String(userId)) === true,
    countViewers: ({ roomId, userId }) =>
      this.#ofRoom(String(roomId))?.countedMembers.filter((each) => each.userId === userId).length,
    viewers: ({ roomId, query, maxBytes }) => {
      const members = this.#ofRoom(String(roomId))?.countedMembers ?? [];
      return findPage(members, readQuery(query as ParticipantQuery), undefined, Number(maxBytes)).page;
    },
  };

  /** Users have come as viewers: their earlier sessions in other processes end. */
  arrived(roomId: string, userIds: readonly string[], revision: number): void {
    void this.#calls().askAll('arrived', { roomId, userIds, revision });
  }

  /** Whether another process has a session of the user in the room. @throws RelayError */
  hasUser(roomId: string, userId: string): Promise<boolean> {
    return this.#calls().anywhere('hasUser', { roomId, userId });
  }

  /** The number of the user's sessions that other processes only count. */
  async countOf(roomId: string, userId: string): Promise<number> {
    const answers = await this.#calls().askAll('countViewers', { roomId, userId });
    const counts = answers.map((each) => (each.status === 'fulfilled' ? Number(each.value ?? 0) : 0));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  pagesOf(roomId: string, audiences: Audiences): PagesElsewhere {
    return {
      next: (processId) => audiences.next(processId),
      page: async (processId, query, maxBytes) => {
        const page = await this.#calls().ask(processId, 'viewers', { roomId, query, maxBytes });
        return page as Awaited<ReturnType<PagesElsewhere['page']>>;
      },
    };
  }
}
