import { RelayError } from '../../protocol/errors.js';
import { encodeNotification } from '../wire/json-rpc.js';

/** ms over which clients whose sessions have ended connect again. */
const SPREAD_MS = 2_000;

/** Tells a client that its session ends with the connection, and when to connect again. */
export function encodeGoaway(): string {
  const reconnectAfterMs = Math.round(Math.random() * SPREAD_MS);
  return encodeNotification('goaway', { reason: 'The relay is closing.', reconnectAfterMs });
}

/** The session of the client goes on in another process. */
export function restarting(): RelayError {
  return new RelayError('ERR_RELAY_RESTART', 'This process is about to end: resume on another connection.');
}
