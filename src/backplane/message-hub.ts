import type { MessageDeletion, RoomMessage } from '../protocol/types.js';

/** The number of messages of a kind since the last count. */
interface Count {
  readonly kind: string;
  readonly count: number;
}

/** Traffic between the processes of a room: a message, a deletion, or a count. */
export type RoomTraffic =
  | { readonly message: RoomMessage }
  | { readonly deletion: MessageDeletion }
  | { readonly count: Count };

/**
 * Carries a room's traffic to every process that serves the room, this one included, in order for each sender. In a single
 * process, published traffic is delivered directly.
 */
export interface MessageHub {
  open(roomId: string, deliver: (traffic: RoomTraffic) => void): RoomChannel;
}

export interface RoomChannel {
  publish(traffic: RoomTraffic): void;
  close(): void;
}

/** For a single process. */
export const localHub: MessageHub = {
  open: (_, deliver) => ({ publish: deliver, close: () => {} }),
};
