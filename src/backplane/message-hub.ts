import type { RoomEntry } from './backplane.js';

/**
 * Carries a room's messages to every process that serves the room, this one included, in order for each sender. In a single
 * process, published entries are delivered directly. Messages outlive the room and its log for a while.
 */
export interface MessageHub {
  open(roomId: string, deliver: (entry: RoomEntry) => void): RoomChannel;
}

export interface RoomChannel {
  publish(entry: RoomEntry): void;
  close(): void;
}

/** For a single process. */
export const localHub: MessageHub = {
  open: (_, deliver) => ({ publish: deliver, close: () => {} }),
};
