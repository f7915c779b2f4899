import type { MessageDeletion, RoomMessage } from '../../protocol/types.js';
import { encodeNotification } from './json-rpc.js';

/** The JSON of a message that many clients receive. */
export interface EncodedMessage {
  readonly text: string;
  readonly bytes: number;
}

let newest: RoomMessage | MessageDeletion | undefined;
let encoded: EncodedMessage = { text: '', bytes: 0 };

/** Caches the newest message only: a room delivers one message to all its clients before the next. */
export function encodeMessage(message: RoomMessage | MessageDeletion): EncodedMessage {
  if (message === newest) return encoded;
  const text = encodeNotification('message', message);
  newest = message;
  encoded = { text, bytes: Buffer.byteLength(text) };
  return encoded;
}
