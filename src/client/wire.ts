import type {
  GoawayParams,
  JoinResult,
  Participant,
  ParticipantsEvent,
  SessionDescription,
  Track,
  TracksEvent,
  TrickleParams,
} from '../signal/protocol.js';

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

export function isDescription(value: unknown, type: SessionDescription['type']): value is SessionDescription {
  return isRecord(value) && value.type === type && typeof value.sdp === 'string';
}

export function isTrickle(value: unknown): value is TrickleParams {
  return (
    isRecord(value) &&
    (value.target === 0 || value.target === 1) &&
    isRecord(value.candidate) &&
    typeof value.candidate.candidate === 'string'
  );
}

export function isJoinResult(value: unknown): value is JoinResult {
  return (
    isDescription(value, 'answer') &&
    'sessionId' in value &&
    typeof value.sessionId === 'string' &&
    'revision' in value &&
    typeof value.revision === 'number' &&
    'participants' in value &&
    isListOf(value.participants, isParticipant)
  );
}

export function isParticipantsEvent(value: unknown): value is ParticipantsEvent {
  return (
    isRecord(value) &&
    typeof value.revision === 'number' &&
    ['joined', 'updated', 'left'].includes(value.state as string) &&
    isParticipant(value.participant)
  );
}

export function isTracksEvent(value: unknown): value is TracksEvent {
  return (
    isRecord(value) &&
    typeof value.revision === 'number' &&
    ['added', 'updated', 'removed'].includes(value.state as string) &&
    typeof value.sessionId === 'string' &&
    typeof value.userId === 'string' &&
    isListOf(value.tracks, isTrack)
  );
}

export function isGoaway(value: unknown): value is GoawayParams {
  return isRecord(value) && typeof value.reason === 'string' && typeof value.reconnectAfterMs === 'number';
}

export function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem);
}

export const isString = (value: unknown): value is string => typeof value === 'string';

function isParticipant(value: unknown): value is Participant {
  return (
    isRecord(value) &&
    typeof value.sessionId === 'string' &&
    typeof value.userId === 'string' &&
    isListOf(value.tracks, isTrack)
  );
}

function isTrack(value: unknown): value is Track {
  return isRecord(value) && typeof value.trackId === 'string' && typeof value.streamId === 'string';
}
