import type {
  ExpiringParams,
  GoawayParams,
  GrantsParams,
  JoinResult,
  MessageDeletion,
  MuteParams,
  Participant,
  ParticipantsEvent,
  RejoinNotice,
  RoomMessage,
  RoomParams,
  SessionDescription,
  Track,
  TracksEvent,
  TrickleParams,
} from '../protocol/messages.js';

/** What the relay sends is not trusted to be well formed: as much is checked as this library relies on. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined where it is not JSON. */
export function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

/** Whether each of `names` is a member of this type. */
function has(
  value: unknown,
  type: 'string' | 'number' | 'boolean',
  ...names: string[]
): value is Record<string, unknown> {
  return isRecord(value) && names.every((name) => typeof value[name] === type);
}

export function isDescription(value: unknown, type: SessionDescription['type']): value is SessionDescription {
  return has(value, 'string', 'sdp') && value.type === type;
}

export function isTrickle(value: unknown): value is TrickleParams {
  return (
    has(value, 'number', 'target') &&
    [0, 1].includes(value.target as number) &&
    has(value.candidate, 'string', 'candidate')
  );
}

export function isJoinResult(value: unknown): value is JoinResult {
  return (
    isDescription(value, 'answer') &&
    has(value, 'string', 'sessionId', 'roomId', 'userId') &&
    has(value, 'number', 'revision') &&
    isListOf(value.participants, isParticipant)
  );
}

export function isParticipantsEvent(value: unknown): value is ParticipantsEvent {
  return (
    has(value, 'number', 'revision') &&
    ['joined', 'updated', 'left'].includes(value.state as string) &&
    isParticipant(value.participant)
  );
}

export function isTracksEvent(value: unknown): value is TracksEvent {
  return (
    has(value, 'number', 'revision') &&
    ['added', 'updated', 'removed'].includes(value.state as string) &&
    isParticipant(value)
  );
}

export function isGrants(value: unknown): value is GrantsParams {
  return has(value, 'string', 'role') && isRecord(value.grants);
}

export function isMute(value: unknown): value is MuteParams {
  return has(value, 'string', 'trackId') && has(value, 'boolean', 'muted');
}

export function isRoom(value: unknown): value is RoomParams {
  return has(value, 'boolean', 'locked');
}

export function isExpiring(value: unknown): value is ExpiringParams {
  return has(value, 'number', 'expiresInMs');
}

export function isRejoin(value: unknown): value is RejoinNotice {
  return has(value, 'number', 'peer', 'afterMs');
}

export function isGoaway(value: unknown): value is GoawayParams {
  return has(value, 'string', 'reason') && has(value, 'number', 'reconnectAfterMs');
}

export function isMessage(value: unknown): value is RoomMessage {
  return has(value, 'string', 'id', 'kind') && has(value, 'number', 'at');
}

export function isDeletion(value: unknown): value is MessageDeletion {
  return has(value, 'string', 'deleted');
}

export function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem);
}

export const isString = (value: unknown): value is string => typeof value === 'string';

/** A tracks event has these members, too. */
function isParticipant(value: unknown): value is Pick<Participant, 'sessionId' | 'userId' | 'tracks'> {
  return has(value, 'string', 'sessionId', 'userId') && isListOf(value.tracks, isTrack);
}

function isTrack(value: unknown): value is Track {
  return has(value, 'string', 'trackId', 'streamId');
}
