import type { Principal } from '../access/authentication.js';
import { RelayError } from '../protocol/errors.js';
import { requireId } from '../protocol/ids.js';
import type { Metadata, Role } from '../protocol/types.js';
import { checkOptions, type Keys } from '../util/check-options.js';

/**
 * The parameters of a new session.
 * @category Session
 */
export interface CreateSessionParams<P extends Principal = Principal> {
  /** The publisher connection's offer. A viewer offers a section that sends nothing: `recvonly` audio. */
  sdp: string;
  roomId: string;
  userId: string;
  /** @default a random UUID */
  sessionId?: string;
  /** @default publisher, where the grants allow it */
  role?: Role;
  /** Receive every track of the room without asking. @default true */
  autoSubscribe?: boolean;
  /** Metadata of the participant for the room. */
  metadata?: Metadata;
  /** The owner of the session; its grants are enforced. @default none: everything is allowed */
  principal?: P;
}

const KEYS: Keys<CreateSessionParams> = {
  sdp: true,
  roomId: true,
  userId: true,
  sessionId: true,
  role: true,
  autoSubscribe: true,
  metadata: true,
  principal: true,
};

const SUBJECT = {
  name: 'createSession()',
  example: 'relay.createSession({ roomId, userId, sdp: offer.sdp })',
  code: 'ERR_RELAY_INVALID_PARAMS',
} as const;

/**
 * Checks what the application has passed to `createSession()`. Parameters of clients are checked where they are read.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_SDP`
 */
export function checkSessionParams(params: unknown): void {
  checkOptions(SUBJECT, params, KEYS);
  const { sdp, roomId, userId } = params as Record<keyof CreateSessionParams, unknown>;
  requireId(roomId, 'roomId', 'write roomId: "lobby"');
  requireId(userId, 'userId', 'write userId: "789"');
  if (typeof sdp === 'object' && sdp !== null && 'sdp' in sdp)
    throw invalidSdp('"sdp" must be the text of the offer, not the description: write sdp: offer.sdp.');
  if (typeof sdp !== 'string')
    throw invalidSdp('"sdp" is missing: write sdp: offer.sdp, of the offer that the client has made.');
}

function invalidSdp(message: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_SDP', message);
}
