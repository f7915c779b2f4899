import type { BanStore } from '../backplane/ban-store.js';
import type { MemoryBackplane } from '../backplane/memory/memory-backplane.js';
import type { MessageArchive } from '../messages/archive.js';
import { Occupancy } from './occupancy.js';
import type { ParticipantPolicy } from './participants/participant-notifier.js';
import { Room } from './room.js';

/** The rooms of a relay. A room exists as long as it has sessions. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #messages: MessageArchive;
  readonly #bans: BanStore;
  readonly #participants: ParticipantPolicy;
  readonly #backplane: MemoryBackplane;
  /** The number of rooms with sessions that are not closing; the rooms maintain it. */
  occupiedRooms = 0;

  constructor(
    messages: MessageArchive,
    bans: BanStore,
    participants: ParticipantPolicy,
    backplane: MemoryBackplane,
  ) {
    this.#backplane = backplane;
    this.#messages = messages;
    this.#bans = bans;
    this.#participants = participants;
  }

  /** By id. */
  get all(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** Counts one more session in the room; makes the room for the first one. `leave` uncounts it. */
  enter(roomId: string, hidden: boolean): Room {
    let room = this.#rooms.get(roomId);
    if (!room) {
      const messages = this.#messages.open(roomId);
      const occupancy = new Occupancy(this);
      room = new Room(roomId, messages, this.#bans, this.#participants, occupancy, this.#backplane);
      this.#rooms.set(roomId, room);
    }
    room.sessionCount += 1;
    room.occupancy.add(hidden);
    return room;
  }

  leave(room: Room): void {
    room.sessionCount -= 1;
    if (room.sessionCount > 0) return;
    this.#rooms.delete(room.id);
    if (room.moderation.hasEnded) room.messages.close();
    else this.#messages.keep(room.id, room.messages);
    room.log.close();
  }

  /** All participants are about to leave: they are not told of each other any more. */
  silence(): void {
    for (const room of this.#rooms.values()) room.members.silence();
  }

  close(): void {
    this.#messages.close();
    void this.#backplane.close();
  }
}
