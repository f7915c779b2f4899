import { randomUUID } from 'node:crypto';
import { CloseCode } from '../../protocol/close-code.js';
import type { RelayError } from '../../protocol/errors.js';

/** The close code of a connection without a close frame (RFC 6455 § 7.4.1). */
export const NO_CLOSE_FRAME = 1006;
/** The transport's close code for a frame that is too long. */
export const TOO_BIG = 1009;

/** Of a client: it has ended, or its page. */
const ENDS_SESSION: readonly number[] = [CloseCode.Normal, CloseCode.GoingAway];

/** Faults that end a connection, but no session whose client can resume it. */
const SURVIVED = new Set(['ERR_RELAY_SLOW_CONSUMER', 'ERR_RELAY_TOO_LARGE', 'ERR_RELAY_RESTART']);

/** Why a session may go on without the connection that its client has closed; undefined if it ends. */
export function lossByClient(code: number): string | undefined {
  return ENDS_SESSION.includes(code) ? undefined : `The connection has closed with ${code}.`;
}

/** Why a session may go on without the connection that the relay closes; undefined if it ends. */
export function lossByRelay(error: RelayError | undefined): string | undefined {
  return error && SURVIVED.has(error.code) ? error.message : undefined;
}

/** `randomUUID` returns a rope of twenty strings, half a KiB for as long as it is referenced; this flattens it. */
export function makeConnectionId(): string {
  return Buffer.from(randomUUID()).toString('latin1');
}
