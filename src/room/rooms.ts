import type { Backplane } from '../backplane/backplane.js';
import type { BanStore } from '../backplane/ban-store.js';
import type { MessageArchive } from '../messages/archive.js';
import type { RoomMessages } from '../messages/room-messages.js';
import { noop } from '../util/noop.js';
import { Occupancy } from './occupancy.js';
import type { ParticipantPolicy } from './participants/participant-notifier.js';
import { Room, type RoomShare } from './room.js';

/** The rooms of a relay. A room exists as long as it has sessions. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #messages: MessageArchive;
  readonly #bans: BanStore;
  readonly #participants: ParticipantPolicy;
  readonly #backplane: Backplane;
  readonly #share: ((room: Room) => RoomShare) | undefined;
  /** The number of rooms with sessions that are not closing; the rooms maintain it. */
  occupiedRooms = 0;

  /** `share` shares a room with other processes; undefined where there are none. */
  constructor(
    messages: MessageArchive,
    bans: BanStore,
    participants: ParticipantPolicy,
    backplane: Backplane,
    share?: (room: Room) => RoomShare,
  ) {
    this.#backplane = backplane;
    this.#share = share;
    this.#messages = messages;
    this.#bans = bans;
    this.#participants = participants;
  }

  /** By id. */
  get all(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** What is known of a room's messages, also for a while after it was left. */
  messagesOf(roomId: string): RoomMessages | undefined {
    return this.#rooms.get(roomId)?.messages ?? this.#messages.find(roomId);
  }

  /** Counts one more session in the room; makes the room for the first one. `leave` uncounts it. */
  enter(roomId: string, hidden: boolean): Room {
    let room = this.#rooms.get(roomId);
    if (!room) {
      const messages = this.#messages.open(roomId);
      const occupancy = new Occupancy(this);
      const how = [this.#bans, this.#participants, occupancy, this.#backplane, this.#share] as const;
      room = new Room(roomId, messages, ...how);
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
    room.close();
  }

  /** All participants are about to leave: they are not told of each other any more. */
  silence(): void {
    for (const room of this.#rooms.values()) room.members.silence();
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#messages.close();
    await this.#backplane.close().catch(noop);
  }
}
