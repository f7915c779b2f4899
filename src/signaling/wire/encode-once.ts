import type { RelayNotifications } from '../../protocol/messages.js';
import { encodeNotification } from './json-rpc.js';

/** The JSON of a notification that many clients receive. */
export interface EncodedNotification {
  readonly text: string;
  readonly bytes: number;
}

let newest: object | undefined;
let encoded: EncodedNotification = { text: '', bytes: 0 };

/** Caches the newest notification only: a room notifies many clients of one thing before the next. */
export function encodeOnce<Method extends keyof RelayNotifications>(
  method: Method,
  params: RelayNotifications[Method],
): EncodedNotification {
  if (params === newest) return encoded;
  const text = encodeNotification(method, params);
  newest = params;
  encoded = { text, bytes: Buffer.byteLength(text) };
  return encoded;
}
