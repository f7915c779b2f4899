import type { MaybePromise, MessageKey, RoomEntry } from '../backplane/backplane.js';
import type { MessageReceipt } from '../protocol/types.js';

/** Carries a room's messages to all processes that share it, this one included, in one order for all. */
export interface RoomChannel {
  /**
   * @param sessionId of the sender; undefined: the server
   * @throws RelayError the sender is not in the room any more, or the others can't be reached; at once or by the promise
   */
  publish(sessionId: string | undefined, entry: RoomEntry): MaybePromise<void>;
  /** Whether others can see the user, whom this process does not know. @throws RelayError the others can't be asked */
  isPresent(userId: string): MaybePromise<boolean>;
  /** Processes a message of this key, unless another process has done so: returns the receipt then. */
  once(key: MessageKey, act: () => MessageReceipt | Promise<MessageReceipt>): Promise<MessageReceipt>;
}
