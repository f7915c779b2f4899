import type { MessageDeletion, RoomMessage } from '../../protocol/types.js';
import { encodeNotification } from './json-rpc.js';

/** What goes to many clients: written once. */
export interface Encoded {
  readonly text: string;
  readonly bytes: number;
}

let newest: RoomMessage | MessageDeletion | undefined;
let encoded: Encoded = { text: '', bytes: 0 };

/** A room tells all its clients one after the other, so that the newest is the only one to be remembered. */
export function encodeMessage(message: RoomMessage | MessageDeletion): Encoded {
  if (message === newest) return encoded;
  const text = encodeNotification('message', message);
  newest = message;
  encoded = { text, bytes: Buffer.byteLength(text) };
  return encoded;
}
