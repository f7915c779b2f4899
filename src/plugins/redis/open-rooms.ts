import type { RoomSink } from '../../backplane/backplane.js';
import type { Outage } from '../../backplane/outage.js';
import { notOpen } from '../../backplane/refusals.js';
import type { Logger } from '../../util/logger.js';
import type { Commands } from './connection/commands.js';
import type { RedisKeys } from './connection/keys.js';
import type { Subscription } from './connection/subscription.js';
import { type Directory, inBatches, PROCESS_TTL_MS } from './directory.js';
import type { RedisMembership } from './membership.js';
import { ADD, REMOVE } from './process-scripts.js';
import type { Reservations } from './reservations.js';
import { RedisLog } from './room/redis-log.js';
import { type RoomOwner, SharedRoom } from './room/shared-room.js';

/** What the parts of a backplane share. */
export interface Parts {
  readonly commands: Commands;
  readonly keys: RedisKeys;
  readonly subscription: Subscription;
  readonly directory: Directory;
  readonly reservations: Reservations;
  readonly logger: Logger;
  readonly outage: Outage;
}

/** Beats in which every room was looked at once. */
const AUDIT_BEATS = 60;

/** The rooms that this process has open. */
export class OpenRooms implements RoomOwner {
  readonly commands: Commands;
  readonly logger: Logger;
  readonly #parts: Parts;
  readonly #members: () => { readonly newest: RedisMembership | undefined };
  readonly #rooms = new Map<string, SharedRoom>();
  readonly #opening = new Map<string, Promise<SharedRoom>>();
  readonly #closing = new Map<string, Promise<void>>();
  /** Rooms that are closed, which Redis has not been told. */
  readonly #untold = new Set<string>();
  #audit: SharedRoom[] = [];

  constructor(parts: Parts, members: () => { readonly newest: RedisMembership | undefined }) {
    this.commands = parts.commands;
    this.logger = parts.logger;
    this.#parts = parts;
    this.#members = members;
  }

  get membership(): RedisMembership {
    const { newest } = this.#members();
    if (!newest) throw notOpen();
    return newest;
  }

  get isFenced(): boolean {
    return this.membership.isLost;
  }

  get ids(): string[] {
    return [...this.#rooms.keys()];
  }

  index = (roomIds: readonly string[]): Promise<unknown> => {
    if (roomIds.length === 0) return Promise.resolve();
    return this.commands.run(ADD, [this.membership.keys.rooms], [String(PROCESS_TTL_MS), ...roomIds]);
  };

  async open(roomId: string, sink: RoomSink): Promise<RedisLog> {
    let room = this.#rooms.get(roomId);
    if (!room) {
      const opening = this.#opening.get(roomId) ?? this.#open(roomId);
      this.#opening.set(roomId, opening);
      room = await opening.finally(() => this.#opening.delete(roomId));
    }
    // Of two that have opened it, one may have closed it already.
    if (this.#rooms.get(roomId) !== room) return this.open(roomId, sink);
    return new RedisLog(room, sink, this);
  }

  closed({ room }: RedisLog): void {
    if (room.readers.size > 0 || this.#rooms.get(room.id) !== room) return;
    this.#rooms.delete(room.id);
    this.#parts.subscription.unsubscribe(this.#parts.keys.room(room.id).channel);
    this.#tellClosed(room.id, room.close());
  }

  /** The connection has been replaced: something may have been missed. */
  checkAll(): void {
    for (const room of this.#rooms.values()) room.check();
  }

  async reopenAll(): Promise<void> {
    await inBatches([...this.#rooms.values()], (room) => room.reopen());
  }

  /** Once a second. */
  beat(): void {
    for (const roomId of [...this.#untold]) if (!this.#closing.has(roomId)) this.#tellClosed(roomId);
    if (this.#audit.length === 0) this.#audit = [...this.#rooms.values()];
    const due = this.#audit.splice(0, Math.ceil(this.#rooms.size / AUDIT_BEATS));
    for (const room of this.#rooms.values()) if (room.isBehind || due.includes(room)) room.check();
  }

  async closeAll(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    for (const room of [...this.#rooms.values()])
      for (const log of [...room.readers]) (log as RedisLog).close();
    await Promise.all(this.#closing.values());
  }

  async #open(roomId: string): Promise<SharedRoom> {
    const { keys, subscription } = this.#parts;
    await this.#closing.get(roomId);
    this.#untold.delete(roomId);
    const room = new SharedRoom(roomId, keys.room(roomId), this);
    const { channel } = keys.room(roomId);
    await subscription.subscribe(channel, (text) => room.heard(text));
    try {
      const { membership } = this;
      if (membership.isLost) throw membership.lost.reason;
      await room.open();
    } catch (error) {
      subscription.unsubscribe(channel);
      // It may be open all the same.
      this.#untold.add(roomId);
      throw error;
    }
    this.#rooms.set(roomId, room);
    return room;
  }

  #tellClosed(roomId: string, before: Promise<void> = Promise.resolve()): void {
    this.#untold.add(roomId);
    const telling = before
      .then(() => this.#part(roomId))
      // The beat tries again.
      .catch(() => {})
      .finally(() => this.#closing.delete(roomId));
    this.#closing.set(roomId, telling);
  }

  async #part(roomId: string): Promise<void> {
    const { processId, fenceText, keys } = this.membership;
    await this.#parts.directory.part(processId, fenceText, roomId, false);
    await this.commands.run(REMOVE, [keys.rooms], [roomId]);
    this.#untold.delete(roomId);
  }
}
