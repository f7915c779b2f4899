import type { MessageDeletion, RoomMessage } from '../protocol/types.js';

/** How many of a kind have come, since it was last said. */
interface Count {
  readonly kind: string;
  readonly count: number;
}

/** What a room's processes have to tell one another: a message, the deletion of one, or a count. */
export type RoomTraffic =
  | { readonly message: RoomMessage }
  | { readonly deletion: MessageDeletion }
  | { readonly count: Count };

/**
 * Carries a room's traffic to every process that serves the room, this one included, in one order for each sender.
 * A room of one process needs none: what is published is delivered.
 */
export interface MessageHub {
  open(roomId: string, deliver: (traffic: RoomTraffic) => void): RoomChannel;
}

export interface RoomChannel {
  publish(traffic: RoomTraffic): void;
  close(): void;
}

/** Of this process alone. */
export const localHub: MessageHub = {
  open: (_, deliver) => ({ publish: deliver, close: () => {} }),
};
