import { setTimeout as sleep } from 'node:timers/promises';
import type { RoomMessage } from '../../protocol/types.js';
import type { Room } from '../../room/room.js';
import type { Rooms } from '../../room/rooms.js';
import type { Answers } from './process-calls.js';

/** ms within which the other processes have to answer. */
const ANSWER_MS = 2_000;

/** Gets the messages that were sent to a room before this process had it from the others that have it. */
export class RoomRecall {
  readonly #rooms: Pick<Rooms, 'all' | 'messagesOf'>;
  readonly #askAll: (params: object) => Promise<PromiseSettledResult<unknown>[]>;
  /** Settle when the rooms have their earlier messages. */
  readonly #recalled = new Map<Room, Promise<void>>();

  constructor(
    rooms: Pick<Rooms, 'all' | 'messagesOf'>,
    askAll: (params: object) => Promise<PromiseSettledResult<unknown>[]>,
  ) {
    this.#rooms = rooms;
    this.#askAll = askAll;
  }

  readonly answers: Answers = {
    /** After what this process has sent itself. */
    messages: async ({ roomId }) => {
      await this.#rooms.all.get(String(roomId))?.log.commit(() => ({}));
      return this.#rooms.messagesOf(String(roomId))?.recent;
    },
    /** The room has ended. Where it is open, its log says so. */
    forget: ({ roomId }) => {
      if (!this.#rooms.all.has(String(roomId))) this.#rooms.messagesOf(String(roomId))?.forget();
    },
  };

  recalled(room: Room): Promise<void> {
    const recalled = this.#recalled.get(room) ?? this.#recall(room);
    this.#recalled.set(room, recalled);
    return recalled;
  }

  forget(room: Room): void {
    this.#recalled.delete(room);
  }

  async #recall(room: Room): Promise<void> {
    await room.opened;
    const asked = this.#askAll({ roomId: room.id });
    const answers = await Promise.race([asked, sleep(ANSWER_MS, [], { ref: false })]);
    const lists = answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const messages = lists.filter(Array.isArray).sort((one, other) => other.length - one.length);
    if (messages.length > 0) room.messages.recall(messages.flat() as RoomMessage[]);
  }
}
