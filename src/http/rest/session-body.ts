import { randomUUID } from 'node:crypto';
import { invalidParams } from '../../protocol/errors.js';
import { checkId, requireId } from '../../protocol/ids.js';
import type { Capability } from '../../protocol/messages.js';
import type { Metadata } from '../../protocol/types.js';
import type { CreateSessionParams } from '../../relay/session-params.js';
import { readCapabilities } from '../../signaling/rpc/peer-replacement.js';
import { type Replaces, readReplaces } from '../../signaling/rpc/takeover-request.js';
import { isRecord } from '../../util/is-record.js';

const NAMES = { id: 'session_id', token: 'session_token' };

/** Reads the body of `POST /session`; `relay.join` checks the rest. */
export function readSessionBody(
  body: unknown,
  knownUserId: string | undefined,
): {
  params: CreateSessionParams;
  userId: string | number;
  replaces: Replaces | undefined;
  capabilities: readonly Capability[];
} {
  if (!isRecord(body)) throw invalidParams('The body must be a JSON object.');
  const { session_id, room_id, user_id, role, sdp, metadata, auto_subscribe = true, replaces } = body;
  const given = readUserId(user_id);
  const userId = knownUserId ?? String(given ?? `guest-${randomUUID().slice(0, 8)}`);
  if (typeof auto_subscribe !== 'boolean') throw invalidParams('"auto_subscribe" must be true or false.');
  if (typeof sdp !== 'string' || sdp === '')
    throw invalidParams('"sdp" is missing: send the offer of a peer connection.');
  const params: CreateSessionParams = {
    sdp,
    roomId: requireId(room_id, 'room_id', 'the room to join'),
    userId,
    autoSubscribe: auto_subscribe,
    ...(session_id !== undefined && { sessionId: checkId(session_id, 'session_id') }),
    ...(role !== undefined && { role: role as 'publisher' }),
    ...(metadata !== undefined && { metadata: metadata as Metadata }),
  };
  return {
    params,
    userId: given !== undefined && String(given) === userId ? given : userId,
    replaces: readReplaces(replaces, NAMES),
    capabilities: readCapabilities(body),
  };
}

function readUserId(value: unknown): string | number | undefined {
  if (value === undefined || typeof value === 'string' || Number.isSafeInteger(value))
    return value as string | number | undefined;
  const beyond = typeof value === 'number' && Number.isInteger(value);
  const advice = beyond
    ? 'a number beyond 2^53 loses digits in JSON: send it as a string'
    : 'send a string or a whole number';
  throw invalidParams(`"user_id" can't be used: ${advice}.`);
}
