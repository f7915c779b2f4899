import type { BanStore } from '../backplane/ban-store.js';
import type { MessageArchive } from '../messages/archive.js';
import { Room } from './room.js';

/** The rooms of a relay. A room exists as long as it has sessions. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #messages: MessageArchive;
  readonly #bans: BanStore;

  constructor(messages: MessageArchive, bans: BanStore) {
    this.#messages = messages;
    this.#bans = bans;
  }

  /** By id. */
  get all(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** Counts one more session in the room; makes the room for the first one. */
  enter(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (!room) {
      room = new Room(roomId, this.#messages.open(roomId), this.#bans);
      this.#rooms.set(roomId, room);
    }
    room.sessionCount += 1;
    return room;
  }

  leave(room: Room): void {
    room.sessionCount -= 1;
    if (room.sessionCount > 0) return;
    this.#rooms.delete(room.id);
    if (room.moderation.hasEnded) room.messages.close();
    else this.#messages.keep(room.id, room.messages);
  }

  close(): void {
    this.#messages.close();
  }
}
